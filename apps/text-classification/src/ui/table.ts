/** Tables for the terminal. */

import Table from 'cli-table3'
import { paint } from './style.ts'

/** A column: its heading, and whether its cells are numbers, which go to the right. */
export interface Column {
  readonly name: string
  readonly numeric?: boolean
}

/** A table with thin rules, as lines. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const drawn = new Table({
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
  return drawn.toString()
}
