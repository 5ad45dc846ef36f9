/** A column of numbers out of a table. */

import { DataError, shown } from '../errors.ts'
import type { Place } from '../errors.ts'
import type { Rows } from './table.ts'

/**
 * The numbers of a column, float32, as a new array that the caller owns. Throws `E_NOT_NUMERIC`, with file and line,
 * for anything else: an empty field, `NaN`, `n/a`, a decimal comma, a number too large for float32.
 *
 * @example
 * ```ts
 * import { numericColumn, parseTable } from '@rnn/data'
 * const table = parseTable('month,passengers\n1949-01,112\n1949-02,118', { columns: ['passengers'] })
 * numericColumn(table, 'passengers') // → [112, 118]
 * ```
 */
export function numericColumn<Column extends string>(table: Rows<Column>, column: NoInfer<Column>): Float32Array {
  return Float32Array.from(table.rows, ({ line, values }) =>
    numberOf(values[column], column, { file: table.file, line }),
  )
}

/** The float32 number that a field holds. Throws `E_NOT_NUMERIC` for anything else. */
export function numberOf(field: string, column: string, place: Place): number {
  const text = field.trim()
  const value = decimal.test(text) ? Math.fround(Number(text)) : NaN
  if (Number.isFinite(value)) return value
  throw new DataError('E_NOT_NUMERIC', {
    ...place,
    problem: `the column "${column}" holds ${shown(field)}, expected a number`,
    got: field,
    expected: 'a finite number such as -1.5 or 2e-3',
    fix: /^[+-]?\d+,\d+$/.test(text)
      ? 'write a decimal point instead of the comma'
      : 'fill in a number or remove the line',
  })
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
