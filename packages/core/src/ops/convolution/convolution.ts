// Convolutions over sequences and over images, channels last.

import { RnnError } from '../../errors.ts'
import { formatShape, sizeOf } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'
import { checkDType, checkShape, checkTensors } from '../checks.ts'
import { zeros } from '../creation.ts'
import { reshape } from '../views.ts'
import { countsOf, geometryOf, type WindowOptions } from './geometry.ts'
import { convolve, makeWindows } from './windows.ts'

/** Options of `conv1d` and `conv2d`. */
export interface ConvolutionOptions<Size> extends WindowOptions<Size> {
  /** `[filters]`, added to every window's product. */
  readonly bias?: Tensor | undefined
}

/**
 * Convolution over time (cross-correlation, as everywhere in this field): `out[t] = Σ_k x[t·stride + k·dilation − before] · kernel[k] + bias`.
 *
 * ```ts
 * const [x, kernel] = [ones([2, 100, 8], { backend }), ones([3, 8, 16], { backend })]
 * conv1d(x, kernel, { padding: 'same' }).shape // → [2, 100, 16]
 * ```
 *
 * @param x float32 `[…, time, channels]`
 * @param kernel float32 `[taps, channels, filters]`
 * @returns `[…, windows, filters]`; it belongs to the caller's scope
 * @throws E_SHAPE for channels that differ, or a kernel longer than the sequence with padding 'valid'; E_VALUE for options out of range
 */
export function conv1d(x: Tensor, kernel: Tensor, options: ConvolutionOptions<number> = {}): Tensor {
  return convolution('conv1d', 1, x, kernel, options)
}

/**
 * Convolution over images (cross-correlation, as everywhere in this field).
 *
 * ```ts
 * const [x, kernel] = [ones([4, 28, 28, 1], { backend }), ones([3, 3, 1, 8], { backend })]
 * conv2d(x, kernel, { padding: 'same', stride: 2 }).shape // → [4, 14, 14, 8]
 * ```
 *
 * @param x float32 `[…, height, width, channels]`
 * @param kernel float32 `[height, width, channels, filters]`
 * @returns `[…, height, width, filters]`, one pixel for each window; it belongs to the caller's scope
 * @throws E_SHAPE for channels that differ, or a kernel larger than its frame with padding 'valid'; E_VALUE for options out of range
 */
export function conv2d(
  x: Tensor,
  kernel: Tensor,
  options: ConvolutionOptions<number | readonly [height: number, width: number]> = {},
): Tensor {
  return convolution('conv2d', 2, x, kernel, options)
}

const LAYOUTS = [
  { input: '[…, time, channels]', kernel: '[taps, channels, filters]' },
  { input: '[…, height, width, channels]', kernel: '[height, width, channels, filters]' },
] as const

function convolution(
  operation: string,
  dimensions: 1 | 2,
  x: Tensor,
  kernel: Tensor,
  options: ConvolutionOptions<number | readonly number[]>,
): Tensor {
  const { bias } = options
  checkTensors(operation, [x, kernel, bias])
  checkDType(operation, 'x', x, 'float32')
  checkDType(operation, 'kernel', kernel, 'float32')
  const layout = LAYOUTS[dimensions - 1] ?? LAYOUTS[0]
  if (x.rank <= dimensions) throw misshaped(`x has shape ${formatShape(x.shape)}, expected ${layout.input}`)
  if (kernel.rank !== dimensions + 2)
    throw misshaped(`the kernel has shape ${formatShape(kernel.shape)}, expected ${layout.kernel}`)
  const [channels = 0, filters = 0] = kernel.shape.slice(dimensions)
  if (x.shape.at(-1) !== channels) {
    throw misshaped(
      `x ${formatShape(x.shape)} has ${x.shape.at(-1)} channels, the kernel ${formatShape(kernel.shape)} takes ${channels}`,
      `channels come last: ${layout.input} and ${layout.kernel}`,
    )
  }
  if (bias !== undefined) {
    checkDType(operation, 'bias', bias, 'float32')
    checkShape(operation, 'bias', bias, [filters])
  }
  const leading = x.shape.slice(0, -1 - dimensions)
  const geometry = geometryOf(operation, x.shape.slice(-1 - dimensions, -1), kernel.shape.slice(0, dimensions), options)
  const { pixels, taps } = countsOf(geometry)
  const shape = [...leading, ...geometry.windows, filters]
  const frames = sizeOf(leading)
  if (pixels === 0) return zeros(shape, { backend: x.backend })

  const windows = (withGradients: boolean) => makeWindows(x.backend, geometry, frames, channels, withGradients)
  using rows = reshape(x, [frames * pixels, channels])
  using matrix = reshape(kernel, [taps * channels, filters])
  using product = convolve(operation, rows, matrix, bias, windows)
  return reshape(product, shape)

  function misshaped(problem: string, fix?: string): RnnError {
    return new RnnError({ code: 'E_SHAPE', operation, problem, ...(fix !== undefined && { fix }) })
  }
}
