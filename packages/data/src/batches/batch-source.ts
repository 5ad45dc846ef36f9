/**
 * What a trainer reads: batches of host arrays, epoch by epoch, in an order that a seed decides. Any object of this
 * shape will do.
 */

import { checkWhole, DataError, shown } from '../errors.ts'
import type { HostArray, HostArrays } from '../host-array.ts'
import { checkSeed, permutation } from '../random.ts'
import { bucketByLength, countBatches, cutIntoBatches } from '../sequences/bucketing.ts'

/** One batch of host arrays, ready to upload. Whoever asked for it owns the arrays. */
export interface Batch<Inputs = HostArray, Targets = HostArray> {
  /** One array, or a record of named arrays for models with several inputs. */
  readonly inputs: Inputs
  readonly targets: Targets
  /** How much of each row counts, int32 `[batch]`. */
  readonly lengths?: HostArray
  /** How many samples are in it. */
  readonly size: number
}

/** A batch that knows where its samples come from. */
export interface RowBatch<Inputs = HostArray, Targets = HostArray> extends Batch<Inputs, Targets> {
  /**
   * The row of the data set that each sample was: puts predictions back in order, names the sample that was misjudged.
   */
  readonly rows: Int32Array
}

/** Batches by epoch. */
export interface BatchSource<Inputs = HostArray, Targets = HostArray> {
  /** Batches in one epoch. */
  readonly batchCount: number
  /** Samples in one epoch. */
  readonly sampleCount: number
  /**
   * The batches of one epoch (from 0) in that epoch's own order, a pure function of the source's seed and `epoch`, from
   * batch number `start` on: resuming in the middle of an epoch makes none of the batches before.
   */
  batches(epoch: number, start?: number): AsyncIterable<Batch<Inputs, Targets>> | Iterable<Batch<Inputs, Targets>>
}

/** A source whose batches have to be waited for. */
export interface AsyncBatchSource<Inputs = HostArray, Targets = HostArray> extends BatchSource<Inputs, Targets> {
  batches(epoch: number, start?: number): AsyncIterable<Batch<Inputs, Targets>>
}

/** A source whose data are in memory: its batches come without waiting. */
export interface Dataset<
  Inputs extends HostArrays = HostArray,
  Targets extends HostArrays = HostArray,
> extends BatchSource<Inputs, Targets> {
  batches(epoch: number, start?: number): Iterable<RowBatch<Inputs, Targets>>
}

/** A {@link Dataset} that says more precisely what its batches are. */
export interface PlannedDataset<Made> {
  readonly batchCount: number
  readonly sampleCount: number
  batches(epoch: number, start?: number): Iterable<Made>
}

/** How a data set is cut into batches. */
export interface BatchingOptions {
  /** Default 32. */
  readonly batchSize?: number
  /**
   * Default true: each epoch in an order of its own. If false, every epoch in the order of the data (or of length, if
   * bucketed).
   */
  readonly shuffle?: boolean
  /** Decides the orders. Default 0. */
  readonly seed?: number
  /** Leaves out the last, smaller batch of each epoch. Default false. */
  readonly dropLast?: boolean
}

/**
 * A data set of `count` rows: `make` builds the batch of some rows. `bucketing` gives lengths to sort by and the size
 * of a pool.
 */
export function rowDataset<Made extends RowBatch<HostArrays, HostArrays>>(
  count: number,
  options: BatchingOptions & {
    readonly bucketing?: { readonly lengths: ArrayLike<number>; readonly pool: number } | undefined
  },
  make: (rows: Int32Array) => Made,
): PlannedDataset<Made> {
  const { batchSize = 32, shuffle = true, seed = 0, dropLast = false, bucketing } = options
  checkWhole(batchSize, 'batchSize', 1)
  checkSeed(seed)
  const batchCount = countBatches(count, batchSize, dropLast)
  if (batchCount === 0) {
    throw new DataError('E_ARGUMENT', {
      problem: `${count} samples make no batch of ${batchSize}`,
      got: count,
      expected: dropLast ? `at least ${batchSize} samples` : 'at least one sample',
      ...(count > 0 && { fix: 'make batchSize smaller, or leave out dropLast' }),
    })
  }
  const plan = (epoch: number): readonly Int32Array[] => {
    if (bucketing !== undefined)
      return bucketByLength(bucketing.lengths, { ...bucketing, batchSize, shuffle, seed, epoch, dropLast })
    const order = shuffle ? permutation(count, seed, epoch) : Int32Array.from({ length: count }, (_, i) => i)
    return cutIntoBatches(order, batchSize).slice(0, batchCount)
  }
  return plannedDataset({ batchCount, sampleCount: dropLast ? batchCount * batchSize : count, plan }, make)
}

/** A data set whose `plan` gives the rows of each batch of an epoch, always `batchCount` of them. */
export function plannedDataset<Made extends RowBatch<HostArrays, HostArrays>>(
  {
    batchCount,
    sampleCount,
    plan,
  }: {
    readonly batchCount: number
    readonly sampleCount: number
    readonly plan: (epoch: number) => readonly Int32Array[]
  },
  make: (rows: Int32Array) => Made,
): PlannedDataset<Made> {
  return {
    batchCount,
    sampleCount,
    batches(epoch, start = 0) {
      checkPosition(epoch, start, batchCount)
      return {
        *[Symbol.iterator]() {
          for (const rows of plan(epoch).slice(start)) yield make(rows)
        },
      }
    },
  }
}

/** Throws `E_ARGUMENT` unless epoch and start are whole numbers with start within the epoch (its end included). */
export function checkPosition(epoch: number, start: number, batchCount: number): void {
  checkWhole(epoch, 'epoch', 0)
  checkWhole(start, 'start', 0)
  if (start <= batchCount) return
  throw new DataError('E_ARGUMENT', {
    problem: `start is ${shown(start)}, but an epoch has ${batchCount} batches`,
    got: start,
    expected: `0 to ${batchCount}`,
    fix: 'is this position of another data set or batch size?',
  })
}
