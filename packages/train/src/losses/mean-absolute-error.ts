// Mean absolute error, for regression in which outliers shall not rule.

import { abs, sub } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

/**
 * The mean of `|output − target|` over all elements, as PyTorch's `L1Loss` and Keras's `MeanAbsoluteError` have it. Its gradient where both are equal
 * is 0.
 *
 * Shapes, lengths and sample weights as in `meanSquaredError`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: meanAbsoluteError(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function meanAbsoluteError(): Loss {
  return elementLoss('meanAbsoluteError', {}, (outputs, targets) => abs(sub(outputs, targets)))
}
