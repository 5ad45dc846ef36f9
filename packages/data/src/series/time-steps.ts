/** The times of a series as numbers of steps, so that a missing row shows. */

import { DataError, shown } from '../errors.ts'

/** A row's time as it was written, and its line. */
export interface WrittenTime {
  readonly text: string
  readonly line: number
}

/**
 * The step of each row, from 0, one more from row to row except over a gap. The length of a step is the commonest
 * difference; times of months are counted in months. Throws `E_TIME`, with the line, for what is neither a number nor
 * an ISO date, for times that do not go on, and for differences that are no whole number of steps.
 */
export function stepsOf(times: readonly WrittenTime[], column: string, file: string | undefined): number[] {
  const dates = times.map((time) => timeOf(time, column, file))
  const values = dates.every(({ month }) => month !== undefined)
    ? dates.map(({ month }) => month as number)
    : dates.map(({ value }) => value)
  const differences = values.slice(1).map((value, i) => value - values[i]!)
  for (const [i, difference] of differences.entries()) {
    if (difference > 0) continue
    const { text, line } = times[i + 1]!
    throw new DataError('E_TIME', {
      file,
      line,
      problem: `the column "${column}" goes from ${shown(times[i]!.text)} to ${shown(text)}, which is not later`,
      got: text,
      expected: 'times in ascending order, each once',
      fix: 'sort the lines by time and remove the repeated ones',
    })
  }
  const step = commonest(differences)
  let at = 0
  return [
    0,
    ...differences.map((difference, i) => {
      const count = Math.round(difference / step)
      // Times are float64: a hundredth of a step is no rounding error.
      if (count < 1 || Math.abs(difference / step - count) > 0.01) {
        const { text, line } = times[i + 1]!
        throw new DataError('E_TIME', {
          file,
          line,
          problem: `from ${shown(times[i]!.text)} to ${shown(text)} are ${(difference / step).toFixed(2)} steps`,
          got: text,
          expected: 'rows at equal distances',
          fix: 'bring the series to equal steps first, or leave out `time` to take the rows as they are',
        })
      }
      return (at += count)
    }),
  ].slice(0, times.length)
}

const iso = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?Z?)?)?$/

/** A time as a number: of milliseconds, or the number itself; and of months, where it is the start of one. */
function timeOf({ text, line }: WrittenTime, column: string, file: string | undefined): TimeValue {
  const trimmed = text.trim()
  const match = iso.exec(trimmed)
  if (match !== null) {
    const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(match[i] ?? (i < 4 ? 1 : 0)))
    const value = Date.UTC(year!, month! - 1, day, hour, minute) + 1000 * second!
    const real = new Date(value).getUTCDate() === day && month! >= 1 && month! <= 12 && hour! < 24 && minute! < 60
    const starts = day === 1 && hour === 0 && minute === 0 && second === 0
    if (real) return { value, month: starts ? 12 * year! + month! : undefined }
  } else if (trimmed !== '' && Number.isFinite(Number(trimmed))) return { value: Number(trimmed) }
  throw new DataError('E_TIME', {
    file,
    line,
    problem: `the column "${column}" holds ${shown(text)}, expected a time`,
    got: text,
    expected: 'a number, 2016-07-01 13:00:00, 2016-07-01 or 2016-07',
    fix: 'write times as 2016-07-01 13:00:00, 2016-07-01, 2016-07 or a number',
  })
}

interface TimeValue {
  readonly value: number
  readonly month?: number | undefined
}

/** The value that is there most often; the smallest of several such. */
function commonest(values: readonly number[]): number {
  const counts = new Map<number, number>()
  // Differences of decimal times, such as 0.1, are equal but for their last bits.
  for (const value of values)
    counts.set(Number(value.toPrecision(9)), (counts.get(Number(value.toPrecision(9))) ?? 0) + 1)
  const [best] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || a - b)
  return best?.[0] ?? 1
}
