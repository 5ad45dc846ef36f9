// What a loss is. Each loss has a file of its own in this folder; a new one is a function that calls `meanLoss` (or makes a `Loss`
// by hand) and a line in src/index.ts.

import { scope, type Tensor } from '@rnn/core'
import type { HostArray, HostInput } from '@rnn/layers'
import type { JsonObject } from '../json.ts'

/** What a loss or a metric may need beside outputs and targets. */
export interface LossContext {
  /** int32 `[batch]`: time steps past a row's length don't count, where outputs and targets have time steps, even if they are NaN. */
  readonly lengths?: Tensor | undefined
  /** bool `[batch, time]`: the steps that the model did not leave out (`masking` does), where it left out any. The others don't count either. */
  readonly counted?: Tensor | undefined
  /** float32 `[batch]` or `[batch, time]`: a sample of weight 2 counts as two, one of weight 0 not at all, even if it is NaN. */
  readonly sampleWeights?: Tensor | undefined
}

/** The loss of a batch, and what its mean was divided by: what averages over batches of different sizes need. */
export interface MeasuredLoss {
  /** float32 `[]`. */
  readonly mean: Tensor
  /** Σ of the weights of all that counted: a number, or float32 `[]` where only the device knows. */
  readonly weight: Tensor | number
}

/**
 * A function of outputs and targets that training makes smaller. `compute` is all that a loss of one's own needs. What the context says doesn't count, it must leave out
 * itself; `elementLoss` makes losses that do:
 *
 * ```ts
 * const meanAbsolute: Loss = { name: 'meanAbsolute', configuration: {}, compute: (y, t) => mean(abs(sub(y, t))) }
 * ```
 */
export interface Loss<Outputs = Tensor, Targets = Tensor> {
  readonly name: string
  /** The options, as JSON: part of a checkpoint's fingerprint. */
  readonly configuration: JsonObject
  /**
   * Called by `fit` and `evaluate` with the targets, lengths and sample weights of each batch, as the set gives them, before its step: where they lie in host memory, what is wrong with them can be said on
   * any backend, and before anything has happened. Throws what is to be said. Default: nothing is looked at.
   */
  check?(
    targets: HostInput<Targets>,
    lengths: HostArray | Tensor | undefined,
    sampleWeights: HostArray | Tensor | undefined,
  ): void
  /** The mean over the batch, float32 `[]`. It belongs to the caller's scope. */
  compute(outputs: Outputs, targets: Targets, context?: LossContext): Tensor
  /** As `compute`, with the weight of the batch. Default: each sample of the batch weighs 1. */
  measure?(outputs: Outputs, targets: Targets, context?: LossContext): MeasuredLoss
}

/** A loss from its `measure`, which runs in a scope of its own. */
export function meanLoss<Outputs = Tensor>(
  name: string,
  configuration: JsonObject,
  measure: (outputs: Outputs, targets: Tensor, context: LossContext) => MeasuredLoss,
): Loss<Outputs> {
  return {
    name,
    configuration,
    compute: (outputs, targets, context = {}) => scope(targets.backend, () => measure(outputs, targets, context).mean),
    measure: (outputs, targets, context = {}) => scope(targets.backend, () => measure(outputs, targets, context)),
  }
}
