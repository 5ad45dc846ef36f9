/** What the program says to wrong input: one line that names the thing and the fix, an exit code that is not zero, no stack trace. */

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { run, smallTable, temporaryFolder, tiny, type RunOptions } from './program.ts'

const folder = temporaryFolder({
  'good.tsv': smallTable(),
  'empty.tsv': '',
  'header.tsv': 'label\ttext\n',
  'columns.tsv': 'class\ttext\na\tb\n',
  'fields.tsv': 'label\ttext\ngood\tone\nbad two\n',
  'one-class.tsv': 'label\ttext\ngood\tone\ngood\ttwo\n',
  'no-words.tsv': 'label\ttext\ngood\tone\nbad\t \ngood\tthree\n',
  'no-label.tsv': 'label\ttext\ngood\tone\n\ttwo\n',
  'capitals.tsv': 'Label\tText\ngood\tone\nbad\ttwo\n',
  'utf16.tsv': Buffer.from(`\ufeff${smallTable()}`, 'utf16le'),
  'few.tsv': 'label\ttext\ngood\tone\nbad\ttwo\n',
  'unknown-label.tsv': 'label\ttext\ngood\tone\nugly\ttwo\n',
  'binary.tsv': Uint8Array.of(0x7f, 0x45, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xfe),
  'good.tsv.gz': gzipSync(smallTable()),
  'lines.txt': 'fine\n\nlovely\n',
  file: 'a file where a folder should be',
  'other/notes.txt': 'not a model',
})
const at = (...parts: string[]): string => join(folder, ...parts)
const data = ['--data', at('good.tsv')]
const model = at('model')

beforeAll(async () => {
  const { code, stderr } = await run(['train', ...data, ...tiny, '--out', model])
  if (code !== 0) throw new Error(stderr)
})

/** Expects one line on standard error that matches every pattern, nothing on standard output, and a failure. */
async function refuses(
  args: readonly string[],
  patterns: readonly (string | RegExp)[],
  options?: RunOptions,
): Promise<void> {
  const { code, stdout, stderr } = await run(args, options)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^error: [^\n]+\n$/) // one line
  expect(stderr).not.toMatch(/defect|\n\s+at /)
  for (const pattern of patterns) expect(stderr).toMatch(pattern)
  expect(code).toBeGreaterThan(0)
}

test('labels that differ in case only are remarked on', async () => {
  const table = `${smallTable()}Good\tanother fine thing\nGood\ta lovely one\n`
  const file = join(temporaryFolder({ 'case.tsv': table }), 'case.tsv')
  const { code, stderr } = await run(['train', '--data', file, ...tiny, '--out', at('case')])
  expect(stderr).toContain('note: the labels "Good" and "good" are learnt as different ones\n')
  expect(code).toBe(0)
})

describe('training data', () => {
  const out = ['--out', at('new')]
  test.each([
    ['a missing file', 'missing.tsv', [/missing\.tsv/, /does not exist/]],
    ['a folder', 'other', [/other/, /folder/]],
    ['an empty file', 'empty.tsv', [/empty\.tsv/, /empty/, /label, text/]],
    ['a header alone', 'header.tsv', [/header\.tsv/, /no rows/]],
    ['a missing column', 'columns.tsv', [/columns\.tsv/, /label/]],
    ['a malformed row', 'fields.tsv', [/fields\.tsv, line 3/, /expected 2/]],
    ['columns in capitals', 'capitals.tsv', [/capitals\.tsv, line 1/, /to the letter/]],
    ['a compressed file', 'good.tsv.gz', [/good\.tsv\.gz is compressed/, /unpack/]],
    ['UTF-16', 'utf16.tsv', [/utf16\.tsv, line 1/, /UTF-8/]],
    ['too few texts to hold some out', 'few.tsv', [/few\.tsv/, /2 texts/, /--validation/]],
    ['one class', 'one-class.tsv', [/one-class\.tsv/, /at least two labels/]],
    ['a text of no words', 'no-words.tsv', [/no-words\.tsv, line 3/, /no words/]],
    ['an empty label', 'no-label.tsv', [/no-label\.tsv, line 3/, /label/]],
    ['a binary file', 'binary.tsv', [/binary\.tsv, line 1/, /UTF-8/]],
  ])('%s', async (_, file, patterns) => {
    await refuses(['train', '--data', at(file), ...out], patterns)
    expect(existsSync(at('new'))).toBe(false)
  })

  test('an unknown label in the test file, before any training', async () => {
    const test = ['--test', at('unknown-label.tsv')]
    await refuses(['train', ...data, ...test, ...out], [/unknown-label\.tsv, line 3/, /"ugly"/, /"bad", "good"/])
  })

  test('an unknown label in the validation file', async () => {
    const validation = ['--validation', at('unknown-label.tsv')]
    await refuses(['train', ...data, ...validation, ...out], [/unknown-label\.tsv, line 3/, /"ugly"/])
  })

  test('texts to evaluate on', async () => {
    await refuses(['evaluate', '--model', model, '--data', at('unknown-label.tsv')], [/line 3/, /"ugly"/])
    await refuses(['evaluate', '--model', model, '--data', at('empty.tsv')], [/empty\.tsv/])
  })
})

