/** What is shown fits the terminal and can be copied from it. */

import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commandLineOf } from '../src/ui/command-line.ts'
import { table } from '../src/ui/table.ts'
import { wrap } from '../src/ui/wrap.ts'

const { isTTY, columns } = process.stdout
beforeEach(() => void Object.assign(process.stdout, { isTTY: true, columns: 40 }))
afterEach(() => void Object.assign(process.stdout, { isTTY, columns }))

test('commands to copy are quoted where a shell asks for it', () => {
  const commandLine = commandLineOf('text-classification')
  const start = 'npx -y pnpm@12 --silent text-classification '
  expect(commandLine('train', '--out', 'models/a-1')).toBe(`${start}train --out models/a-1`)
  expect(commandLine('predict', 'Not bad, this.')).toBe(`${start}predict "Not bad, this."`)
  expect(commandLine('predict', "it's $5")).toBe(`${start}predict 'it'\\''s $5'`)
})

test('texts are broken between words, and indented', () => {
  expect(wrap('  one two three four', 10, 4)).toBe('  one two\n    three\n    four')
  expect(wrap('one \u001b[1mtwo\u001b[22m', 7)).toBe('one \u001b[1mtwo\u001b[22m')
  expect(wrap('one two', undefined)).toBe('one two')
})

test('the texts of a table are cut on a narrow terminal, also those of wide characters', () => {
  const drawn = table(
    [{ name: 'label' }, { name: 'sure', numeric: true }, { name: 'text' }],
    [
      ['good', '99.0 %', 'a text that is longer than the terminal is wide'],
      ['good', '99.0 %', '这 是 一 个 很 长 的 句 子 它 比 终 端 还 要 长 得 多'],
    ],
  )
  const lines = stripVTControlCharacters(drawn).split('\n')
  expect(lines).toHaveLength(6)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
  expect(drawn).toMatch(/a text that is.*…/)
})

test('texts of a column that wraps go on in the next line', () => {
  const drawn = table(
    [{ name: 'kind' }, { name: 'example', wrap: true }],
    [['one', 'words that go on for longer than one line']],
  )
  const lines = stripVTControlCharacters(drawn).split('\n')
  expect(lines).toHaveLength(6)
  expect(lines[4]?.trim()).toMatch(/^[a-z ]*one line$/)
})
