// Hinge losses: right answers by a margin cost nothing.

import { greater, mul, relu, select, square, sub, type Tensor } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

/** `max(0, 1 − t·y)` with t = +1 where the target is above 0, else −1. */
function shortfall(outputs: Tensor, targets: Tensor): Tensor {
  return relu(sub(1, select(greater(targets, 0), outputs, mul(outputs, -1))))
}

/**
 * The mean of `max(0, 1 − t·y)` over all elements, y being scores and t = ±1: Keras's `Hinge`, the loss of support vector machines. Targets may be −1 and
 * 1 or 0 and 1 (any dtype): what is above 0 means yes.
 *
 * Shapes, lengths and sample weights as in `meanSquaredError`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: hinge(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function hinge(): Loss {
  return elementLoss('hinge', {}, shortfall)
}

/** The mean of `max(0, 1 − t·y)²`: as {@link hinge}, with a smooth foot and steeper for what is far off. Keras's `SquaredHinge`. */
export function squaredHinge(): Loss {
  return elementLoss('squaredHinge', {}, (outputs, targets) => square(shortfall(outputs, targets)))
}
