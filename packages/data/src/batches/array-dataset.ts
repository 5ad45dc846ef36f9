/** A data set of dense arrays whose first axis is the samples. */

import { checkFinite } from '../checks/finite.ts'
import { DataError } from '../errors.ts'
import { checkHostArray, gatherRows, isHostArray } from '../host-array.ts'
import type { HostArray, HostArrays } from '../host-array.ts'
import { rowDataset } from './batch-source.ts'
import type { BatchingOptions, Dataset } from './batch-source.ts'

/** Options of {@link arrayDataset}. */
export interface ArrayDatasetOptions<Inputs extends HostArrays, Targets extends HostArrays> extends BatchingOptions {
  /** `[samples, …]`, or a record of such arrays. */
  readonly inputs: Inputs
  /** `[samples, …]`, or a record of such arrays. */
  readonly targets: Targets
  /** How much of each sample's time axis counts, int32 `[samples]`. */
  readonly lengths?: HostArray<Int32Array>
}

/**
 * Batches of rows of dense arrays. The arrays are kept, not copied: leave them as they are while the data set is in
 * use. Throws `E_SHAPE` when the arrays differ in their number of samples, `E_NOT_FINITE` for NaN or infinity in one of
 * them.
 *
 * @example
 * ```ts
 * import { arrayDataset, hostArray } from '@rnn/data'
 * const inputs = hostArray(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])
 * const targets = hostArray(Int32Array.of(0, 1, 0), [3])
 * const set = arrayDataset({ inputs, targets, batchSize: 2, shuffle: false })
 * const [first] = set.batches(0)
 * first.inputs.shape // → [2, 2]
 * first.inputs.data // → [1, 2, 3, 4]
 * set.batchCount // → 2
 * ```
 */
export function arrayDataset<Inputs extends HostArrays, Targets extends HostArrays>(
  options: ArrayDatasetOptions<Inputs, Targets>,
): Dataset<Inputs, Targets> {
  const { inputs, targets, lengths } = options
  const named = [
    ...entries('inputs', inputs),
    ...entries('targets', targets),
    ...(lengths ? entries('lengths', lengths) : []),
  ]
  const [first] = named
  const count = first?.[1].shape[0] ?? 0
  for (const [name, array] of named) {
    checkHostArray(array, name)
    if (array.shape.length === 0 || array.shape[0] !== count) {
      throw new DataError('E_SHAPE', {
        problem: `${name} has ${array.shape[0] ?? 'no'} rows, ${first?.[0] ?? 'inputs'} has ${count}`,
        got: array.shape,
        expected: `[${count}, …]`,
        fix: 'the first axis of every array is the samples',
      })
    }
    checkFinite(array, name)
  }
  return rowDataset(count, options, (rows) => ({
    inputs: gather(inputs, rows),
    targets: gather(targets, rows),
    ...(lengths && { lengths: gatherRows(lengths, rows) }),
    size: rows.length,
    rows: rows.slice(),
  }))
}

function entries(name: string, arrays: HostArrays): [string, HostArray][] {
  if (isHostArray(arrays)) return [[name, arrays]]
  return Object.entries(arrays).map(([key, array]) => [`${name}.${key}`, array])
}

/** The rows of one array or of each array of a record: the same structure, as the cast says. */
function gather<Arrays extends HostArrays>(arrays: Arrays, rows: Int32Array): Arrays {
  if (isHostArray(arrays)) return gatherRows(arrays, rows) as HostArrays as Arrays
  return Object.fromEntries(
    Object.entries(arrays).map(([key, array]) => [key, gatherRows(array, rows)]),
  ) as HostArrays as Arrays
}
