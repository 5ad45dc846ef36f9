// Gradients that are NaN or infinite under a loss that is neither: √0, log 0, 0 · ∞ in a backward pass.

import { mul, scope, sum, sumOfSquares, type Tensor } from '@rnn/core'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import { notFinite } from './loss-readings.ts'

/**
 * Where memory is at hand: looks at the gradients before their update is made. Elsewhere nobody waits for them.
 *
 * @throws E_NOT_FINITE, which names the first parameter whose gradient is spoilt
 */
export function assertFiniteGradients(
  gradients: NamedTensors,
  { epoch, batch }: { readonly epoch: number; readonly batch: number },
): void {
  const all = Object.values(gradients)
  const [first] = all
  if (first === undefined || first.backend.readSync === undefined) return
  scope(first.backend, () => {
    // Squares of large numbers may well be infinite; then each gradient is looked at by itself.
    if (Number.isFinite(valueOf(sumOfSquares(all)))) return
    for (const [path, gradient] of Object.entries(gradients)) {
      if (valueOf(sum(mul(gradient, 0))) === 0) continue // NaN and ∞ times 0 are NaN
      throw notFinite(
        `the gradient of ${path} is not finite in epoch ${epoch}, batch ${batch}, though the loss is; that step was left out, the weights are those before it`,
        'look for a root, a logarithm or a quotient at 0 in the loss or the model',
      )
    }
  })
}

function valueOf(scalar: Tensor): number {
  return scalar.dataSync()[0] ?? Number.NaN
}
