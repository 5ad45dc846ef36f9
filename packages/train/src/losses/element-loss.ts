// What losses that compare element by element have in common: targets of the outputs' shape, weights, masks, the mean.

import type { Tensor } from '@rnn/core'
import type { JsonObject } from '../json.ts'
import { meanLoss, type Loss } from './loss.ts'
import { elementWeights, masked, matchingTargets, weightedMean } from './weighted-mean.ts'

/**
 * A loss that is the mean over all elements of a function of output and target.
 *
 * Outputs `[batch, features]` or `[batch, time, features]`, targets of the same shape, float32, int32 or bool (`[batch]` will do for `[batch, 1]`). With
 * time steps, those past a row's length don't count. Sample weights: `Σ w·e / Σ w`, where each element has its sample's weight. What doesn't count may be NaN.
 *
 * ```ts
 * const logCosh = elementLoss('logCosh', {}, (y, t) => sub(add(sub(y, t), softplus(mul(sub(y, t), -2))), Math.LN2))
 * ```
 *
 * @param compare the losses of single elements from outputs and targets of one shape, float32 both; finite where both are 0
 * @returns its `compute` throws E_SHAPE when outputs and targets don't match
 */
export function elementLoss(
  name: string,
  configuration: JsonObject,
  compare: (outputs: Tensor, targets: Tensor) => Tensor,
): Loss {
  return meanLoss(name, configuration, (outputs, targets, context) => {
    const weights = elementWeights(name, outputs, context)
    const wanted = masked(matchingTargets(name, outputs, targets), weights.counted)
    return weightedMean(compare(masked(outputs, weights.counted), wanted), weights)
  })
}
