// Binary accuracy: the share of yes-or-no questions that were answered right, one by one.

import { cast, equal, greater, greaterEqual, RnnError } from '@rnn/core'
import { elementLoss } from '../losses/element-loss.ts'
import { lossMetric } from './loss-metric.ts'
import type { Metric } from './metric.ts'

/** Options of {@link binaryAccuracy}. */
export interface BinaryAccuracyOptions<Name extends string = string> {
  /** The probability above which the answer is yes, above 0 and below 1. Default: 0.5, a logit of 0. */
  readonly threshold?: number
  /** The name under which the value is found. Default: `binaryAccuracy`. */
  readonly name?: Name
}

/**
 * The share of elements where `σ(x) > threshold` is what the target says, x being logits: the metric beside `binaryCrossEntropy`, for several labels at once. NaN where nothing counts.
 *
 * Outputs `[batch, labels]` or `[batch, time, labels]`, targets 0 and 1 of the same shape, float32, int32 or bool (`[batch]` will do for `[batch, 1]`); from 0.5 on they are yes.
 * Time steps past a row's length don't count; sample weights: `Σ w·right / Σ w`, where each element has its sample's weight.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { loss: binaryCrossEntropy(), metrics: [binaryAccuracy()] })
 * metrics.binaryAccuracy // 0.93
 * ```
 *
 * `count` throws E_SHAPE when outputs and targets don't match.
 *
 * @throws E_VALUE for a threshold that is none
 */
export function binaryAccuracy<const Name extends string = 'binaryAccuracy'>(
  options: BinaryAccuracyOptions<Name> = {},
): Metric<Name, number> {
  const { threshold = 0.5, name = 'binaryAccuracy' as Name } = options
  const operation = 'binaryAccuracy'
  if (!(threshold > 0 && threshold < 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `threshold ${threshold}`,
      fix: 'use a probability above 0 and below 1; outputs are logits',
    })
  }
  const logit = Math.log(threshold / (1 - threshold))
  const right = elementLoss(operation, { threshold }, (x, wanted) =>
    cast(equal(greater(x, logit), greaterEqual(wanted, 0.5)), 'float32'),
  )
  return { ...lossMetric(name, right), better: 'more' }
}
