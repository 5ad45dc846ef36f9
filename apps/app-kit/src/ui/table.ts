/** Tables for the terminal. */

import Table from 'cli-table3'
import { paint } from './style.ts'
import { outputColumns } from './wrap.ts'

/** A column: its heading, and whether its cells are numbers, which go to the right. */
export interface Column {
  readonly name: string
  readonly numeric?: boolean
  /** Of the last column: on a narrow terminal its texts go on in the next line; otherwise they are cut. */
  readonly wrap?: boolean
}

// What the last column keeps on the narrowest terminal.
const least = 16

/** A table with thin rules, as lines. On a terminal that is too narrow the texts of the last column are cut or wrapped. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const whole = draw(columns, rows)
  const excess = whole.width - (outputColumns() ?? Infinity)
  if (excess <= 0 || columns.at(-1)?.numeric === true) return whole.toString()
  const last = draw(
    columns.slice(-1),
    rows.map((row) => row.slice(-1)),
  )
  const widths = columns.map((_, i) => (i < columns.length - 1 ? undefined : Math.max(least, last.width - 2 - excess)))
  return draw(columns, rows, widths).toString()
}

function draw(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
  widths: readonly (number | undefined)[] = [],
): Table.Table {
  const drawn = new Table({
    colWidths: widths as number[], // a hole is a column as wide as its cells
    wordWrap: columns.at(-1)?.wrap === true,
    head: columns.map(({ name }) => paint('bold', name)),
    colAligns: columns.map(({ numeric }) => (numeric === true ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
    chars: {
      top: '─',
      'top-mid': '─',
      'top-left': ' ',
      'top-right': ' ',
      bottom: '─',
      'bottom-mid': '─',
      'bottom-left': ' ',
      'bottom-right': ' ',
      mid: '─',
      'mid-mid': '─',
      'left-mid': ' ',
      'right-mid': ' ',
      left: ' ',
      right: ' ',
      middle: ' ',
    },
  })
  for (const row of rows) drawn.push(row.map(String))
  return drawn
}
