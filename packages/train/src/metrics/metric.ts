// What a metric is. Each metric has a file of its own in this folder.

import type { Tensor } from '@rnn/core'
import type { LossContext } from '../losses/loss.ts'

/**
 * Something counted over batches: the device counts and adds up, the host makes a value of the sums, once, at the end of an epoch.
 *
 * ```ts
 * const samples: Metric<'samples', number> = {
 *   name: 'samples',
 *   count: (outputs) => full([1], outputs.shape[0] ?? 0, { backend: outputs.backend, dtype: 'int32' }),
 *   value: ([count = 0]) => count,
 * }
 * ```
 */
export interface Metric<Name extends string = string, Value = unknown, Outputs = Tensor, Targets = Tensor> {
  /** The name under which its values are found: `accuracy`. */
  readonly name: Name
  /** What one batch adds: int32 or float32, the same shape for every batch. Runs in a scope of its own. */
  count(outputs: Outputs, targets: Targets, context: LossContext): Tensor
  /** The value of the summed counts, row-major. */
  value(counts: Float32Array | Int32Array): Value
}

/** The values of some metrics by their names. */
export type MetricValues<Metrics extends readonly Metric<string, unknown, never, never>[]> = {
  readonly [M in Metrics[number] as M['name']]: ReturnType<M['value']>
}
