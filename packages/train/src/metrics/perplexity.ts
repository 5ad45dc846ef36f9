// Perplexity: among how many equally likely classes a model is as unsure.

import type { DeferredLogits, Tensor } from '@rnn/core'
import { crossEntropy } from '../losses/cross-entropy.ts'
import { lossMetric } from './loss-metric.ts'
import type { Metric } from './metric.ts'

/** Options of {@link perplexity}. */
export interface PerplexityOptions {
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
}

/**
 * e to the mean cross-entropy of the rows that count: among how many equally likely classes the model would be as unsure. Outputs (logits) and targets as for `crossEntropy`, with lengths and
 * sample weights.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [perplexity()] })
 * metrics.perplexity // 4.2
 * ```
 *
 * @throws E_VALUE for an `ignoreIndex` that is none
 */
export function perplexity(options: PerplexityOptions = {}): Metric<'perplexity', number, Tensor | DeferredLogits> {
  return lossMetric('perplexity', crossEntropy(options), Math.exp)
}
