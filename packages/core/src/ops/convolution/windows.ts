// The product of a kernel with every window of a frame, forward and backward: windows are gathered side by side as the rows of a matrix, and one
// large product does the rest. Gathering takes a seventh of the product's time with 16 channels and a twentieth with 32 (convLstm2d of 3 × 3 on
// wasm, 160 frames of 16 × 16 and 80 of 32 × 32), so that no op of its own is needed for it.

import type { Backend } from '../../contract/backend.ts'
import { customGradient } from '../../custom-gradient.ts'
import { run } from '../../execute.ts'
import { allocateTensor, type Tensor } from '../../tensor.ts'
import { zeros, tensor } from '../creation.ts'
import { gather } from '../gather.ts'
import { matmulInto } from '../in-place.ts'
import { matmul } from '../matmul.ts'
import { sum } from '../reduce.ts'
import { reshape, slice } from '../views.ts'
import { countsOf, pixelsOfTaps, tapsOfPixels, type Geometry } from './geometry.ts'

/**
 * Elements that gathered windows may take at a time, 4 MiB: many frames go in pieces, as windows are `taps` times as large as frames, and a piece that
 * fits a processor's cache is gathered and multiplied up to twice as fast as 16 MiB (wasm, 80 frames of 32 × 32 with 16 and 32 channels). And the most
 * indices: with few channels they are what takes the memory.
 */
const MOST_ELEMENTS = 2 ** 20
const MOST_INDICES = 2 ** 18

/** Which pixels make up the windows of some frames, as tensors; the same for every product over frames of that size. */
export interface Windows {
  readonly geometry: Geometry
  /** Frames that are gathered at a time. */
  readonly frames: number
  /** int32 `[frames · windows, taps]`. */
  readonly pixels: Tensor
  /** int32 `[frames · pixels, taps]`: for gradients of frames. Undefined where nobody wants them. */
  readonly taps: Tensor | undefined
}

/**
 * Windows over `frames` frames, or over as many as go at a time. They belong to the caller's scope.
 *
 * @param withGradients whether gradients of the frames will be wanted
 */
export function makeWindows(
  backend: Backend,
  geometry: Geometry,
  frames: number,
  channels: number,
  withGradients: boolean,
): Windows {
  const counts = countsOf(geometry)
  const perFrame = Math.max(counts.windows, counts.pixels) * counts.taps
  const most = Math.floor(Math.min(MOST_ELEMENTS / (perFrame * channels), MOST_INDICES / perFrame))
  const atOnce = Math.min(frames, Math.max(1, most))
  const pixels = pixelsOfTaps(geometry, atOnce)
  return {
    geometry,
    frames: atOnce,
    pixels: tensor(pixels, { backend, shape: [atOnce * counts.windows, counts.taps] }),
    taps: withGradients
      ? tensor(tapsOfPixels(geometry, atOnce, pixels), { backend, shape: [atOnce * counts.pixels, counts.taps] })
      : undefined,
  }
}

/**
 * `kernel · window + bias` for every window of every frame. Gathered windows are not kept for backward: frames are, which are smaller by the number of taps.
 *
 * @param x float32 `[frames · pixels, channels]`
 * @param kernel float32 `[taps · channels, filters]`
 * @param windows of the geometry of these frames, or how to make them
 * @returns `[frames · windows, filters]`
 */
export function convolve(
  operation: string,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  windows: Windows | ((withGradients: boolean) => Windows),
): Tensor {
  const inputs = bias === undefined ? [x, kernel] : [x, kernel, bias]
  const [output] = customGradient(operation, inputs, ([frames = x, weights = kernel, offset], wanted) => {
    const made = typeof windows === 'function' ? windows(wanted[0] === true) : windows
    const pieces = piecesOf(made, frames)
    return {
      outputs: [forward(frames, weights, offset, made, pieces)],
      saved: [frames, weights, made.pixels, ...(made.taps === undefined ? [] : [made.taps])],
      backward: ([gradient = null], [savedFrames = frames, savedWeights = weights, pixels = made.pixels, taps]) => {
        if (gradient === null) return inputs.map(() => null)
        const saved = { ...made, pixels, taps }
        return [
          wanted[0] === true ? gradientOfFrames(gradient, savedWeights, saved, pieces) : null,
          wanted[1] === true ? gradientOfKernel(gradient, savedFrames, savedWeights, saved, pieces) : null,
          ...(bias === undefined ? [] : [wanted[2] === true ? sum(gradient, { axis: 0 }) : null]),
        ]
      },
    }
  })
  return output ?? x
}

