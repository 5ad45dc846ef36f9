/** Numeric series: columns of numbers at equal steps of time, without gaps or with what was asked for in their place. */

import { DataError, shownList } from '../errors.ts'
import { checkHostArray, hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import { numberOf } from '../readers/numeric-column.ts'
import type { Rows } from '../readers/table.ts'
import { stepsOf } from './time-steps.ts'

/** A series in memory. */
export interface Series<Column extends string = string> {
  readonly columns: readonly Column[]
  /** Float32 `[steps, columns]`. */
  readonly values: HostArray<Float32Array>
  /** The steps at which parts without a gap start, 0 first: no window reaches over one of them. */
  readonly partStarts: readonly number[]
  /** How many numbers were filled in. */
  readonly filled: number
}

/**
 * What to do about a gap: a missing row, or a field that is empty, `NA`, `N/A`, `NaN`, `null` or `?`. `error` throws;
 * `split` leaves the step out and starts a new part; `linear` fills in a line between the neighbours, `previous` repeats
 * the number before.
 */
export type Gaps = 'error' | 'split' | 'linear' | 'previous'

/** Options of {@link numericSeries}. */
export interface SeriesOptions<Column extends string, Wanted extends Column = Column> {
  /** The columns of numbers, in the order wanted. */
  readonly columns: readonly Wanted[]
  /**
   * The column of times (numbers, or dates as 2016-07-01 13:00:00, 2016-07-01 or 2016-07), by which missing rows are
   * found. Without it rows count as equally far apart.
   */
  readonly time?: Column
  /** Default `error`. */
  readonly gaps?: Gaps
}

/**
 * The numbers of some columns as a series. Throws `E_GAP`, with file and line, at a gap unless told what to do about
 * it (and for a fill at the ends, where there is nothing to fill from); `E_TIME` for times that are none, do not go on
 * or are not equally far apart; `E_NOT_NUMERIC` for other fields than numbers.
 *
 * @example
 * ```ts
 * import { numericSeries, parseTable } from '@rnn/data'
 * const file = 'month,passengers\n1949-01,112\n1949-02,\n1949-04,130\n'
 * const table = parseTable(file, { columns: ['month', 'passengers'] })
 * const series = numericSeries(table, { columns: ['passengers'], time: 'month', gaps: 'linear' })
 * series.values.data // → [112, 118, 124, 130]
 * series.filled // → 2
 * ```
 */
export function numericSeries<Column extends string, Wanted extends Column>(
  table: Rows<Column>,
  options: SeriesOptions<Column, Wanted>,
): Series<Wanted> {
  const { columns, time, gaps = 'error' } = options
  const { file, rows } = table
  if (!['error', 'split', 'linear', 'previous'].includes(gaps)) {
    throw new DataError('E_ARGUMENT', {
      problem: `gaps is ${String(gaps)}, expected error, split, linear or previous`,
      got: gaps,
      expected: ['error', 'split', 'linear', 'previous'],
    })
  }
  const steps =
    time === undefined
      ? rows.map((_, i) => i)
      : stepsOf(
          rows.map(({ line, values }) => ({ line, text: values[time] })),
          time,
          file,
        )
  const read = rows.map(({ line, values }, i) => ({
    line,
    step: steps[i]!,
    numbers: columns.map((column) =>
      missing.test(values[column].trim()) ? NaN : numberOf(values[column], column, { file, line }),
    ),
  }))
  if (gaps === 'split') return splitAtGaps(columns, read, file)
  if (gaps === 'error') {
    for (const [i, row] of read.entries()) {
      const without = columns.filter((_, c) => Number.isNaN(row.numbers[c]))
      const skipped = i === 0 ? 0 : row.step - read[i - 1]!.step - 1
      if (without.length > 0) throw gap(file, row.line, `no number in ${shownList(without)}`)
      if (skipped > 0)
        throw gap(file, row.line, `${skipped} ${skipped === 1 ? 'step is' : 'steps are'} missing before it`)
    }
  }
  return filledSeries(columns, read, gaps, file)
}

/**
 * A series of arrays that are at hand, each a column.
 *
 * @example
 * ```ts
 * import { seriesOf } from '@rnn/data'
 * seriesOf({ sine: Float32Array.of(0, 1, 0, -1), tide: Float32Array.of(3, 2, 3, 4) }).values.shape // → [4, 2]
 * ```
 */
export function seriesOf<Column extends string>(arrays: Readonly<Record<Column, ArrayLike<number>>>): Series<Column> {
  const columns = Object.keys(arrays) as Column[]
  const lengths = columns.map((column) => arrays[column].length)
  if (columns.length === 0 || new Set(lengths).size > 1) {
    throw new DataError('E_SHAPE', {
      problem: `columns of ${lengths.join(', ')} numbers are no series`,
      got: lengths,
      expected: 'at least one column, all of the same length',
    })
  }
  const data = new Float32Array(lengths[0]! * columns.length)
  for (const [c, column] of columns.entries())
    for (let i = 0; i < lengths[0]!; i++) data[i * columns.length + c] = arrays[column][i]!
  return { columns, values: hostArray(data, [lengths[0]!, columns.length]), partStarts: [0], filled: 0 }
}

/**
 * The steps from `start` up to, not including, `end`; it shares the numbers with the whole. Throws `E_ARGUMENT` for a
 * range that is not within the series.
 *
 * @example
 * ```ts
 * import { seriesOf, sliceSeries } from '@rnn/data'
 * const series = seriesOf({ tide: Float32Array.of(3, 2, 3, 4) })
 * sliceSeries(series, 0, 3).values.data // → [3, 2, 3]
 * ```
 */
export function sliceSeries<Column extends string>(
  series: Series<Column>,
  start: number,
  end: number = series.values.shape[0]!,
): Series<Column> {
  checkHostArray(series.values, 'values')
  const steps = series.values.shape[0]!
  const width = series.columns.length
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= steps)) {
    throw new DataError('E_ARGUMENT', {
      problem: `steps ${start} to ${end} are no part of a series of ${steps}`,
      got: [start, end],
      expected: `0 ≤ start < end ≤ ${steps}`,
    })
  }
  const inside = series.partStarts.filter((at) => at > start && at < end).map((at) => at - start)
  const data = series.values.data.subarray(start * width, end * width)
  return { ...series, values: hostArray(data, [end - start, width]), partStarts: [0, ...inside] }
}

