// The batches that training reads. The data sets of @rnn/data have this form, and so may any object of one's own.

import { RnnError, type Tensor } from '@rnn/core'
import type { HostArray, HostInput } from '@rnn/layers'

/** One batch in host memory. */
export interface TrainingBatch<Input = Tensor, Targets = Tensor> {
  /** One array, or arrays by name where the model's input is a record. */
  readonly inputs: HostInput<Input>
  readonly targets: HostInput<Targets>
  /** int32 `[batch]`: how much of each row counts. */
  readonly lengths?: HostArray | Tensor | undefined
  /** float32 `[batch]` or `[batch, time]`: what each sample or time step counts for in the loss. Default: 1. */
  readonly sampleWeights?: HostArray | Tensor | undefined
  /**
   * Streams: whether rows go on where the same row of the batch before ended, with the states that recurrent layers had there. false: all rows begin; true: all go
   * on (those of an epoch's first batch begin in any case); int32 `[batch]`: those with 1 go on. Gradients stay within a batch. Default: the batch is no part of a
   * stream, each row is a sequence of its own.
   */
  readonly continues?: boolean | HostArray | Tensor | undefined
  /** Number of samples. */
  readonly size: number
}

/** Batches, epoch by epoch. */
export interface TrainingSet<Input = Tensor, Targets = Tensor> {
  /** Batches in one epoch, which ends with them: `batches` may go on without end. */
  readonly batchCount: number
  /** Samples in one epoch. */
  readonly sampleCount: number
  /** The batches of one epoch (from 0) from number `start` on; the same arguments must always give the same batches. */
  batches(
    epoch: number,
    start?: number,
  ): AsyncIterable<TrainingBatch<Input, Targets>> | Iterable<TrainingBatch<Input, Targets>>
}

/** @throws E_VALUE for a set without batches, or of a number that is none */
export function checkNotEmpty(operation: string, name: string, { batchCount }: { readonly batchCount: number }): void {
  if (batchCount === 0) throw emptySet(operation, name)
  if (Number.isSafeInteger(batchCount) && batchCount > 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `the ${name} says that it has ${batchCount} batches`,
    fix: 'batchCount is how many batches make an epoch; of a set that goes on without end, choose one',
  })
}

/** A set that has nothing to give. */
export function emptySet(operation: string, name: string): RnnError {
  return new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `the ${name} is empty`,
    fix: 'give at least one batch; is batchSize larger than the set, with dropLast?',
  })
}
