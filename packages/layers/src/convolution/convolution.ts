// Convolutional layers over sequences and over images.

import {
  conv1d as convolveSequence,
  conv2d as convolveImage,
  formatShape,
  glorotUniform,
  RnnError,
  scope,
  select,
  windowSizes,
  zeroInitializer,
  type Padding,
  type Tensor,
} from '@rnn/core'
import { agreeOnInputSize, built, checkChoice, checkFeatures, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { activationFunction, type ActivationName } from '../layers/activation.ts'
import { checkPooling, timeMask } from '../layers/time-mask.ts'
import { Module } from '../module.ts'
import type { Variable } from '../variable.ts'
import { describeWeights, WEIGHT_OPTION_TYPES, weightVariable, type WeightOptions } from '../weights/weight-options.ts'
import { readSize, type Size1d, type Size2d } from './size.ts'

/** Options of `conv1d` and `conv2d`. */
export interface ConvolutionLayerOptions<Size> extends WeightOptions {
  /** Channels of the output. */
  readonly filters: number
  /** Size of the window. */
  readonly kernelSize: Size
  /** Channels of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** Steps from window to window. Default: 1. */
  readonly stride?: Size
  /** same: zeros beyond the edge, so that the size stays (divided by the stride, rounded up); valid: windows lie within. Default: valid. */
  readonly padding?: Padding
  /** Steps from tap to tap within a window. Default: 1. */
  readonly dilation?: Size
  /** Default: none (`linear`). */
  readonly activation?: ActivationName
  /** Default: true. */
  readonly useBias?: boolean
}

type AnyOptions = ConvolutionLayerOptions<number | readonly number[]>

/** JSON types of `ConvolutionLayerOptions`. */
export const CONVOLUTION_OPTION_TYPES: OptionTypes<AnyOptions> = {
  filters: 'number',
  kernelSize: readSize,
  inputSize: 'number',
  stride: readSize,
  padding: 'string',
  dilation: readSize,
  activation: 'string',
  useBias: 'boolean',
  ...WEIGHT_OPTION_TYPES,
}

/** A convolution with bias and activation. Parameters: kernel `[…kernelSize, channels, filters]`, bias `[filters]`. Made by `conv1d` and `conv2d`. */
export class Convolution extends Module {
  readonly dimensions: 1 | 2
  readonly options: AnyOptions
  kernel: Variable | undefined
  bias: Variable | undefined

  constructor(dimensions: 1 | 2, options: AnyOptions) {
    super()
    this.dimensions = dimensions
    this.options = options
    const { type } = this
    const { filters, kernelSize, inputSize, stride = 1, padding = 'valid', dilation = 1 } = options
    checkWhole(type, 'filters', filters, 1)
    if (inputSize !== undefined) checkWhole(type, 'inputSize', inputSize, 1)
    windowSizes(type, 'kernelSize', kernelSize, dimensions)
    windowSizes(type, 'stride', stride, dimensions)
    windowSizes(type, 'dilation', dilation, dimensions)
    checkChoice(type, 'padding', padding, ['same', 'valid'])
    activationFunction(type, options.activation ?? 'linear')
  }

  override get type(): string {
    return `conv${this.dimensions}d`
  }

  override get outputSize(): number {
    return this.options.filters
  }

  override get lacksInputSize(): boolean {
    return this.kernel === undefined
  }

  override build(inputSize: number | undefined): number {
    const { type, options, dimensions } = this
    const { filters, kernelSize, useBias = true } = options
    const size = agreeOnInputSize(type, options.inputSize, inputSize, this.kernel?.spec.shape.at(-2))
    if (size !== undefined && this.kernel === undefined) {
      const shape = [...windowSizes(type, 'kernelSize', kernelSize, dimensions), size, filters]
      this.kernel = weightVariable('kernel', { shape, initializer: glorotUniform }, options)
      if (useBias) this.bias = weightVariable('bias', { shape: [filters], initializer: zeroInitializer }, options)
    }
    return filters
  }

  /**
   * @param x float32 `[…, time, channels]`, `[…, height, width, channels]`
   * @returns the same with `filters` channels, one pixel or step for each window. Over `[batch, time, channels]` with lengths, what lies past a row's end
   *   counts as zero, and the output there is zero
   * @throws E_SHAPE for other channels, or a kernel that is larger than its frame; E_UNSUPPORTED for lengths where windows and steps differ in number
   */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { type, dimensions, options } = this
    const { stride, padding, dilation, activation = 'linear' } = options
    const kernel = built(type, this.kernel).value
    if (x.rank < dimensions + 2) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: type,
        problem: `the input has shape ${formatShape(x.shape)}, expected [batch, ${dimensions === 1 ? 'time' : 'height, width'}, channels]`,
      })
    }
    checkFeatures(type, x, kernel.shape.at(-2) ?? 0)
    const overTime = dimensions === 1 && x.rank === 3
    const lengths = overTime ? context.lengths : undefined
    if (overTime) this.#checkSteps(x, context)
    const convolve: typeof convolveImage = dimensions === 1 ? (convolveSequence as typeof convolveImage) : convolveImage // sizes were checked
    return scope(x.backend, () => {
      const mask = lengths && timeMask(lengths, x.shape[1] ?? 0)
      const output = convolve(mask === undefined ? x : select(mask, x, 0), kernel, {
        stride: stride as Size2d | undefined,
        padding,
        dilation: dilation as Size2d | undefined,
        bias: this.bias?.value,
      })
      const active = activationFunction(type, activation)(output)
      return mask === undefined ? active : select(mask, active, 0)
    })
  }

  /** Windows over time: each step of a row must have one of its own where lengths count, and must not need others where steps come one by one. */
  #checkSteps(x: Tensor, { lengths, carry }: ForwardContext): void {
    const { kernelSize, stride = 1, padding } = this.options
    const [taps, step] = [
      windowSizes(this.type, 'kernelSize', kernelSize, 1)[0],
      windowSizes(this.type, 'stride', stride, 1)[0],
    ]
    checkPooling(this.type, x, lengths)
    if (carry !== undefined && !(taps === 1 && step === 1)) {
      throw new RnnError({
        code: 'E_UNSUPPORTED',
        operation: this.type,
        problem: 'its windows span steps that a stream gives one after another',
        fix: 'use recurrent layers in a model for streams',
      })
    }
    if (lengths !== undefined && !(step === 1 && (padding === 'same' || taps === 1))) {
      throw new RnnError({
        code: 'E_UNSUPPORTED',
        operation: this.type,
        problem: 'lengths are given, but there are fewer windows than time steps, and lengths would no longer hold',
        fix: "use padding: 'same' and stride: 1, or rows of one length",
      })
    }
  }

  override toJSON(): ModuleConfig {
    const { filters, kernelSize, inputSize, stride, padding, dilation, activation, useBias } = this.options
    const own = { filters, kernelSize, inputSize, stride, padding, dilation, activation, useBias }
    return describe(this.type, { ...own, ...describeWeights(this.options) })
  }
}

/**
 * Convolution over time: float32 `[batch, time, channels]` → `[batch, windows, filters]`.
 *
 * ```ts
 * sequential(embedding({ vocabularySize: 5000, units: 64 }), conv1d({ filters: 128, kernelSize: 5, padding: 'same', activation: 'relu' }), maxOverTime())
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function conv1d(options: ConvolutionLayerOptions<Size1d>): Convolution {
  return new Convolution(1, options)
}

/**
 * Convolution over images: float32 `[batch, height, width, channels]` → `[batch, height, width, filters]`; axes in front, such as time, stay as they are.
 *
 * ```ts
 * sequential(convLstm2d({ filters: 16, kernelSize: 3, inputSize: 1 }), conv2d({ filters: 1, kernelSize: 3, padding: 'same' })) // frames to frames
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function conv2d(options: ConvolutionLayerOptions<Size2d>): Convolution {
  return new Convolution(2, options)
}
