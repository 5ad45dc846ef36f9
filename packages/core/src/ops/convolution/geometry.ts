// Where the windows of a convolution lie: sizes of frames, and which pixel each tap of each window reads. Host arithmetic only.

import { RnnError } from '../../errors.ts'
import { formatShape } from '../../shape.ts'

/**
 * What lies beyond the edge of a frame. `same`: zeros, as many as keep the size (divided by the stride, rounded up), the odd one at the end, as in
 * Keras; `valid`: nothing, windows lie wholly within the frame.
 */
export type Padding = 'same' | 'valid'

/** How windows walk over a frame. `Size` is one number, or one for each dimension. */
export interface WindowOptions<Size> {
  /** Steps from window to window. Default: 1. */
  readonly stride?: Size | undefined
  /** Default: valid. */
  readonly padding?: Padding | undefined
  /** Steps from tap to tap within a window. Default: 1. */
  readonly dilation?: Size | undefined
}

/** Windows over frames of one size. Sizes are by dimension: `[time]`, or `[height, width]`. */
export interface Geometry {
  readonly frame: readonly number[]
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  /** Zeros in front of each dimension. */
  readonly before: readonly number[]
  /** Number of windows along each dimension. */
  readonly windows: readonly number[]
}

/**
 * The windows of a kernel over a frame.
 *
 * @throws E_VALUE for options out of range, E_SHAPE for a kernel that is larger than its frame
 */
export function geometryOf(
  operation: string,
  frame: readonly number[],
  kernel: readonly number[],
  options: WindowOptions<number | readonly number[]>,
): Geometry {
  const { padding = 'valid' } = options
  if (padding !== 'same' && padding !== 'valid') {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `padding is '${String(padding)}'`,
      fix: "use 'same' or 'valid'",
    })
  }
  const dimensions = frame.length
  const stride = windowSizes(operation, 'stride', options.stride ?? 1, dimensions)
  const dilation = windowSizes(operation, 'dilation', options.dilation ?? 1, dimensions)
  windowSizes(operation, 'the size of the kernel', kernel, dimensions)
  const spans = kernel.map((taps, d) => (taps - 1) * at(dilation, d) + 1)
  if (padding === 'valid' && spans.some((span, d) => span > at(frame, d))) {
    const spread = spans.some((span, d) => span !== kernel[d]) ? `, spread over ${formatShape(spans)}` : ''
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `a kernel of ${formatShape(kernel)}${spread} is larger than its frame of ${formatShape(frame)}`,
      fix: "use a smaller kernel, or padding: 'same'",
    })
  }
  const windows = frame.map((length, d) =>
    padding === 'same' ? Math.ceil(length / at(stride, d)) : Math.floor((length - at(spans, d)) / at(stride, d)) + 1,
  )
  const before = windows.map((count, d) => {
    if (padding === 'valid') return 0
    return Math.floor(Math.max((count - 1) * at(stride, d) + at(spans, d) - at(frame, d), 0) / 2)
  })
  return { frame, kernel, stride, dilation, before, windows }
}

/**
 * A size for each dimension, of one number for all or of as many as there are dimensions.
 *
 * @throws E_VALUE unless all are whole numbers from 1
 */
export function windowSizes(
  operation: string,
  name: string,
  size: number | readonly number[],
  dimensions: number,
): readonly number[] {
  const sizes = typeof size === 'number' ? new Array<number>(dimensions).fill(size) : size
  if (sizes.length === dimensions && sizes.every((each) => Number.isSafeInteger(each) && each >= 1)) return sizes
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is ${typeof size === 'number' ? size : formatShape(size)}`,
    fix: `give a whole number of at least 1${dimensions === 1 ? '' : ', or one for each dimension: [height, width]'}`,
  })
}

/** Number of pixels, windows and taps of one frame. */
export function countsOf({ frame, windows, kernel }: Geometry): { pixels: number; windows: number; taps: number } {
  return { pixels: product(frame), windows: product(windows), taps: product(kernel) }
}

/** For each tap of each window of `frames` frames: the pixel that it reads, counted over all frames, −1 beyond the edge. `[frames · windows · taps]`. */
export function pixelsOfTaps(geometry: Geometry, frames: number): Int32Array {
  const counts = countsOf(geometry)
  const [height, width] = inTwo(geometry.frame)
  const [kernelHeight, kernelWidth] = inTwo(geometry.kernel)
  const [windowRows, windowColumns] = inTwo(geometry.windows)
  const [strideY, strideX] = inTwo(geometry.stride)
  const [dilationY, dilationX] = inTwo(geometry.dilation)
  const [top, left] = inTwo(geometry.before, 0)
  const pixels = new Int32Array(frames * counts.windows * counts.taps)
  let i = 0
  for (let row = 0; row < windowRows; row++) {
    for (let column = 0; column < windowColumns; column++) {
      for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
        const y = row * strideY + tapRow * dilationY - top
        for (let tapColumn = 0; tapColumn < kernelWidth; tapColumn++) {
          const x = column * strideX + tapColumn * dilationX - left
          pixels[i++] = y < 0 || y >= height || x < 0 || x >= width ? -1 : y * width + x
        }
      }
    }
  }
  const perFrame = i
  for (let frame = 1; frame < frames; frame++) {
    const offset = frame * counts.pixels
    for (let tap = 0; tap < perFrame; tap++) {
      const pixel = pixels[tap] ?? -1
      pixels[i++] = pixel < 0 ? -1 : pixel + offset
    }
  }
  return pixels
}

/**
 * The other way round: for each pixel the taps that read it, `[frames · pixels · taps]`. A pixel is read by the k-th tap of one window at most, so
 * that place k of a pixel names that tap, or is −1.
 *
 * @param pixels what `pixelsOfTaps` gave
 */
export function tapsOfPixels(geometry: Geometry, frames: number, pixels: Int32Array): Int32Array {
  const counts = countsOf(geometry)
  const taps = new Int32Array(frames * counts.pixels * counts.taps).fill(-1)
  let k = 0
  for (let tap = 0; tap < pixels.length; tap++) {
    const pixel = pixels[tap] ?? -1
    if (pixel >= 0) taps[pixel * counts.taps + k] = tap
    k = k + 1 === counts.taps ? 0 : k + 1
  }
  return taps
}

function inTwo(sizes: readonly number[], missing = 1): [first: number, second: number] {
  return sizes.length === 1 ? [missing, at(sizes, 0)] : [at(sizes, 0), at(sizes, 1)]
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((left, right) => left * right, 1)
}

function at(sizes: readonly number[], dimension: number): number {
  return sizes[dimension] ?? 1
}
