// Clipping by the global norm, without reading the norm back.

import { add, div, minimum, RnnError, scope, sqrt, sumOfSquares, type Tensor } from '@rnn/core'

/**
 * `min(1, maxNorm / (norm + 1e-6))`, norm being the Euclidean norm of all gradients together: the factor of PyTorch's `clip_grad_norm_`
 * (Pascanu et al. 2013), float32 `[]`, computed on the device. Hand it to the optimiser's step as `gradientScale`.
 *
 * ```ts
 * const gradientScale = clipFactor(Object.values(gradients), 5)
 * ```
 *
 * @throws E_VALUE unless maxNorm is above 0
 */
export function clipFactor(gradients: readonly Tensor[], maxNorm: number): Tensor {
  const [first] = gradients
  if (!(maxNorm > 0) || first === undefined) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'clipFactor',
      problem: first === undefined ? 'there are no gradients' : `clipNorm ${maxNorm}`,
      fix: 'use a norm above 0, 5 for instance',
    })
  }
  return scope(first.backend, () => minimum(div(maxNorm, add(sqrt(sumOfSquares(gradients)), 1e-6)), 1))
}
