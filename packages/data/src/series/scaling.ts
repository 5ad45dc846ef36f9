/** Scaling of numbers, fitted on the training part, applied to all, and undone for people. */

import { DataError, shown } from '../errors.ts'
import { checkFinite } from '../checks/finite.ts'
import { checkHostArray, hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'

/** A saved {@link Scaler}. */
export interface ScalerJSON {
  readonly format: 'rnn-scaler'
  readonly version: 1
  readonly offset: readonly number[]
  readonly scale: readonly number[]
}

/** Scales each column: (x − offset) / scale. */
export interface Scaler {
  /** Of each column. */
  readonly offset: readonly number[]
  /** Of each column; never zero. */
  readonly scale: readonly number[]
  /**
   * A new array of the same shape, scaled. The last axis is the columns; a scaler of one column takes any shape. Throws
   * `E_SHAPE` for another number of columns.
   */
  apply(values: HostArray<Float32Array>): HostArray<Float32Array>
  /** The inverse of `apply`. */
  invert(values: HostArray<Float32Array>): HostArray<Float32Array>
  /** The scaler of one column, by its position: for forecasts of that column. Throws `E_ID`. */
  column(position: number): Scaler
  /** For `JSON.stringify`; {@link scalerFromJSON} restores it. */
  toJSON(): ScalerJSON
}

/**
 * Scales each column to mean 0 and standard deviation 1 over the rows given: those of training, so that nothing of the
 * others leaks into it. A column of one value only is moved, not stretched. Throws `E_NOT_FINITE`, `E_SHAPE`.
 *
 * @example
 * ```ts
 * import { seriesOf, sliceSeries, standardScaler } from '@rnn/data'
 * const series = seriesOf({ tide: Float32Array.of(1, 3, 1, 3, 9) })
 * const scaler = standardScaler(sliceSeries(series, 0, 4).values)
 * const scaled = scaler.apply(series.values)
 * scaled.data // → [-1, 1, -1, 1, 7]
 * scaler.invert(scaled).data // → [1, 3, 1, 3, 9]
 * ```
 */
export function standardScaler(values: HostArray<Float32Array>): Scaler {
  const columns = columnsOf(values)
  const offset = columns.map((column) => mean(column))
  const scale = columns.map((column, c) => Math.sqrt(mean(column.map((x) => (x - offset[c]!) ** 2))) || 1)
  return scalerOf(offset, scale)
}

/**
 * Scales each column so that the least and the greatest of the rows given become the ends of `range`, 0 to 1 unless
 * said otherwise; numbers of other rows may come to lie outside. A column of one value only becomes the lower end.
 * Throws as {@link standardScaler} does, and `E_ARGUMENT` for a range that is none.
 *
 * @example
 * ```ts
 * import { hostArray, minMaxScaler } from '@rnn/data'
 * const scaler = minMaxScaler(hostArray(Float32Array.of(10, 20, 30), [3, 1]), { range: [-1, 1] })
 * scaler.apply(hostArray(Float32Array.of(10, 15, 40), [3, 1])).data // → [-1, -0.5, 2]
 * ```
 */
export function minMaxScaler(
  values: HostArray<Float32Array>,
  { range = [0, 1] }: { readonly range?: readonly [low: number, high: number] } = {},
): Scaler {
  const [low, high] = range
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    throw new DataError('E_ARGUMENT', {
      problem: `range is ${shown(low)} to ${shown(high)}, expected a lower and a higher number`,
      got: range,
      expected: 'a lower and a higher number',
    })
  }
  const columns = columnsOf(values)
  const least = columns.map((column) => column.reduce((a, b) => Math.min(a, b)))
  const scale = columns.map((column, c) => (column.reduce((a, b) => Math.max(a, b)) - least[c]!) / (high - low) || 1)
  return scalerOf(
    least.map((x, c) => x - low * scale[c]!),
    scale,
  )
}

/**
 * Restores a scaler from what `JSON.parse` gives. Throws `E_JSON` that says what is wrong with it; `file` names it in
 * the message.
 *
 * @example
 * ```ts
 * import { hostArray, scalerFromJSON, standardScaler } from '@rnn/data'
 * const saved = JSON.stringify(standardScaler(hostArray(Float32Array.of(1, 3), [2, 1])))
 * scalerFromJSON(JSON.parse(saved)).offset // → [2]
 * ```
 */
export function scalerFromJSON(json: unknown, file?: string): Scaler {
  const { format, version, offset, scale } = (json ?? {}) as { readonly [Key in keyof ScalerJSON]?: unknown }
  const numbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(Number.isFinite)
  if (format === 'rnn-scaler' && version === 1 && numbers(offset) && numbers(scale)) {
    if (offset.length > 0 && offset.length === scale.length && scale.every((x) => x !== 0))
      return scalerOf(offset, scale)
  }
  throw new DataError('E_JSON', {
    file,
    problem: `not a saved scaler: ${shown(JSON.stringify(json))}`,
    got: json,
    expected: 'format "rnn-scaler", version 1, offset and scale of each column',
  })
}

function scalerOf(offset: readonly number[], scale: readonly number[]): Scaler {
  const width = offset.length
  const mapped = (
    values: HostArray<Float32Array>,
    map: (x: number, offset: number, scale: number) => number,
  ): HostArray<Float32Array> => {
    checkHostArray(values, 'values')
    const last = values.shape.at(-1)
    if (width !== 1 && last !== width) {
      throw new DataError('E_SHAPE', {
        problem: `a scaler of ${width} columns got [${values.shape.join(', ')}]`,
        got: values.shape,
        expected: `[…, ${width}]`,
        fix: 'take scaler.column(position) for a single column',
      })
    }
    const data = values.data.map((x, i) => map(x, offset[i % width]!, scale[i % width]!))
    return hostArray(data, values.shape)
  }
  return {
    offset,
    scale,
    apply: (values) => mapped(values, (x, from, by) => (x - from) / by),
    invert: (values) => mapped(values, (x, from, by) => x * by + from),
    column(position) {
      const [from, by] = [offset[position], scale[position]]
      if (from !== undefined && by !== undefined) return scalerOf([from], [by])
      throw new DataError('E_ID', {
        problem: `no column ${shown(position)} in a scaler of ${width}`,
        got: position,
        expected: `0 to ${width - 1}`,
      })
    },
    toJSON: () => ({ format: 'rnn-scaler', version: 1, offset, scale }),
  }
}

/** The numbers of each column, checked. */
function columnsOf(values: HostArray<Float32Array>): Float64Array[] {
  checkHostArray(values, 'values')
  const width = values.shape.at(-1) ?? 0
  if (values.data.length === 0 || values.shape.length < 2) {
    throw new DataError('E_SHAPE', {
      problem: `a scaler cannot be fitted on [${values.shape.join(', ')}]`,
      got: values.shape,
      expected: '[steps, columns], at least one of each',
    })
  }
  checkFinite(values, 'values')
  return Array.from({ length: width }, (_, c) =>
    Float64Array.from({ length: values.data.length / width }, (__, i) => values.data[i * width + c]!),
  )
}

const mean = (numbers: Float64Array): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