describe('options', () => {
  test.each([
    [
      ['--epochs', '-1'],
      [/--epochs/, /-1/, /at least 1|from 1/],
    ],
    [
      ['--epochs', 'NaN'],
      [/--epochs/, /NaN/],
    ],
    [
      ['--epochs', '1.5'],
      [/--epochs/, /whole number/],
    ],
    [['--batch-size', '0'], [/--batch-size/]],
    [
      ['--units', '1000000000'],
      [/not enough memory/, /--units/],
    ],
    [
      ['--min-frequency', '1000'],
      [/no word .*good\.tsv occurs 1000 times/, /--min-frequency/],
    ],
    [
      ['--out', ''],
      [/--out is empty/, /a folder/],
    ],
    [['--validation', ''], [/--validation is empty/]],
    [
      ['--learning-rate', 'NaN'],
      [/--learning-rate/, /greater than 0/],
    ],
    [['--learning-rate', '-1'], [/--learning-rate/]],
    [['--learning-rate', 'Infinity'], [/--learning-rate/]],
    [
      ['--dropout', '1'],
      [/--dropout/, /below 1/],
    ],
    [
      ['--seed', 'x'],
      [/--seed/, /whole number/],
    ],
    [
      ['--validation', '2'],
      [/--validation/, /below 1/],
    ],
    [
      ['--cell', 'transformer'],
      [/--cell/, /transformer/, /lstm, gru, simple/],
    ],
    [
      ['--backend', 'tpu'],
      [/tpu/, /available: wasm, cpu, webgpu/],
    ],
    [['--colour'], [/unknown option/, /--colour/]],
    [
      ['--restart', '--resume'],
      [/--restart/, /--resume/],
    ],
  ])('%j', async (args, patterns) => {
    await refuses(['train', ...data, '--out', at('new'), ...args], patterns)
  })

  test('an unknown command', async () => {
    await refuses(['tarin'], [/unknown command/, /tarin/])
  })

  test('a learning rate that makes the loss infinite', async () => {
    const { code, stderr } = await run(['train', ...data, ...tiny, '--learning-rate', '1e38', '--out', at('wild')])
    expect(stderr).toMatch(/error: .*(NaN|infinite|Infinity|finite).*; begin again .*--learning-rate/)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })
})

