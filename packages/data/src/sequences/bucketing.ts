/**
 * Batches of sequences of similar length, so that little of a batch is padding, in a random order that a seed decides.
 */

import { checkWhole } from '../errors.ts'
import { checkSeed, randomStream, shuffleInPlace } from '../random.ts'

/** Options of {@link bucketByLength}. */
export interface BucketingOptions {
  readonly batchSize: number
  /** Default true. If false, the batches run from the shortest sequences to the longest, the same in every epoch. */
  readonly shuffle?: boolean
  /** Default 0. */
  readonly seed?: number
  /** Default 0. Each epoch has an order of its own. */
  readonly epoch?: number
  /** Leaves out the last, smaller batch. Default false. */
  readonly dropLast?: boolean
  /**
   * How many batches are sorted together. More: less padding; fewer: batches that are more random. Default 100.
   */
  readonly pool?: number
}

/**
 * The rows of each batch: shuffled, cut into pools, each pool sorted by length and cut into batches, and the batches
 * shuffled. A pure function of its arguments. Each row is in exactly one batch (but for the rows, random ones, that
 * `dropLast` leaves out). Every batch but at most one has `batchSize` rows.
 *
 * @example
 * ```ts
 * import { bucketByLength } from '@rnn/data'
 * bucketByLength([5, 1, 6, 2], { batchSize: 2, shuffle: false }) // → [[1, 3], [0, 2]]
 * ```
 */
export function bucketByLength(lengths: ArrayLike<number>, options: BucketingOptions): Int32Array[] {
  const { batchSize, shuffle = true, seed = 0, epoch = 0, dropLast = false, pool = 100 } = options
  checkWhole(batchSize, 'batchSize', 1)
  checkWhole(epoch, 'epoch', 0)
  checkWhole(pool, 'pool', 1)
  checkSeed(seed)

  // The sort is stable: rows of equal length stay in their random order.
  const byLength = (a: number, b: number): number => (lengths[a] as number) - (lengths[b] as number)
  let order = Int32Array.from({ length: lengths.length }, (_, i) => i)
  const random = randomStream(seed, epoch)
  if (shuffle) shuffleInPlace(order, random)
  if (dropLast) order = order.subarray(0, order.length - (order.length % batchSize))
  const poolSize = shuffle ? pool * batchSize : order.length
  for (let start = 0; start < order.length; start += poolSize) order.subarray(start, start + poolSize).sort(byLength)
  const batches = cutIntoBatches(order, batchSize)
  if (shuffle) shuffleInPlace(batches, random)
  return batches
}

/** What {@link batchesOfTokens} goes by. */
interface TokenBudget {
  /** What the rows are sorted by; undefined: they keep their order. */
  readonly keys: ArrayLike<number> | undefined
  readonly tokensPerBatch: number
  /** At most this many rows a batch; may be infinite. */
  readonly batchSize: number
  readonly multipleOf: number
  readonly shuffle: boolean
  readonly seed: number
  readonly epoch: number
}

/**
 * The rows of each batch, as many as fit into `tokensPerBatch` with their padding, at least one. All rows are sorted
 * together, and only rows of equal keys change places from epoch to epoch (beside the batches themselves): so each epoch
 * has the same number of batches, if rows of equal keys have equal lengths.
 */
export function batchesOfTokens(lengths: Int32Array, budget: TokenBudget): Int32Array[] {
  const { keys, tokensPerBatch, batchSize, multipleOf, shuffle, seed, epoch } = budget
  const order = Int32Array.from(lengths, (_, i) => i)
  const random = randomStream(seed, epoch)
  if (shuffle) shuffleInPlace(order, random)
  if (keys !== undefined) order.sort((a, b) => (keys[a] as number) - (keys[b] as number))
  const batches: Int32Array[] = []
  let start = 0
  let longest = 0
  for (let end = 0; end < order.length; end++) {
    const time = Math.ceil((lengths[order[end] as number] as number) / multipleOf) * multipleOf
    const grown = Math.max(longest, time)
    const size = end - start
    if (size > 0 && (size >= batchSize || (size + 1) * grown > tokensPerBatch)) {
      batches.push(order.subarray(start, end))
      start = end
      longest = time
    } else longest = grown
  }
  if (start < order.length) batches.push(order.subarray(start))
  if (shuffle) shuffleInPlace(batches, random)
  return batches
}

/** The order in consecutive pieces of `batchSize`; the last may be smaller. The pieces are views. */
export function cutIntoBatches(order: Int32Array, batchSize: number): Int32Array[] {
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  )
}

/** How many batches `count` samples make. */
export function countBatches(count: number, batchSize: number, dropLast: boolean): number {
  return dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize)
}
