// The coefficient of determination: how much of the targets' variance the outputs explain.

import {
  add,
  broadcastTo,
  div,
  greater,
  max,
  mul,
  notEqual,
  ones,
  reshape,
  select,
  square,
  stack,
  sub,
  sum,
  type Tensor,
} from '@rnn/core'
import { elementWeights, masked, matchingTargets } from '../losses/weighted-mean.ts'
import type { Metric } from './metric.ts'

/** Below every target. */
const LEAST = -3.4e38

/** Of one feature over some samples. */
interface Moments {
  readonly weight: number
  readonly mean: number
  /** Σ of squared distances of the targets from their mean. */
  readonly spread: number
  /** Σ of squared errors. */
  readonly error: number
}

/**
 * `R² = 1 − Σ w·(t − y)² / Σ w·(t − mean(t))²` over all samples (and time steps within their lengths), for each feature, averaged over the features, as scikit-learn's `r2_score` does: 1 for perfect outputs,
 * 0 for those that are no better than the targets' mean, below 0 for worse ones. A feature whose targets are all the same has 1 for perfect outputs, else 0.
 *
 * Outputs and targets as for `meanSquaredError`. Means and variances of batches are put together in float64 (Chan, Golub & LeVeque 1979), so that a large mean hides no
 * variance, and targets that are all the same have none. NaN where nothing counts.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [rSquared()] })
 * metrics.rSquared // 0.93
 * ```
 *
 * `count` throws E_SHAPE when outputs and targets don't match.
 */
export function rSquared(): Metric<'rSquared', number> {
  return {
    name: 'rSquared',
    better: 'more',
    combine: 'append',
    count(outputs, targets, context) {
      const { shape, backend } = outputs
      const { counted, factors } = elementWeights('rSquared', outputs, context)
      const features = shape.length < 2 ? 1 : (shape.at(-1) ?? 1)
      const flat = (x: Tensor): Tensor => reshape(x, [-1, features])
      const wanted = flat(masked(matchingTargets('rSquared', outputs, targets), counted))
      const given = flat(masked(outputs, counted))
      const weights = factors === undefined ? ones(wanted.shape, { backend }) : flat(broadcastTo(factors, shape))
      const weight = sum(weights, { axis: 0 })
      const divisor = select(greater(weight, 0), weight, 1)
      // Distances from one of the targets that count: of targets that are all the same, they and their mean are exactly 0. A mean of the targets themselves is rounded, and is off.
      const origin = select(greater(weight, 0), max(select(notEqual(weights, 0), wanted, LEAST), { axis: 0 }), 0)
      const distances = sub(wanted, origin)
      const offset = div(sum(mul(weights, distances), { axis: 0 }), divisor)
      const spread = sum(mul(weights, square(sub(distances, offset))), { axis: 0 })
      const error = sum(mul(weights, square(sub(wanted, given))), { axis: 0 })
      return reshape(stack([weight, add(origin, offset), spread, error]), [1, 4, features])
    },
    value(rows, [batches = 0, , features = 0]) {
      const each = Array.from({ length: features }, (_, feature) => {
        const batch = (i: number): Moments => {
          const at = (what: number): number => rows[(i * 4 + what) * features + feature] ?? 0
          return { weight: at(0), mean: at(1), spread: at(2), error: at(3) }
        }
        return explained(Array.from({ length: batches }, (_, i) => batch(i)).reduce(together))
      })
      return each.reduce((sum, value) => sum + value, 0) / features
    },
  }
}

function together(a: Moments, b: Moments): Moments {
  const weight = a.weight + b.weight
  if (weight === 0) return a
  const gap = b.mean - a.mean
  return {
    weight,
    mean: a.mean + (gap * b.weight) / weight,
    spread: a.spread + b.spread + (gap * gap * a.weight * b.weight) / weight,
    error: a.error + b.error,
  }
}

function explained({ weight, spread, error }: Moments): number {
  if (weight === 0) return Number.NaN
  if (spread === 0) return error === 0 ? 1 : 0
  return 1 - error / spread
}
