// Mean squared error, for regression.

import { square, sub } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

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
  return elementLoss('meanSquaredError', {}, (outputs, targets) => square(sub(outputs, targets)))
}