interface ReadRow {
  readonly line: number
  readonly step: number
  readonly numbers: readonly number[]
}

const missing = /^(?:|na|n\/a|nan|null|\?)$/i

function gap(file: string | undefined, line: number, problem: string): DataError {
  return new DataError('E_GAP', {
    file,
    line,
    problem: `a gap: ${problem}`,
    expected: 'a number at each step',
    fix: 'fill it in, or choose gaps: "split", "linear" or "previous"',
  })
}

function splitAtGaps<Column extends string>(
  columns: readonly Column[],
  rows: readonly ReadRow[],
  file: string | undefined,
): Series<Column> {
  const kept = rows.filter(({ numbers }) => !numbers.some(Number.isNaN))
  if (kept.length === 0)
    throw new DataError('E_GAP', { file, problem: 'each row has a gap', expected: 'a row of numbers' })
  const partStarts = kept.flatMap(({ step }, i) => (i === 0 || step !== kept[i - 1]!.step + 1 ? [i] : []))
  const data = Float32Array.from(kept.flatMap(({ numbers }) => numbers))
  return { columns, values: hostArray(data, [kept.length, columns.length]), partStarts, filled: 0 }
}

function filledSeries<Column extends string>(
  columns: readonly Column[],
  rows: readonly ReadRow[],
  gaps: 'error' | 'linear' | 'previous',
  file: string | undefined,
): Series<Column> {
  const steps = rows.at(-1)!.step + 1
  if (steps > 2 * rows.length) {
    throw new DataError('E_GAP', {
      file,
      problem: `${steps - rows.length} of ${steps} steps are missing, more than are there`,
      got: rows.length,
      expected: 'a series with at least half of its steps',
      fix: 'choose gaps: "split"',
    })
  }
  const width = columns.length
  const data = new Float32Array(steps * width).fill(NaN)
  for (const { step, numbers } of rows) data.set(numbers, step * width)
  let filled = 0
  for (let c = 0; c < width; c++) {
    for (let step = 0; step < steps; step++) {
      if (!Number.isNaN(data[step * width + c])) continue
      let end = step
      while (end < steps && Number.isNaN(data[end * width + c])) end += 1
      if (step === 0 || (end === steps && gaps === 'linear')) {
        const line = step === 0 ? rows[0]!.line : rows.at(-1)!.line
        throw gap(file, line, `"${columns[c]}" has no number ${step === 0 ? 'before' : 'after'} it to fill from`)
      }
      const [before, after] = [data[(step - 1) * width + c]!, data[end * width + c] ?? NaN]
      for (let i = step; i < end; i++) {
        const share = gaps === 'linear' ? (i - step + 1) / (end - step + 1) : 0
        data[i * width + c] = share === 0 ? before : before + share * (after - before)
      }
      filled += end - step
      step = end
    }
  }
  return { columns, values: hostArray(data, [steps, width]), partStarts: [0], filled }
}
