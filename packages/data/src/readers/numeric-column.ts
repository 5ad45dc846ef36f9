/** A column of numbers out of a table. */

import { DataError, shown } from '../errors.ts'
import type { Table } from './table.ts'

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
export function numericColumn<Column extends string>(table: Table<Column>, column: NoInfer<Column>): Float32Array {
  return Float32Array.from(table.rows, ({ line, values }) => {
    const text = values[column].trim()
    const value = decimal.test(text) ? Math.fround(Number(text)) : NaN
    if (Number.isFinite(value)) return value
    throw new DataError('E_NOT_NUMERIC', {
      file: table.file,
      line,
      problem: `the column "${column}" holds ${shown(values[column])}, expected a number`,
      got: values[column],
      expected: 'a finite number such as -1.5 or 2e-3',
      fix: /^[+-]?\d+,\d+$/.test(text)
        ? 'write a decimal point instead of the comma'
        : 'fill in a number or remove the line',
    })
  })
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
