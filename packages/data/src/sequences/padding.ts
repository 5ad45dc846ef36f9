/** Ragged rows of ids as one rectangle with lengths: what a recurrent network reads. */

import { checkWhole, DataError } from '../errors.ts'

/** Ids in a rectangle, `[batch, time]`, and how many of each row count. */
export interface PaddedSequences {
  readonly ids: Int32Array
  /** `[batch, time]`. */
  readonly shape: readonly [number, number]
  /** The length of each row within `time`, at least 1. */
  readonly lengths: Int32Array
}

/** Options of {@link padSequences}. */
export interface PaddingOptions {
  /** What fills the rest of a row. Default 0. */
  readonly paddingId?: number
  /**
   * Where the filling goes. Default `'end'`, which layers that honour `lengths` expect; with `'start'` the real ids stand at the end of each row, and
   * `lengths` must not be handed to such layers.
   */
  readonly side?: 'end' | 'start'
  /** Longer rows are cut to this. Default: no limit. */
  readonly maxLength?: number
  /** Which part of a longer row is cut off. Default `'end'`: its beginning stays. */
  readonly truncate?: 'end' | 'start'
  /** Rounds the time axis up, so that batches come in few shapes (a GPU prepares each shape once). Default 1. */
  readonly multipleOf?: number
  /** For messages: where the rows come from, and the line of each. */
  readonly file?: string | undefined
  readonly lines?: ArrayLike<number> | undefined
}

/**
 * Pads (and cuts) rows of ids to one length; the caller owns the arrays. Throws `E_EMPTY_ROW`, with line or row number, for a row of no ids.
 *
 * @example
 * ```ts
 * import { padSequences } from '@rnn/data'
 * const { ids, shape, lengths } = padSequences([[5, 6, 7], [8]])
 * ids // → [5, 6, 7, 8, 0, 0]
 * shape // → [2, 3]
 * lengths // → [3, 1]
 * ```
 */
export function padSequences(rows: readonly ArrayLike<number>[], options: PaddingOptions = {}): PaddedSequences {
  const { paddingId = 0, side = 'end', maxLength = Infinity, truncate = 'end', multipleOf = 1, file, lines } = options
  if (maxLength !== Infinity) checkWhole(maxLength, 'maxLength', 1)
  checkWhole(multipleOf, 'multipleOf', 1)

  const lengths = Int32Array.from(rows, (row, i) => {
    if (row.length === 0) throw emptyRow({ file, line: lines?.[i], row: i })
    return Math.min(row.length, maxLength)
  })
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const time = Math.ceil(longest / multipleOf) * multipleOf
  const ids = new Int32Array(rows.length * time).fill(paddingId)
  for (const [i, row] of rows.entries()) {
    const length = lengths[i] as number
    const from = truncate === 'end' ? 0 : row.length - length
    const to = i * time + (side === 'end' ? 0 : time - length)
    for (let t = 0; t < length; t++) ids[to + t] = row[from + t] as number
  }
  return { ids, shape: [rows.length, time], lengths }
}

/** Throws `E_EMPTY_ROW`, with line or row number, at the first row of no ids. */
export function checkNoEmptyRows(
  rows: readonly ArrayLike<number>[],
  { file, lines }: Pick<PaddingOptions, 'file' | 'lines'> = {},
): void {
  const row = rows.findIndex(({ length }) => length === 0)
  if (row >= 0) throw emptyRow({ file, line: lines?.[row], row })
}

function emptyRow(place: {
  readonly file: string | undefined
  readonly line: number | undefined
  readonly row: number
}): DataError {
  return new DataError('E_EMPTY_ROW', {
    ...place,
    problem: 'a sequence of no ids',
    got: 0,
    expected: 'at least one id',
    fix: 'leave it out, or give it an <unk>',
  })
}
