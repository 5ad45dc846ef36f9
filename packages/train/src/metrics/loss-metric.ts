// Losses as metrics: their means over a whole set, and what follows from such means.

import { full, reshape, stack, Tensor } from '@rnn/core'
import type { Loss } from '../losses/loss.ts'
import { meanAbsoluteError } from '../losses/mean-absolute-error.ts'
import { meanSquaredError } from '../losses/mean-squared-error.ts'
import type { Metric } from './metric.ts'

/**
 * The mean of a loss over all batches, each by its weight, as a metric: sums of batches are added in float64. NaN where nothing counts.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [lossMetric('huber', huber())] })
 * ```
 *
 * @param finish makes the value of the mean. Default: the mean itself
 */
export function lossMetric<const Name extends string, Outputs = Tensor, Targets = Tensor>(
  name: Name,
  loss: Loss<Outputs, Targets>,
  finish: (mean: number) => number = (mean) => mean,
): Metric<Name, number, Outputs, Targets> {
  return {
    name,
    better: 'less',
    combine: 'append',
    count(outputs, targets, context) {
      const size = targets instanceof Tensor ? (targets.shape[0] ?? 1) : 1
      const measured = loss.measure?.(outputs, targets, context)
      const { mean, weight } = measured ?? { mean: loss.compute(outputs, targets, context), weight: size }
      return reshape(
        stack([mean, typeof weight === 'number' ? full([], weight, { backend: mean.backend }) : weight]),
        [1, 2],
      )
    },
    value(rows) {
      let [total, weights] = [0, 0]
      for (let i = 0; i + 1 < rows.length; i += 2) {
        const [mean = 0, weight = 0] = [rows[i], rows[i + 1]]
        if (weight === 0) continue
        total += mean * weight
        weights += weight
      }
      return finish(total / weights)
    },
  }
}

/**
 * Mean absolute error over the elements that count: that of the loss `meanAbsoluteError` over the whole set, with lengths and sample weights.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [mae(), rmse(), rSquared()] })
 * metrics.mae // in the unit of the targets
 * ```
 */
export function mae(): Metric<'mae', number> {
  return lossMetric('mae', meanAbsoluteError())
}

/** Root of the mean squared error over the elements that count, with lengths and sample weights: in the unit of the targets. */
export function rmse(): Metric<'rmse', number> {
  return lossMetric('rmse', meanSquaredError(), Math.sqrt)
}
