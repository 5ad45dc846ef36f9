/** Ragged rows of ids as one rectangle with lengths: what a recurrent network reads. */

import { checkWhole, DataError, shown } from '../errors.ts'
import type { Place, Places } from '../errors.ts'

/** Ids in a rectangle, `[batch, time]`, and how many of each row count. */
export interface PaddedSequences {
  readonly ids: Int32Array
  /** `[batch, time]`. */
  readonly shape: readonly [number, number]
  /** The length of each row within `time`, at least 1. */
  readonly lengths: Int32Array
}

/** Options of {@link padSequences}; `file` and `lines` are for messages. */
export interface PaddingOptions extends Places {
  /** What fills the rest of a row. Default 0. */
  readonly paddingId?: number
  /**
   * Where the filling goes. Default `'end'`, which layers that honour `lengths` expect; with `'start'` the real ids
   * stand at the end of each row, and `lengths` must not be handed to such layers.
   */
  readonly side?: 'end' | 'start'
  /** Longer rows are cut to this. Default: no limit. */
  readonly maxLength?: number
  /** Which part of a longer row is cut off. Default `'end'`: its beginning stays. */
  readonly truncate?: 'end' | 'start'
  /** Rounds the time axis up, so that batches come in few shapes (a GPU prepares each shape once). Default 1. */
  readonly multipleOf?: number
}

/**
 * Pads (and cuts) rows of ids to one length; the caller owns the arrays. Throws `E_EMPTY_ROW`, with line or row number,
 * for a row of no ids.
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
  checkPadding(options)

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

/** Throws `E_ARGUMENT` for lengths that are no whole numbers from 1 on. */
export function checkPadding({ maxLength, multipleOf }: Pick<PaddingOptions, 'maxLength' | 'multipleOf'>): void {
  if (maxLength !== undefined && maxLength !== Infinity) checkWhole(maxLength, 'maxLength', 1)
  if (multipleOf !== undefined) checkWhole(multipleOf, 'multipleOf', 1)
}

/**
 * Throws, with line or row number, at the first row of no ids (`E_EMPTY_ROW`) or with one that is no whole number from
 * 0 on (`E_ID`).
 */
export function checkRows(rows: readonly ArrayLike<number>[], { file, lines }: Places = {}): void {
  for (const [row, ids] of rows.entries()) {
    const place = { file, line: lines?.[row], row }
    if (ids.length === 0) throw emptyRow(place)
    checkIds(ids, place)
  }
}

/** Throws `E_ID` at the first id that is no whole number from 0 on; `kind` says which ids these are. */
export function checkIds(ids: ArrayLike<number>, place: Place, kind = ''): void {
  if (ids instanceof Int32Array && ids.every((id) => id >= 0)) return
  for (let t = 0; t < ids.length; t++) {
    const id: unknown = ids[t]
    // Int32Array would make NaN a 0, which is padding.
    if (Number.isSafeInteger(id) && (id as number) >= 0) continue
    throw new DataError('E_ID', {
      ...place,
      problem: `the ${kind}id at position ${t} is ${shown(id)}`,
      got: id,
      expected: 'a whole number from 0 on',
      fix: 'encode texts with a vocabulary first',
    })
  }
}

function emptyRow(place: Place): DataError {
  return new DataError('E_EMPTY_ROW', {
    ...place,
    problem: 'a sequence of no ids',
    got: 0,
    expected: 'at least one id',
    fix: 'leave it out, or give it an <unk>',
  })
}
