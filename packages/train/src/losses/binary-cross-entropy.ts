// Binary cross-entropy over logits, for yes-or-no questions and for several labels at once.

import { add, mul, neg, softplus, sub } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

/**
 * The mean of `−t·log σ(x) − (1−t)·log(1−σ(x))` over all elements, x being logits: PyTorch's `BCEWithLogitsLoss`, Keras's
 * `BinaryCrossentropy(from_logits=True)`. Computed as `t·softplus(−x) + (1−t)·softplus(x)`, which neither overflows nor cancels.
 *
 * Outputs `[batch, labels]` or `[batch, time, labels]`, targets 0 … 1 of the same shape, float32, int32 or bool (`[batch]` will do for `[batch, 1]`).
 * With time steps, those past a row's length don't count. Sample weights: `Σ w·e / Σ w`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function binaryCrossEntropy(): Loss {
  return elementLoss('binaryCrossEntropy', {}, (x, wanted) =>
    add(mul(wanted, softplus(neg(x))), mul(sub(1, wanted), softplus(x))),
  )
}
