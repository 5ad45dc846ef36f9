/** Dense arrays in host memory, ready for upload: the only kind of array this package makes. */

import { DataError, shown } from './errors.ts'

/**
 * A row-major array in host memory with its shape. Whoever made it owns `data`; a trainer copies it to a device and
 * keeps no reference.
 */
export interface HostArray<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: Data
  readonly shape: readonly number[]
}

/** One host array, or several by name for models with several inputs or outputs. */
export type HostArrays = HostArray | Readonly<Record<string, HostArray>>

/**
 * Pairs `data` with `shape` without copying. Throws `E_SHAPE` when the sizes disagree, `E_ARGUMENT` for another kind of
 * array.
 *
 * @example
 * ```ts
 * import { hostArray } from '@rnn/data'
 * hostArray(new Float32Array(6), [2, 3]).shape // → [2, 3]
 * ```
 */
export function hostArray<Data extends Float32Array | Int32Array>(
  data: Data,
  shape: readonly number[],
): HostArray<Data> {
  checkHostArray({ data, shape }, 'hostArray')
  return { data, shape }
}

/**
 * Throws `E_ARGUMENT` for another kind of array, `E_SHAPE` unless the shape holds whole sizes whose product is the
 * number of elements; `name` is used in the message.
 */
export function checkHostArray(array: HostArray, name: string): void {
  if (!(array.data instanceof Float32Array || array.data instanceof Int32Array)) {
    const got = Object.prototype.toString.call(array.data).slice(8, -1)
    throw new DataError('E_ARGUMENT', {
      problem: `${name}: the data are of type ${got}, expected Float32Array or Int32Array`,
      got,
      expected: ['Float32Array', 'Int32Array'],
      fix: 'convert them: Float32Array.from(data)',
    })
  }
  const size = array.shape.reduce((product, dimension) => product * dimension, 1)
  if (array.shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0) && size === array.data.length)
    return
  throw new DataError('E_SHAPE', {
    problem: `${name}: shape [${array.shape.join(', ')}] does not fit ${array.data.length} elements`,
    got: array.shape,
    expected: `a shape of ${array.data.length} elements`,
  })
}

/** True for a single host array, false for a record of them. */
export function isHostArray(value: HostArrays): value is HostArray {
  return ArrayBuffer.isView((value as { readonly data?: unknown }).data)
}

/**
 * The chosen rows of an array (first axis) as a new array `[rows.length, ...rest]`, in the order of `rows`.
 * Throws `E_ID` for a row that is not there.
 *
 * @example
 * ```ts
 * import { gatherRows, hostArray } from '@rnn/data'
 * const array = hostArray(Int32Array.of(1, 2, 3, 4, 5, 6), [3, 2])
 * gatherRows(array, [2, 0]).data // → [5, 6, 1, 2]
 * ```
 */
export function gatherRows<Data extends Float32Array | Int32Array>(
  array: HostArray<Data>,
  rows: ArrayLike<number>,
): HostArray<Data> {
  const count = array.shape[0] ?? 0
  const rest = array.shape.slice(1)
  const width = rest.reduce((product, dimension) => product * dimension, 1)
  const data = (
    array.data instanceof Int32Array ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width)
  ) as Data
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    if (!(row >= 0 && row < count)) {
      throw new DataError('E_ID', {
        problem: `row ${shown(row)} is outside an array of ${count} rows`,
        got: row,
        expected: `0 to ${count - 1}`,
      })
    }
    data.set(array.data.subarray(row * width, (row + 1) * width), i * width)
  }
  return { data, shape: [rows.length, ...rest] }
}
