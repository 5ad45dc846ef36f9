/** Wrong input ends in one line that says what was wrong and what to do, and loses nothing. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { run, smallPair, temporaryFolder, tiny } from './program.ts'

const { source, target } = smallPair()
const shorter = target.split('\n').slice(0, 37).join('\n')
const folder = temporaryFolder({
  'a.en': source,
  'a.fr': target,
  'short.fr': shorter,
  'gaps.fr': target.replace(/^deux$/m, '   '),
  'latin.fr': Buffer.from(target.replace('deux', 'd\u00e9ux'), 'latin1'),
  'cut.fr.gz': gzipSync(target).subarray(0, 60),
  'none.fr': '',
  'rare.en': Array.from({ length: 40 }, (_, i) => `word${i}`).join('\n'),
})
const at = (name: string): string => join(folder, name)
const pair = (en: string, fr: string): string[] => ['--source', at(en), '--target', at(fr)]
const model = at('model')

beforeAll(async () => {
  await run(['train', ...pair('a.en', 'a.fr'), ...tiny, '--languages', 'en-fr', '--out', model])
})

test.each([
  ['files of different lengths', ['train', ...pair('a.en', 'short.fr')], [/40 lines/, /37/, /line 38/], 1],
  ['bytes that are not UTF-8', ['train', ...pair('a.en', 'latin.fr')], [/latin\.fr, line \d+/, /UTF-8/], 1],
  ['a gzip file that is cut short', ['train', ...pair('a.en', 'cut.fr.gz')], [/cut\.fr\.gz is no whole gzip file/], 1],
  ['an empty file', ['train', ...pair('none.fr', 'none.fr')], [/nothing in it/], 1],
  ['a file that is not there', ['train', ...pair('a.en', 'absent.fr')], [/absent\.fr/, /does not exist/], 1],
  ['a source without a target', ['train', '--source', at('a.en')], [/--source without --target/], 2],
  ['two kinds of data', ['train', ...pair('a.en', 'a.fr'), '--data', at('a.en')], [/--data and --source/], 2],
  [
    'a vocabulary of unknowns',
    ['train', ...pair('rare.en', 'a.fr'), ...tiny, '--min-frequency', '2'],
    [/every source token is unknown/, /--min-frequency/],
    2,
  ],
  [
    'nothing but longer sentences',
    ['train', ...pair('a.en', 'a.fr'), ...tiny, '--max-length', '0'],
    [/--max-length is "0"/],
    2,
  ],
  [
    'languages that are none',
    ['train', ...pair('a.en', 'a.fr'), '--languages', 'english'],
    [/--languages is "english"/, /de-en/],
    2,
  ],
  [
    'a preset that is none',
    ['train', '--preset', 'huge'],
    [/--preset is "huge"/, /standard, multi30k-small, embedded/],
    2,
  ],
  ['a beam of zero', ['translate', '--model', model, '--beam', '0', 'one'], [/--beam is "0"/, /from 1 to 100/], 2],
  [
    'more translations than the beam has',
    ['translate', '--model', model, '--beam', '2', '--n-best', '3', 'one'],
    [/--n-best is 3, but --beam is 2/],
    2,
  ],
  [
    'another direction',
    ['translate', '--model', model, '--languages', 'fr-en', 'un'],
    [/translates en-fr, not fr-en/],
    1,
  ],
  ['no model', ['translate', '--model', at('nowhere'), 'one'], [/there is no folder/, /make a model with: npx/], 1],
  [
    'a backend that is none',
    ['translate', '--model', model, '--backend', 'tpu', 'one'],
    [/--backend is "tpu"/, /wasm, cpu, webgpu/],
    2,
  ],
])('%s', async (_, args, said, exitCode) => {
  const out = args[0] === 'train' ? ['--out', at('out')] : []
  const { code, stderr, stdout } = await run([...args, ...out])
  const line = stderr.trim().split('\n').at(-1) ?? ''
  expect(line).toMatch(/^error: /)
  for (const each of said) expect(line).toMatch(each)
  expect(stderr).not.toMatch(/\n {4}at /)
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
})

test('pairs that can not be used are counted, and told of', async () => {
  const { code, stderr } = await run([
    'train',
    ...pair('a.en', 'gaps.fr'),
    ...tiny,
    '--max-length',
    '2',
    '--out',
    at('gaps'),
  ])
  expect(code).toBe(0)
  expect(stderr).toMatch(/warning: .*a side is empty \(lines? \d+/)
  expect(stderr).toMatch(/warning: .*\d+ of \d+ pairs left out: a side has more than 2 tokens \(--max-length\)/)
})

test('a saved model whose direction is none, or whose files are changed', async () => {
  const manifest = join(model, 'translator.json')
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(manifest, text.replace('"en-fr"', '"sideways"'))
  const direction = await run(['translate', '--model', model, 'one'])
  expect(direction.stderr).toMatch(
    /error: .*the direction "sideways" is none that is known; expected one such as "en-fr"/,
  )
  writeFileSync(manifest, text)
  const tokenizer = join(model, 'target-tokenizer.json')
  const whole = readFileSync(tokenizer, 'utf8')
  writeFileSync(tokenizer, whole.slice(0, -20))
  const changed = await run(['translate', '--model', model, 'one'])
  expect(changed.stderr).toMatch(/error: .*target-tokenizer\.json is not as it was saved/)
  writeFileSync(tokenizer, whole)
  expect((await run(['translate', '--model', model, 'one'])).code).toBe(0)
})

test('an unknown word is translated as well as can be, and nothing as nothing', async () => {
  const { code, stdout } = await run(['translate', '--model', model, 'seventeen'])
  expect(code).toBe(0)
  expect(stdout.trim()).not.toMatch(/unk/)
})
