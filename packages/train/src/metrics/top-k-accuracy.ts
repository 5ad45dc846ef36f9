// Top-k accuracy: the share of rows whose class is among the k best guesses.

import { cast, equal, greaterEqual, logicalAnd, max, reshape, RnnError, stack, sum, topK } from '@rnn/core'
import { checkDistributions, compareLabels, oddRows } from './class-labels.ts'
import type { Metric } from './metric.ts'

/** Options of {@link topKAccuracy}. */
export interface TopKAccuracyOptions<Name extends string = string> {
  /** How many guesses count. Default: 5. */
  readonly k?: number
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
  /** The name under which the value is found. Default: `topKAccuracy`. */
  readonly name?: Name
}

/**
 * The share of rows, of samples or of time steps within their lengths, where the right class has one of the `k` largest outputs; 0 where nothing counts. Among equal outputs the
 * lower class is the better guess. Outputs and targets as for `accuracy`, with `k` classes or more.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [topKAccuracy({ k: 3, name: 'top3' })] })
 * metrics.top3 // 0.98
 * ```
 *
 * `count` throws as that of `accuracy` does, and E_VALUE for fewer classes than `k`.
 *
 * @throws E_VALUE for a k that is none
 */
export function topKAccuracy<const Name extends string = 'topKAccuracy'>(
  options: TopKAccuracyOptions<Name> = {},
): Metric<Name, number> {
  const { k = 5, ignoreIndex = -1, name = 'topKAccuracy' as Name } = options
  const operation = 'topKAccuracy'
  if (!(Number.isInteger(k) && k >= 1)) {
    throw new RnnError({ code: 'E_VALUE', operation, problem: `k ${k}`, fix: 'use a whole number from 1 on' })
  }
  return {
    name,
    better: 'more',
    count(outputs, targets, context) {
      const width = outputs.shape.at(-1) ?? 0
      if (width < k) {
        throw new RnnError({
          code: 'E_VALUE',
          operation,
          problem: `k ${k} of ${width} classes`,
          fix: `use 1 … ${width}`,
        })
      }
      const { labels } = compareLabels(operation, outputs, targets, context, ignoreIndex)
      const counts = greaterEqual(labels, 0)
      const guesses = topK(outputs, k).indices
      const found = max(equal(guesses, reshape(labels, [...labels.shape, 1])), { axis: -1 })
      return stack([sum(cast(logicalAnd(found, counts), 'int32')), sum(cast(counts, 'int32')), oddRows(labels)])
    },
    value([right = 0, counted = 0, odd]) {
      checkDistributions(operation, odd)
      return counted === 0 ? 0 : right / counted
    },
  }
}
