/** A batch source with each batch changed. */

import type { AsyncBatchSource, Batch, BatchSource } from './batch-source.ts'

/**
 * The same source with every batch changed by `change`, which may be asynchronous (an augmentation, a one-hot target).
 *
 * @example
 * ```ts
 * import { mapBatches, textDataset } from '@rnn/data'
 * const set = textDataset({ ids: [[2], [3]], labels: [0, 1] })
 * const mapped = mapBatches(set, (batch) => ({ ...batch, inputs: 'changed' }))
 * const inputs = []
 * for await (const batch of mapped.batches(0)) inputs.push(batch.inputs)
 * inputs // → ["changed"]
 * ```
 */
export function mapBatches<Inputs, Targets, NewInputs, NewTargets>(
  source: BatchSource<Inputs, Targets>,
  change: (batch: Batch<Inputs, Targets>) => Batch<NewInputs, NewTargets> | Promise<Batch<NewInputs, NewTargets>>,
): AsyncBatchSource<NewInputs, NewTargets> {
  return {
    batchCount: source.batchCount,
    sampleCount: source.sampleCount,
    async *batches(epoch, start = 0) {
      for await (const batch of source.batches(epoch, start)) yield await change(batch)
    },
  }
}
