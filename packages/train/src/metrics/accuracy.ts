// Accuracy: the share of rows whose class was predicted right.

import { cast, equal, greaterEqual, logicalAnd, stack, sum } from '@rnn/core'
import { checkDistributions, compareLabels, oddRows } from './class-labels.ts'
import type { Metric } from './metric.ts'

/** Options of {@link accuracy}. */
export interface AccuracyOptions {
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
}

/**
 * The share of rows, of samples or of time steps within their lengths, where the largest output is the right class; 0 where nothing counts.
 *
 * Outputs are logits or probabilities, `[batch, classes]` or `[batch, time, classes]`; targets class indices (int32) or one-hot rows (or probabilities: the largest is right). A single output
 * is a logit of yes against no. Several labels at once are a matter for `binaryAccuracy`. Sample weights play no part.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [accuracy()] })
 * metrics.accuracy // 0.93
 * ```
 *
 * `count` throws E_SHAPE, E_DTYPE for outputs and targets that don't match, and E_INDEX_RANGE, at once or at the next read, for a class index that
 * is none. Rows of targets that don't sum to 1 are refused with E_VALUE: by `count` where the backend has its memory at hand, else by `value`.
 */
export function accuracy(options: AccuracyOptions = {}): Metric<'accuracy', number> {
  const { ignoreIndex = -1 } = options
  return {
    name: 'accuracy',
    better: 'more',
    count(outputs, targets, context) {
      const { labels, predicted } = compareLabels('accuracy', outputs, targets, context, ignoreIndex)
      const counts = greaterEqual(labels, 0)
      const correct = logicalAnd(equal(predicted, labels), counts)
      return stack([sum(cast(correct, 'int32')), sum(cast(counts, 'int32')), oddRows(labels)])
    },
    value([correct = 0, counted = 0, odd]) {
      checkDistributions('accuracy', odd)
      return counted === 0 ? 0 : correct / counted
    },
  }
}
