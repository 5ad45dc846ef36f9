/** One long stream of ids in batches that go on where the last one stopped: for truncated backpropagation. */

import { checkWhole, DataError } from '../errors.ts'
import { hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import { checkPosition } from './batch-source.ts'
import type { Batch, BatchSource } from './batch-source.ts'

/** Options of {@link streamDataset}. */
export interface StreamDatasetOptions {
  /** The whole stream; kept, not copied. */
  readonly ids: Int32Array
  /** How many parts of the stream are read side by side. Default 32. */
  readonly batchSize?: number
  /** How many ids of each part a batch has. */
  readonly steps: number
}

/** A batch whose rows go on where the same rows of the batch before ended. */
export interface StreamBatch extends Batch<HostArray<Int32Array>, HostArray<Int32Array>> {
  /** Tells a trainer to carry the states of recurrent layers over; the first batch of an epoch begins in any case. */
  readonly continues: true
}

/** Batches of a stream, without waiting. */
export interface StreamDataset extends BatchSource<HostArray<Int32Array>, HostArray<Int32Array>> {
  batches(epoch: number, start?: number): Iterable<StreamBatch>
}

/**
 * Cuts a stream into `batchSize` parts of equal length and each part into pieces of `steps`: row r of a batch goes on
 * where row r of the batch before stopped, in every epoch alike, so that a state carried from batch to batch sees the
 * part as a whole (which `fit` of `@rnn/train` does, told by `continues`). Inputs and targets are int32 `[batchSize, steps]`; a target is the id after its input. The last
 * batch may have fewer steps; up to `batchSize` ids at the end of the stream, which make no further column, are left
 * out. Throws `E_ARGUMENT` for a stream too short for one batch.
 *
 * @example
 * ```ts
 * import { streamDataset } from '@rnn/data'
 * const set = streamDataset({ ids: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), batchSize: 2, steps: 3 })
 * const [first, second] = set.batches(0)
 * first.inputs.data // → [1, 2, 3, 5, 6, 7]
 * first.targets.data // → [2, 3, 4, 6, 7, 8]
 * second.inputs.data // → [4, 8]
 * ```
 */
export function streamDataset({ ids, batchSize = 32, steps }: StreamDatasetOptions): StreamDataset {
  checkWhole(batchSize, 'batchSize', 1)
  checkWhole(steps, 'steps', 1)
  const length = Math.floor((ids.length - 1) / batchSize)
  if (length < 1) {
    throw new DataError('E_ARGUMENT', {
      problem: `a stream of ${ids.length} ids makes no batch of ${batchSize}`,
      got: ids.length,
      expected: `at least ${batchSize + 1} ids`,
      fix: 'make batchSize smaller',
    })
  }
  const batchCount = Math.ceil(length / steps)
  return {
    batchCount,
    sampleCount: batchCount * batchSize,
    batches(epoch, start = 0) {
      checkPosition(epoch, start, batchCount)
      return {
        *[Symbol.iterator]() {
          for (let from = start * steps; from < length; from += steps) {
            const width = Math.min(steps, length - from)
            const gather = (offset: number): HostArray<Int32Array> => {
              const data = new Int32Array(batchSize * width)
              for (let row = 0; row < batchSize; row++) {
                const at = row * length + from + offset
                data.set(ids.subarray(at, at + width), row * width)
              }
              return hostArray(data, [batchSize, width])
            }
            yield { inputs: gather(0), targets: gather(1), size: batchSize, continues: true }
          }
        },
      }
    },
  }
}
