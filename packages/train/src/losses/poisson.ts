// Negative log-likelihood of counts under a Poisson distribution.

import { add, exp, log, mul, sub } from '@rnn/core'
import { elementLoss } from './element-loss.ts'
import type { Loss } from './loss.ts'

/** Options of {@link poisson}. */
export interface PoissonOptions {
  /** Whether outputs are the logarithms of the rates; false: the rates themselves, from 0 on. Default: true. */
  readonly logOutputs?: boolean
}

/**
 * The mean of `rate − target·log(rate)` over all elements: the Poisson surprise at a count, less what depends on the target alone. PyTorch's
 * `PoissonNLLLoss`. Outputs are `log(rate)`, so that any number is a valid one; with `logOutputs: false` (as Keras's `Poisson` has it)
 * they are rates, and 10⁻⁸ is added before the logarithm.
 *
 * Targets are counts, 0 or more. Shapes, lengths and sample weights as in `meanSquaredError`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: poisson(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function poisson(options: PoissonOptions = {}): Loss {
  const { logOutputs = true } = options
  return elementLoss('poisson', { logOutputs }, (outputs, counts) =>
    logOutputs ? sub(exp(outputs), mul(counts, outputs)) : sub(outputs, mul(counts, log(add(outputs, 1e-8)))),
  )
}
