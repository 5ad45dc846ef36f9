// Clipping: by the norm of all gradients together, by the norm of each, or by value; without reading anything back.

import { add, clip, div, minimum, mul, RnnError, scope, sqrt, sumOfSquares, type Tensor } from '@rnn/core'

/** How gradients are kept in bounds: one of these, or none. */
export interface ClippingOptions {
  /** Scales all gradients together so that their Euclidean norm is at most this (Pascanu et al. 2013). Default: no clipping. */
  readonly clipNorm?: number | undefined
  /** Scales each parameter's gradient by itself so that its Euclidean norm is at most this; Keras's `clipnorm`. Default: no clipping. */
  readonly clipNormPerTensor?: number | undefined
  /** Keeps every element within ±this (Mikolov 2012). Default: no clipping. */
  readonly clipValue?: number | undefined
}

/** A gradient on its way to the optimiser, and what it is to be multiplied by there: float32 `[]`, null for 1. */
export interface PreparedGradient {
  readonly gradient: Tensor
  readonly scale: Tensor | null
}

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
  return scaledClipFactor(gradients, maxNorm, null)
}

/**
 * What clipping makes of each gradient, in place of nothing: gradients stay as they are. Within a scope.
 *
 * @param scale float32 `[]`: multiplies every gradient before it is clipped, null for 1
 */
export function clipping(
  gradients: readonly Tensor[],
  options: ClippingOptions,
  scale: Tensor | null,
): (gradient: Tensor) => PreparedGradient {
  const { clipNorm, clipNormPerTensor, clipValue } = options
  if (clipNorm !== undefined && gradients.length > 0) {
    const factor = scaledClipFactor(gradients, clipNorm, scale)
    return (gradient) => ({ gradient, scale: factor })
  }
  if (clipNormPerTensor !== undefined)
    return (gradient) => ({ gradient, scale: scaledClipFactor([gradient], clipNormPerTensor, scale) })
  if (clipValue !== undefined) {
    return (gradient) => {
      const scaled = scale === null ? gradient : mul(gradient, scale)
      return { gradient: clip(scaled, -clipValue, clipValue), scale: null }
    }
  }
  return (gradient) => ({ gradient, scale })
}

/** @throws E_VALUE for bounds that are none, and for more than one */
export function checkClipping(operation: string, options: ClippingOptions): void {
  const { clipNorm, clipNormPerTensor, clipValue } = options
  const given = Object.entries({ clipNorm, clipNormPerTensor, clipValue }).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (value !== undefined && value > 0) continue
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `${name} ${value}`,
      fix: 'use a number above 0, or leave it out',
    })
  }
  if (given.length < 2) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${given.map(([name]) => name).join(' and ')} exclude each other`,
    fix: 'use one of them; clipNorm keeps the direction of the step',
  })
}

/** The factor of the gradients as they would be after `scale`, times `scale`. */
function scaledClipFactor(gradients: readonly Tensor[], maxNorm: number, scale: Tensor | null): Tensor {
  const [first] = gradients
  if (!(maxNorm > 0) || first === undefined) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'clipFactor',
      problem: first === undefined ? 'there are no gradients' : `clipNorm ${maxNorm}`,
      fix: 'use a norm above 0, 5 for instance',
    })
  }
  return scope(first.backend, () => {
    const norm = sqrt(sumOfSquares(gradients))
    const scaled = scale === null ? norm : mul(norm, scale)
    const factor = minimum(div(maxNorm, add(scaled, 1e-6)), 1)
    return scale === null ? factor : mul(factor, scale)
  })
}
