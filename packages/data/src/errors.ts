/**
 * The one error type of this package: what was wrong with the data, where (file, line, row), and what to do about it.
 */

/** Every code that a {@link DataError} of this package can carry; match by it, not by the message. */
export type DataErrorCode =
  | 'E_ALL_UNKNOWN'
  | 'E_ARGUMENT'
  | 'E_COLUMN'
  | 'E_DUPLICATE_COLUMN'
  | 'E_EMPTY_FILE'
  | 'E_EMPTY_LABEL'
  | 'E_EMPTY_ROW'
  | 'E_ENCODING'
  | 'E_FIELDS'
  | 'E_GAP'
  | 'E_GZIP'
  | 'E_ID'
  | 'E_IDX'
  | 'E_JSON'
  | 'E_NO_SEGMENTER'
  | 'E_NO_WORDS'
  | 'E_NOT_FINITE'
  | 'E_NOT_NUMERIC'
  | 'E_ONE_CLASS'
  | 'E_PAIRS'
  | 'E_QUOTE'
  | 'E_SHAPE'
  | 'E_SPLIT'
  | 'E_TIME'
  | 'E_UNKNOWN_LABEL'
  | 'E_WAV'

/** Where something is: a file (any name that a person would recognise), a line (from 1), a row of an array (from 0). */
export interface Place {
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly row?: number | undefined
}

/** Where the items of a list come from: the file, and the line of each. */
export interface Places {
  readonly file?: string | undefined
  readonly lines?: ArrayLike<number> | undefined
}

/** The parts of a {@link DataError}: what was found, what was expected, how to mend it, and where. */
export interface DataErrorDetails extends Place {
  /** What was wrong, without place and fix; one line. */
  readonly problem: string
  readonly got?: unknown
  readonly expected?: unknown
  /** What the reader of the message can do about it. */
  readonly fix?: string | undefined
}

/**
 * An error in the data or in how a function of this package was called.
 *
 * The message is one line for people: `train.tsv, line 7: 3 fields, expected 2 (label, text); …`. Programs use `code`
 * and the fields. Match by `code`, not by `instanceof`, since two copies of the package may meet.
 *
 * @example
 * ```ts
 * import { parseTable } from '@rnn/data'
 * let code
 * try {
 *   parseTable('', { name: 'train.tsv', columns: ['label', 'text'] })
 * } catch (error) {
 *   code = error.code
 * }
 * code // → "E_EMPTY_FILE"
 * ```
 */
export class DataError extends Error {
  readonly code: DataErrorCode
  readonly file: string | undefined
  readonly line: number | undefined
  readonly row: number | undefined
  readonly got: unknown
  readonly expected: unknown
  readonly fix: string | undefined

  constructor(code: DataErrorCode, details: DataErrorDetails) {
    const where = placeText(details)
    super((where === '' ? '' : `${where}: `) + details.problem + (details.fix === undefined ? '' : `; ${details.fix}`))
    this.name = 'DataError'
    this.code = code
    this.file = details.file
    this.line = details.line
    this.row = details.row
    this.got = details.got
    this.expected = details.expected
    this.fix = details.fix
  }
}

/** `train.tsv, line 7`, or as much of it as is known; a row number only where there is no line. */
function placeText({ file, line, row }: Place): string {
  const parts: string[] = []
  if (file !== undefined) parts.push(file)
  if (line !== undefined) parts.push(`line ${line}`)
  else if (row !== undefined) parts.push(`row ${row}`)
  return parts.join(', ')
}

/** A value as it is shown inside a message: quoted, on one line, cut after `limit` characters. */
export function shown(value: unknown, limit = 40): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  if (text.length <= limit) return text
  return typeof value === 'string'
    ? `${JSON.stringify(value.slice(0, limit)).slice(0, -1)}…"`
    : `${text.slice(0, limit)}…`
}

/** A list as it is shown inside a message: quoted items, cut after `limit` of them. */
export function shownList(values: readonly string[], limit = 8): string {
  const items = values.slice(0, limit).map((value) => shown(value))
  if (values.length > limit) items.push(`… (${values.length} in all)`)
  return items.join(', ')
}

/** Throws `E_ARGUMENT` unless `value` is a whole number of at least `least`; `name` is how the caller knows it. */
export function checkWhole(value: number, name: string, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new DataError('E_ARGUMENT', {
    problem: `${name} is ${shown(value)}, expected a whole number of at least ${least}`,
    got: value,
    expected: `a whole number of at least ${least}`,
  })
}
