/** The shape of the one error type: a one-line message for people, fields for programs. */
import { describe, expect, it } from 'vitest'
import { DataError } from '../src/index.ts'
import { shown, shownList } from '../src/errors.ts'

describe('DataError', () => {
  it('puts file and line before the problem and the fix behind it', () => {
    const error = new DataError('E_FIELDS', {
      file: 'a.tsv',
      line: 3,
      row: 1,
      problem: '3 fields',
      fix: 'remove one',
      got: 3,
      expected: 2,
    })
    expect(error.message).toBe('a.tsv, line 3: 3 fields; remove one')
    expect(error).toMatchObject({
      name: 'DataError',
      code: 'E_FIELDS',
      file: 'a.tsv',
      line: 3,
      row: 1,
      got: 3,
      expected: 2,
      fix: 'remove one',
    })
    expect(error).toBeInstanceOf(Error)
  })

  it('names the row where there is no line, and nothing where there is no place', () => {
    expect(new DataError('E_EMPTY_ROW', { row: 4, problem: 'empty' }).message).toBe('row 4: empty')
    expect(new DataError('E_ARGUMENT', { problem: 'odd' }).message).toBe('odd')
  })

  it('shows long values cut and line ends escaped, so that a message stays one line', () => {
    expect(shown('a\nb')).toBe('"a\\nb"')
    expect(shown('x'.repeat(100))).toBe(`"${'x'.repeat(40)}…"`)
    expect(shown(undefined)).toBe('undefined')
    expect(shownList(['a', 'b', 'c'], 2)).toBe('"a", "b", … (3 in all)')
  })
})
