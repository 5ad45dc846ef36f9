// Convolutional long short-term memory: an LSTM whose states are frames, and whose products are convolutions.

import { RnnError } from '../errors.ts'
import { blocks, constant, glorotUniform, orthogonal, zeroInitializer } from '../initializers.ts'
import { add, mul } from '../ops/binary.ts'
import { countsOf, windowSizes, geometryOf, type Padding } from '../ops/convolution/geometry.ts'
import { convolve, makeWindows } from '../ops/convolution/windows.ts'
import { sigmoid, tanh } from '../ops/unary.ts'
import { reshape, split } from '../ops/views.ts'
import { sizeOf, type Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { defineCell, type Cell } from './cell.ts'

/** What a convolutional cell must know beside `units`; sizes are by dimension: `[length]`, or `[height, width]`. */
export interface ConvLstmCellOptions {
  /** Size of the frames that come in. */
  readonly frame: readonly number[]
  readonly channels: number
  /** Channels of the states. */
  readonly filters: number
  readonly kernelSize: readonly number[]
  /** Of the convolution of the input: the states are smaller by it. Default: 1. */
  readonly stride?: number | readonly number[] | undefined
  /** Of the convolution of the input; that of the states keeps their size. Default: same. */
  readonly padding?: Padding | undefined
}

/** A cell that knows the size of its frames. */
export interface ConvLstmCell extends Cell<
  'kernel' | 'recurrent' | 'bias',
  readonly [h: Tensor, c: Tensor],
  'pixels' | 'taps'
> {
  /** Size of the frames that are its states: `[length]`, or `[height, width]`. */
  readonly stateFrame: readonly number[]
  /** Elements of a state: the frame's size times `filters`. `scan` is given this number. */
  readonly units: number
}

/**
 * Convolutional LSTM (Shi et al. 2015, without peepholes, as Keras has it): `i, f, g, o = x ∗ W + b + h ∗ R`, then as in `lstmCell`. Frames are flattened:
 * x is `[B, T, pixels · channels]`, states `[B, pixels · filters]`. Parameters: kernel `[…kernelSize, channels, 4·filters]`, recurrent
 * `[…kernelSize, filters, 4·filters]`, bias `[4·filters]`, gates in the order i, f, g, o.
 *
 * ```ts
 * const cell = convLstmCell({ frame: [16, 16], channels: 1, filters: 8, kernelSize: [3, 3] })
 * const parameters = {
 *   kernel: ones([3, 3, 1, 32], { backend }),
 *   recurrent: ones([3, 3, 8, 32], { backend }),
 *   bias: zeros([32], { backend }),
 * }
 * const frames = ones([2, 5, 16, 16, 1], { backend })
 * const { sequence } = scan(cell, reshape(frames, [2, 5, 256]), parameters, { units: cell.units })
 * reshape(sequence, [2, 5, 16, 16, 8]).shape // → [2, 5, 16, 16, 8]
 * ```
 *
 * @throws E_SHAPE for a kernel that is larger than its frame, E_VALUE for options out of range
 */
export function convLstmCell(options: ConvLstmCellOptions): ConvLstmCell {
  const { frame, channels, filters, kernelSize, stride, padding = 'same' } = options
  const kind = 'convLstm'
  windowSizes(kind, 'the size of the frames', frame, frame.length)
  windowSizes(kind, 'channels and filters', [channels, filters], 2)
  const input = geometryOf(kind, frame, kernelSize, { stride, padding })
  const stateFrame = input.windows
  const states = geometryOf(kind, stateFrame, kernelSize, { padding: 'same' })
  const { pixels, taps: tapCount } = countsOf(states)
  const units = pixels * filters
  const inputSize = sizeOf(frame) * channels
  return {
    stateFrame,
    units,
    ...defineCell<'kernel' | 'recurrent' | 'bias', readonly [h: Tensor, c: Tensor], 'pixels' | 'taps'>({
      kind,
      gates: 4,
      stateSizes: () => [units, units],
      parameters(givenInput, givenUnits) {
        if (givenInput !== inputSize || givenUnits !== units) throw mismatch(givenInput, givenUnits)
        const forgetOpen = blocks(zeroInitializer, constant(1), zeroInitializer, zeroInitializer)
        return {
          kernel: { shape: [...kernelSize, channels, 4 * filters], initializer: glorotUniform },
          recurrent: { shape: [...kernelSize, filters, 4 * filters], initializer: orthogonal },
          bias: { shape: [4 * filters], initializer: forgetOpen },
        }
      },
      constants(backend, batch) {
        const { pixels: read, taps } = makeWindows(backend, states, batch, filters, true)
        return { pixels: read, taps: taps ?? read }
      },
      project(x, { kernel, bias }) {
        const steps = x.shape.slice(0, 2)
        const frames = sizeOf(steps)
        const rows = reshape(x, [frames * (inputSize / channels), channels])
        const matrix = reshape(kernel, [tapCount * channels, 4 * filters])
        const sums = convolve(kind, rows, matrix, bias, (withGradients) =>
          makeWindows(x.backend, input, frames, channels, withGradients),
        )
        return reshape(sums, [...steps, 4 * units])
      },
      step(projected, [, c], { recurrent, pixels: read, taps }, fed) {
        const batch = fed.shape[0] ?? 0
        const frames: Shape = [batch, pixels, filters]
        const windows = { geometry: states, frames: (read.shape[0] ?? 0) / pixels, pixels: read, taps }
        const kernel = reshape(recurrent, [tapCount * filters, 4 * filters])
        const product = convolve(kind, reshape(fed, [batch * pixels, filters]), kernel, undefined, windows)
        const sums = add(
          reshape(projected, [batch, pixels, 4 * filters]),
          reshape(product, [batch, pixels, 4 * filters]),
        )
        const [i, f, g, o] = split(sums, 4)
        const next = add(mul(sigmoid(f), reshape(c, frames)), mul(sigmoid(i), tanh(g))) // c' = σ(f)·c + σ(i)·tanh(g)
        const flat = (x: Tensor): Tensor => reshape(x, [batch, units])
        return [flat(mul(sigmoid(o), tanh(next))), flat(next)] // h' = σ(o)·tanh(c')
      },
    }),
  }

  function mismatch(givenInput: number, givenUnits: number): RnnError {
    return new RnnError({
      code: 'E_SHAPE',
      operation: kind,
      problem: `${givenInput} features and ${givenUnits} units, for frames that make up ${inputSize} and ${units}`,
      fix: 'flatten the frames that the cell was made for, and give scan the units of the cell',
    })
  }
}
