// Huber's loss: squared for small errors, absolute for large ones.

import { abs, minimum, mul, RnnError, sub } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

/** Options of {@link huber}. */
export interface HuberOptions {
  /** The error from which on the loss grows linearly, above 0. Default: 1. */
  readonly delta?: number
}

/**
 * The mean of `½·e²` where `|e| ≤ δ`, and `δ·(|e| − ½·δ)` beyond it, e being `output − target` (Huber 1964): PyTorch's `HuberLoss`, Keras's `Huber`.
 * PyTorch's `SmoothL1Loss` with beta is this divided by δ = beta.
 *
 * Shapes, lengths and sample weights as in `meanSquaredError`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: huber({ delta: 0.5 }), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_VALUE for a delta that is none; `compute` throws E_SHAPE when outputs and targets don't match
 */
export function huber(options: HuberOptions = {}): Loss {
  const { delta = 1 } = options
  if (!(delta > 0 && delta < Infinity)) {
    throw new RnnError({ code: 'E_VALUE', operation: 'huber', problem: `delta ${delta}`, fix: 'use a number above 0' })
  }
  return elementLoss('huber', { delta }, (outputs, targets) => {
    const size = abs(sub(outputs, targets))
    const inner = minimum(size, delta)
    return mul(inner, sub(size, mul(inner, 0.5)))
  })
}
