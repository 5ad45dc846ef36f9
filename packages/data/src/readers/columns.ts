/** Finds the wanted columns in a table's header, and guesses at near misses. */

import { DataError, shownList } from '../errors.ts'
import { delimiterName } from './delimiter.ts'

/** The names in a header row. */
export function splitHeader(fields: readonly string[]): string[] {
  return fields.map((field) => field.trim())
}

/**
 * The position of each wanted column. Throws `E_COLUMN` for one that is not there, `E_DUPLICATE_COLUMN` for one that is
 * there twice.
 */
export function columnPositions(
  header: readonly string[],
  columns: readonly string[],
  { file, line, delimiter }: { readonly file: string | undefined; readonly line: number; readonly delimiter: string },
): number[] {
  return columns.map((column) => {
    const position = header.indexOf(column)
    if (position < 0) {
      const guess = nearest(
        column,
        header.filter((name) => !columns.includes(name)),
      )
      throw new DataError('E_COLUMN', {
        file,
        line,
        problem: `no column "${column}", the header has ${shownList(header)}`,
        got: header,
        expected: columns,
        fix:
          guess === undefined
            ? `the first line must name the columns, ${delimiterName(delimiter)} between them: ${columns.join(', ')}`
            : `did you mean "${guess}"? The names must be the same to the letter`,
      })
    }
    if (header.includes(column, position + 1)) {
      throw new DataError('E_DUPLICATE_COLUMN', {
        file,
        line,
        problem: `the column "${column}" is there twice`,
        got: header,
        expected: 'each wanted column once',
        fix: 'rename one of them',
      })
    }
    return position
  })
}

/** The name that differs from `wanted` in case or by few typing mistakes, if any. */
function nearest(wanted: string, names: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(wanted.length / 3))
  const [best] = names
    .map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance)
  return best?.name
}

/**
 * How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b` (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min((last[j] as number) + 1, (current[j - 1] as number) + 1, replaced)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, (beforeLast[j - 2] as number) + 1)
      current.push(least)
    }
    beforeLast = last
    last = current
  }
  return last[b.length] as number
}
