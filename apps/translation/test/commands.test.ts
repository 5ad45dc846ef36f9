/** The commands, as their users run them. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { run, smallPair, temporaryFolder, tiny } from './program.ts'

const { source, target } = smallPair(60)
const table = `source\ttarget\n${source
  .trim()
  .split('\n')
  .map((line, i) => `${line}\t${target.split('\n')[i]}`)
  .join('\n')}\n`
const folder = temporaryFolder({
  'train.en': source,
  'train.fr.gz': gzipSync(target),
  'pairs.tsv': table,
  'sentences.txt': 'four one\nfive\n',
})
const at = (name: string): string => join(folder, name)
const files = ['--source', at('train.en'), '--target', at('train.fr.gz')]
const model = at('model')

beforeAll(async () => {
  const learning = [
    '--units',
    '24',
    '--embedding',
    '16',
    '--epochs',
    '40',
    '--learning-rate',
    '0.01',
    '--languages',
    'en-fr',
  ]
  const { code, stderr } = await run(['train', ...files, ...tiny, ...learning, '--out', model])
  expect({ code, stderr: stderr.match(/error.*/)?.[0] }).toEqual({ code: 0, stderr: undefined })
})

describe('train', () => {
  test('repeats itself to the last bit, from two files or a table', async () => {
    const made = [
      [...files, '--out', at('first')],
      ['--data', at('pairs.tsv'), '--out', at('second')],
    ]
    for (const options of made) {
      const { code, stdout } = await run(['train', ...options, ...tiny, '--validation', '0', '--json'])
      expect(code).toBe(0)
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(lines).toHaveLength(3)
      expect(lines[0]).toMatchObject({ epoch: 1, tokensPerSecond: expect.any(Number) })
      expect(lines[2]).toMatchObject({ trainPairs: 60, backend: 'wasm', epochs: 2, validationLoss: null })
    }
    expect(readFileSync(at('first/weights.safetensors'))).toEqual(readFileSync(at('second/weights.safetensors')))
  })

  test('goes on from where it was interrupted, to the same model', async () => {
    const options = [...files, ...tiny, '--epochs', '6', '--teacher-forcing', '1', '--teacher-forcing-end', '0.5']
    await run(['train', ...options, '--out', at('whole')])
    const broken = await run(['train', ...options, '--out', at('parts')], { interruptAt: /epoch 2 of 6/ })
    expect(broken.code).toBe(130)
    expect(broken.stderr).toMatch(/go on with: npx -y pnpm@12 --silent translation train --resume --out/)
    const rest = await run(['train', '--resume', '--out', at('parts')])
    expect(rest.code).toBe(0)
    expect(readFileSync(at('parts/weights.safetensors'))).toEqual(readFileSync(at('whole/weights.safetensors')))
  })

  test.each(['dot', 'general', 'concat', 'multi-head', 'none'])('with %s attention', async (attention) => {
    const { code } = await run(['train', ...files, ...tiny, '--attention', attention, '--out', at(`with-${attention}`)])
    expect(code).toBe(0)
    const { stdout } = await run(['translate', '--model', at(`with-${attention}`), 'one two'])
    expect(stdout.trim()).not.toBe('')
  })
})

describe('translate', () => {
  test('takes sentences as arguments, from a file and from standard input', async () => {
    const expected = 'quatre un\ncinq\n'
    expect((await run(['translate', '--model', model, 'four one', 'five'])).stdout).toBe(expected)
    expect((await run(['translate', '--model', model, '--file', at('sentences.txt')])).stdout).toBe(expected)
    expect((await run(['translate', '--model', model, '--beam', '1'], { stdin: 'four one\nfive\n' })).stdout).toBe(
      expected,
    )
  })

  test('gives several translations, the best first', async () => {
    const { stdout } = await run(['translate', '--model', model, '--n-best', '3', '--json', 'two four one'])
    const { translations } = JSON.parse(stdout) as { translations: { text: string; score: number }[] }
    expect(translations).toHaveLength(3)
    expect(translations[0]?.text).toBe('deux quatre un')
    const scores = translations.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  })

  test('shows what each word looked at, and draws it', async () => {
    const picture = at('attention.svg')
    const { stdout } = await run(['translate', '--model', model, '--attention', '--picture', picture, 'two four one'])
    const [translation, head, ...rows] = stdout.trimEnd().split('\n')
    expect(translation).toBe('deux quatre un')
    expect(head?.trim().split(/\s+/)).toEqual(['two', 'four', 'one'])
    expect(rows.map((row) => row.trim().split(' ')[0])).toEqual(['deux', 'quatre', 'un', '(end)'])
    const svg = readFileSync(picture, 'utf8')
    expect(svg).toMatch(/^<svg/)
    for (const word of ['four', 'quatre', 'attention']) expect(svg).toContain(word)
  })
})

describe('evaluate', () => {
  test('prints the scores with the signature', async () => {
    const { stdout, code } = await run(['evaluate', '--model', model, ...files, '--languages', 'en-fr'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/BLEU +[\d.]+ .*tok:13a/)
    expect(stdout).toMatch(/exact match +100\.0 %/)
  })
})

test('explains itself', async () => {
  const { stdout, code } = await run(['--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/Examples, from the root of the repository:\n {2}npx -y pnpm@12 --silent translation train/)
  expect(existsSync(model)).toBe(true)
})