/** Some frames that go at a time: the first pixel and window, and how many of each. */
interface Piece {
  readonly frames: number
  readonly pixel: number
  readonly pixels: number
  readonly window: number
  readonly windows: number
}

function piecesOf({ geometry, frames: atOnce }: Windows, x: Tensor): readonly Piece[] {
  const counts = countsOf(geometry)
  const frames = (x.shape[0] ?? 0) / counts.pixels
  return Array.from({ length: Math.ceil(frames / atOnce) }, (_, i) => {
    const first = i * atOnce
    const some = Math.min(atOnce, frames - first)
    return {
      frames: some,
      pixel: first * counts.pixels,
      pixels: some * counts.pixels,
      window: first * counts.windows,
      windows: some * counts.windows,
    }
  })
}

/** The windows of a piece as the rows of a matrix, `[windows, taps · channels]`. */
function gathered(x: Tensor, { pixels }: Windows, piece: Piece): Tensor {
  const [taps, channels] = [pixels.shape[1] ?? 0, x.shape[1] ?? 0]
  using rows = gather(slice(x, 0, piece.pixel, piece.pixels), slice(pixels, 0, 0, piece.windows))
  return reshape(rows, [piece.windows, taps * channels])
}

function forward(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  windows: Windows,
  pieces: readonly Piece[],
): Tensor {
  const total = pieces.reduce((count, piece) => count + piece.windows, 0)
  const output = allocateTensor(x.backend, [total, kernel.shape[1] ?? 0], 'float32')
  for (const piece of pieces) {
    using rows = gathered(x, windows, piece)
    using part = slice(output, 0, piece.window, piece.windows)
    const attributes = { transposeA: false, transposeB: false, accumulate: false }
    run({ op: 'matmul', inputs: [rows, kernel, bias ?? null], outputs: [part], attributes }, 'convolution')
  }
  return output
}

function gradientOfKernel(
  gradient: Tensor,
  x: Tensor,
  { shape, backend }: Tensor,
  windows: Windows,
  pieces: readonly Piece[],
): Tensor {
  const total = zeros(shape, { backend })
  for (const piece of pieces) {
    using rows = gathered(x, windows, piece)
    matmulInto(total, rows, slice(gradient, 0, piece.window, piece.windows), { transposeA: true })
  }
  return total
}

/** What each tap passes back to its pixel, gathered by pixel and added up: in a fixed order, and in parallel where a backend can. */
function gradientOfFrames(
  gradient: Tensor,
  kernel: Tensor,
  { taps }: Windows,
  pieces: readonly Piece[],
): Tensor | null {
  if (taps === undefined) return null
  const { backend } = gradient
  const count = taps.shape[1] ?? 0
  const channels = (kernel.shape[0] ?? 0) / count
  const total = pieces.reduce((sum, piece) => sum + piece.pixels, 0)
  const result = allocateTensor(backend, [total, channels], 'float32')
  for (const piece of pieces) {
    using back = matmul(slice(gradient, 0, piece.window, piece.windows), kernel, { transposeB: true })
    using parts = reshape(back, [piece.windows * count, channels])
    using byPixel = gather(parts, slice(taps, 0, 0, piece.pixels))
    using part = slice(result, 0, piece.pixel, piece.pixels)
    run({ op: 'reduce', inputs: [byPixel], outputs: [part], attributes: { kind: 'sum', axes: [1] } }, 'convolution')
  }
  return result
}
