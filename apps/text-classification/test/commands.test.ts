/** The commands when all is well: what they print, what they save, and that a saved model says the same again. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { run, smallTable, temporaryFolder } from './program.ts'

const folder = temporaryFolder({
  'train.tsv': smallTable(120),
  'test.tsv': 'label\ttext\ngood\ta lovely and fine thing\nbad\tan awful and poor thing\n',
  'test.csv': 'text,label\n"a lovely, fine thing",good\n',
  'lines.txt': 'a fine thing\r\nan awful thing',
})
const at = (name: string): string => join(folder, name)
const model = at('model')
const settings = ['--units', '8', '--embedding', '8', '--epochs', '6', '--learning-rate', '0.02']

/** The JSON lines of a run that must succeed. */
async function jsonLines(args: readonly string[], stdin?: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await run([...args, '--json'], stdin === undefined ? {} : { stdin })
  if (code !== 0) throw new Error(stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const train = (out: string): string[] => [
  'train',
  '--data',
  at('train.tsv'),
  '--test',
  at('test.tsv'),
  ...settings,
  '--out',
  out,
]

let lines: Record<string, unknown>[] = []
beforeAll(async () => {
  lines = await jsonLines(train(model))
})

describe('train', () => {
  test('writes a JSON line an epoch and ends with one about the whole', () => {
    expect(lines.slice(0, -1).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6])
    expect(lines.at(-1)).toMatchObject({
      testAccuracy: 1,
      baselineAccuracy: 1,
      validationAccuracy: null,
      trainSeconds: expect.any(Number),
      backend: 'wasm',
      cell: 'lstm',
      seed: 0,
      epochs: 6,
      labels: ['bad', 'good'],
      trainTexts: 120,
      testTexts: 2,
    })
  })

  test('saves the model with its words, labels, history and metrics', () => {
    expect(readdirSync(model).toSorted()).toEqual([
      'classifier.json',
      'config.json',
      'history.csv',
      'history.json',
      'labels.json',
      'metrics.json',
      'vocabulary.json',
      'weights.safetensors',
    ])
    expect(readFileSync(join(model, 'history.csv'), 'utf8')).toMatch(/^epoch,loss,accuracy,learningRate,seconds\r\n1,/)
    expect(JSON.parse(readFileSync(join(model, 'metrics.json'), 'utf8'))).toEqual(lines.at(-1))
  })

  test('repeats itself to the last bit', async () => {
    const again = at('again')
    await jsonLines(train(again))
    const weights = (out: string): Buffer => readFileSync(join(out, 'weights.safetensors'))
    expect(weights(again).equals(weights(model))).toBe(true)
  })

  test('holds a part of the data out where there is no test file, and shows tables', async () => {
    const { code, stdout, stderr } = await run(['train', '--data', at('train.tsv'), ...settings, '--out', at('held')])
    expect(code).toBe(0)
    expect(stdout).toMatch(/validation accuracy/)
    expect(stdout).toMatch(/bag of words +100\.0 %/)
    expect(stdout).toContain(`saved in ${at('held')}`)
    expect(stderr).toMatch(/^108 texts of .*train\.tsv: 2 labels, /)
    expect(stderr).toMatch(/epoch 6 of 6: loss .*, validation accuracy 100\.0 %/)
  })

  test.each(['gru', 'simple'])('trains with the cell %s', async (cell) => {
    const [last] = (await jsonLines([...train(at(cell)), '--cell', cell, '--no-baseline'])).slice(-1)
    expect(last).toMatchObject({ cell, testAccuracy: 1, baselineAccuracy: null })
  })
})

describe('evaluate', () => {
  test('measures on TSV and on CSV, whatever the order of the columns', async () => {
    const [tsv] = await jsonLines(['evaluate', '--model', model, '--data', at('test.tsv')])
    expect(tsv).toMatchObject({
      accuracy: 1,
      texts: 2,
      confusion: {
        counts: [
          [1, 0],
          [0, 1],
        ],
      },
    })
    const [csv] = await jsonLines(['evaluate', '--model', model, '--data', at('test.csv')])
    expect(csv).toMatchObject({ accuracy: 1, texts: 1 })
  })

  test('shows labels and what was taken for what', async () => {
    const { stdout } = await run(['evaluate', '--model', model, '--data', at('test.tsv')])
    expect(stdout).toMatch(/accuracy 100\.0 % on 2 texts/)
    expect(stdout).toMatch(/good +100\.0 % +100\.0 % +100\.0 % +1/)
  })
})

describe('predict', () => {
  const expected = [
    { text: 'a fine thing', label: 'good', probability: expect.any(Number) },
    { text: 'an awful thing', label: 'bad', probability: expect.any(Number) },
  ]

  test('takes texts as arguments, from a file and from standard input, and says the same', async () => {
    const fromArguments = await jsonLines(['predict', '--model', model, 'a fine thing', 'an awful thing'])
    expect(fromArguments).toMatchObject(expected)
    expect(await jsonLines(['predict', '--model', model, '--file', at('lines.txt')])).toEqual(fromArguments)
    expect(await jsonLines(['predict', '--model', model], 'a fine thing\nan awful thing\n')).toEqual(fromArguments)
  })

  test('gives every label its probability, which add up to one', async () => {
    const [line = {}] = await jsonLines(['predict', '--model', model, 'a fine thing'])
    const { good = 0, bad = 0 } = line['probabilities'] as Record<string, number>
    expect(good).toBeGreaterThan(bad)
    expect(good + bad).toBeCloseTo(1, 6)
  })
})

describe('inspect', () => {
  test('finds the word that decided, and says which words it does not know', async () => {
    const [line] = await jsonLines(['inspect', '--model', model, 'a fine zeppelin'])
    expect(line).toMatchObject({ label: 'good', against: 'bad' })
    const words = line?.['words'] as { word: string; score: number; known: boolean }[]
    expect(words.map(({ word, known }) => [word, known])).toEqual([
      ['a', true],
      ['fine', true],
      ['zeppelin', false],
    ])
    const strongest = words.toSorted((a, b) => b.score - a.score)[0]
    expect(strongest?.word).toBe('fine')
  })

  test('draws a bar for each word', async () => {
    const { stdout } = await run(['inspect', '--model', model, 'a fine zeppelin'])
    expect(stdout).toMatch(/good \d+\.\d %\s+a fine zeppelin/)
    expect(stdout).toMatch(/fine +\+\d\.\d\d +│█+/)
    expect(stdout).toMatch(/zeppelin .*not in the vocabulary/)
  })
})

describe('the command line', () => {
  test('explains itself', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    for (const command of ['demo', 'train', 'evaluate', 'predict', 'inspect']) expect(stdout).toContain(command)
    expect((await run(['train', '--help'])).stdout).toMatch(/--learning-rate <x>/)
  })
})
