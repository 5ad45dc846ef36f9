// What a metric is. Each metric has a file of its own in this folder.

import type { Shape, Tensor } from '@rnn/core'
import type { LossContext } from '../losses/loss.ts'

/**
 * Something counted over batches: the device counts and adds up, the host makes a value of what came together, once, at the end of an epoch.
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
  /**
   * How the counts of batches become one: `sum`, or `append`, one behind the other along the first axis, for what no sum can say (a ranking), and for sums that want more digits than float32
   * has. They stay on the device until the epoch is over: then let a batch have few. Default: `sum`.
   */
  readonly combine?: 'sum' | 'append'
  /** Whether larger values are better: what watches them (`earlyStopping`, `reduceOnPlateau`) goes by it. Default: nobody knows, and such a callback has to be told. */
  readonly better?: 'more' | 'less'
  /** What one batch adds: int32 or float32, the same shape for every batch (with `append` but for the first axis). Runs in a scope of its own. */
  count(outputs: Outputs, targets: Targets, context: LossContext): Tensor
  /** The value of the counts of all batches, row-major. */
  value(counts: Float32Array | Int32Array, shape: Shape): Value
}

/** The values of some metrics by their names. */
export type MetricValues<Metrics extends readonly Metric<string, unknown, never, never>[]> = {
  readonly [M in Metrics[number] as M['name']]: ReturnType<M['value']>
}