describe('folders', () => {
  test('a file where the folder should be', async () => {
    await refuses(['train', ...data, '--out', at('file')], [/file is a file/])
    await refuses(['train', ...data, '--out', at('file', 'below')], [/file is a file/])
  })

  test('a folder that holds something else, which stays as it is', async () => {
    await refuses(['train', ...data, '--out', at('other')], [/other holds something else \(notes\.txt\)/, /--out/])
    expect(readdirSync(at('other'))).toEqual(['notes.txt'])
  })

  test.skipIf(process.getuid?.() === 0)('a folder that may not be written (root may write anywhere)', async () => {
    const locked = temporaryFolder()
    chmodSync(locked, 0o500)
    await refuses(['train', ...data, '--out', join(locked, 'model')], [/permission denied/, /--out/])
  })

  test.runIf(existsSync('/proc/version'))('a folder that can not be made', async () => {
    await refuses(['train', ...data, '--out', '/proc/model'], [/\/proc\/model/, /--out/])
  })

  test('no model', async () => {
    await refuses(['predict', '--model', at('nowhere'), 'a text'], [/no folder .*nowhere/, /train --out/])
    await refuses(['predict', '--model', at('other'), 'a text'], [/other holds no model/, /train --out/])
    await refuses(['predict', '--model', at('file'), 'a text'], [/file is a file/])
  })

  test.each(['weights.safetensors', 'vocabulary.json', 'labels.json', 'config.json', 'classifier.json'])(
    'a model whose %s is cut short',
    async (name) => {
      const files = readdirSync(model).map((file) => [file, readFileSync(join(model, file))] as const)
      const broken = temporaryFolder(Object.fromEntries(files))
      truncateSync(join(broken, name), 20)
      await refuses(['predict', '--model', broken, 'a text'], [name, /cut short/])
    },
  )

  test('a model with a file of another model', async () => {
    const files = readdirSync(model).map((file) => [file, readFileSync(join(model, file))] as const)
    const broken = temporaryFolder(Object.fromEntries(files))
    writeFileSync(join(broken, 'labels.json'), '{"format":"rnn-labels","version":1,"labels":["x","y"]}')
    await refuses(['predict', '--model', broken, 'a text'], [/labels\.json/])
  })
})

describe('a model whose files are whole, but do not belong together', () => {
  const changed = (name: string, content: string): string => {
    const files = Object.fromEntries(readdirSync(model).map((file) => [file, readFileSync(join(model, file))]))
    const manifest = JSON.parse(String(files['classifier.json'])) as { sha256: Record<string, string> }
    manifest.sha256[name] = createHash('sha256').update(content).digest('hex')
    return temporaryFolder({ ...files, [name]: content, 'classifier.json': JSON.stringify(manifest) })
  }

  test.each([
    ['labels.json', '{"format":"rnn-labels","version":1,"labels":["x","y","z"]}', /2 labels/],
    ['vocabulary.json', '{', /vocabulary\.json is no JSON object/],
    ['config.json', '{"a":1}', /config\.json is not the configuration/],
  ])('%s is of another one', async (name, content, problem) => {
    await refuses(['predict', '--model', changed(name, content), 'a text'], [problem, /train again/])
  })

  test('a description without digests', async () => {
    const files = Object.fromEntries(readdirSync(model).map((file) => [file, readFileSync(join(model, file))]))
    const manifest = { ...(JSON.parse(String(files['classifier.json'])) as object), sha256: null }
    const broken = temporaryFolder({ ...files, 'classifier.json': JSON.stringify(manifest) })
    await refuses(['predict', '--model', broken, 'a text'], [/classifier\.json/, /train again/])
  })
})

describe('texts to classify', () => {
  test('the embedded corpus for a model of other labels', async () => {
    await refuses(['evaluate', '--model', model], [/labels of its own/, /--data/])
  })

  test('characters that would steer the terminal are shown', async () => {
    for (const command of ['predict', 'inspect']) {
      const { code, stdout } = await run([command, '--model', model, 'a \u001b[31mred\tand\nlong \u202etext'])
      expect(code).toBe(0)
      expect(stdout).toContain('a ␛[31mred and long ␡text')
    }
  })

  test('none', async () => {
    await refuses(['predict', '--model', model], [/standard input/, /one text a line/])
  })

  test('no words', async () => {
    await refuses(['predict', '--model', model, 'fine', '  '], [/text 2 has no words/])
    await refuses(['predict', '--model', model, '--file', at('lines.txt')], [/lines\.txt, line 2/, /no words/])
    await refuses(['inspect', '--model', model], [/standard input, line 2/, /no words/], { stdin: 'fine\n\nlovely\n' })
  })

  test('a missing or binary file', async () => {
    await refuses(['predict', '--model', model, '--file', at('missing.txt')], [/missing\.txt/, /does not exist/])
    await refuses(['predict', '--model', model, '--file', at('binary.tsv')], [/binary\.tsv, line 1/, /UTF-8/])
    await refuses(['predict', '--model', model], [/standard input, line 1/], { stdin: Uint8Array.of(0, 1, 2, 255) })
  })

  test('arguments and a file at once', async () => {
    await refuses(['predict', '--model', model, '--file', at('lines.txt'), 'fine'], [/--file/, /one of them/])
  })
})
