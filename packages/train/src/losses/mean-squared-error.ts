// Mean squared error, for regression.

import { square, sub } from '@rnn/core'
import type { Loss } from './loss.ts'
import { meanLoss } from './loss.ts'
import { elementWeights, masked, matchingTargets, weightedMean } from './weighted-mean.ts'

/**
 * The mean of `(output − target)²` over all elements, as PyTorch's `MSELoss` and Keras's `MeanSquaredError` have it.
 *
 * Outputs `[batch, features]` or `[batch, time, features]`, targets of the same shape (`[batch]` will do for `[batch, 1]`). With time steps, those
 * past a row's length don't count. Sample weights: `Σ w·e / Σ w`, where each element has its sample's weight.
 *
 * ```ts
 * await fit(model, trainSet, { loss: meanSquaredError(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function meanSquaredError(): Loss {
  return meanLoss('meanSquaredError', {}, (outputs, targets, context) => {
    const operation = 'meanSquaredError'
    const weights = elementWeights(operation, outputs, context)
    const error = masked(sub(outputs, matchingTargets(operation, outputs, targets)), weights.counted)
    return weightedMean(square(error), weights)
  })
}
