// Convolutional long short-term memory as a layer, over sequences of sequences and over films.

import {
  convLstmCell,
  formatShape,
  reshape,
  RnnError,
  sameShape,
  scan,
  scope,
  sizeOf,
  windowSizes,
  type Cell,
  type ConvLstmCell,
  type Padding,
  type RandomKey,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { agreeOnInputSize, built, checkChoice, checkFeatures, checkRate, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import { Module } from '../module.ts'
import type { NamedVariable, Variable } from '../variable.ts'
import {
  describeWeights,
  RECURRENT_WEIGHT_OPTION_TYPES,
  cellVariables,
  type RecurrentWeightOptions,
} from '../weights/weight-options.ts'
import { readSize, type Size1d, type Size2d } from './size.ts'

/** Options of `convLstm1d` and `convLstm2d`. */
export interface ConvLstmOptions<Size> extends RecurrentWeightOptions {
  /** Channels of the state. */
  readonly filters: number
  /** Size of the windows over the input and over the state. */
  readonly kernelSize: Size
  /** Channels of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** Steps from window to window of the input: the state is smaller by it. Default: 1. */
  readonly stride?: Size
  /** Of the input's convolution; that of the state keeps its size. Default: same. */
  readonly padding?: Padding
  /** Share of the state dropped where it enters the convolution while training, one mask per sequence (Gal & Ghahramani 2016). Default: 0. */
  readonly recurrentDropout?: number
  /** What `forward` gives: the hidden states of all time steps, or the final one. Default: sequence. */
  readonly returns?: 'sequence' | 'last'
}

type AnyOptions = ConvLstmOptions<number | readonly number[]>

/** JSON types of `ConvLstmOptions`. */
export const CONV_LSTM_OPTION_TYPES: OptionTypes<AnyOptions> = {
  filters: 'number',
  kernelSize: readSize,
  inputSize: 'number',
  stride: readSize,
  padding: 'string',
  recurrentDropout: 'number',
  returns: 'string',
  ...RECURRENT_WEIGHT_OPTION_TYPES,
}

/** Hidden and cell state, frames `[batch, …frame, filters]`. */
export type ConvLstmState = readonly [hidden: Tensor, cell: Tensor]

/** What `ConvLstm.run` is told beside its input. */
export interface ConvLstmRunOptions {
  /** The states before the first step. Default: zeros. */
  readonly initial?: ConvLstmState | undefined
  /** int32 `[batch]`. Default: every row is full. */
  readonly lengths?: Tensor | undefined
  /** Default: false. */
  readonly training?: boolean
  /** Needed while training with dropout. */
  readonly key?: RandomKey | undefined
}

/** What the layer computes. All tensors belong to the caller's scope. */
export interface ConvLstmRunResult {
  /** The hidden state at every time step, `[batch, time, …frame, filters]`; zero past a row's end. */
  readonly sequence: Tensor
  /** The states at each row's end. */
  readonly final: ConvLstmState
}

/**
 * A convolutional LSTM layer (Shi et al. 2015, without peepholes): `[batch, time, …frame, channels]` → `[batch, time, …frame, filters]`, or the last
 * frame with `returns: 'last'`. Made by `convLstm1d` and `convLstm2d`.
 *
 * Parameters: kernel `[…kernelSize, channels, 4·filters]`, recurrent `[…kernelSize, filters, 4·filters]`, bias `[4·filters]`, gates in the order i, f, g, o.
 */
export class ConvLstm extends Module {
  readonly dimensions: 1 | 2
  readonly options: AnyOptions
  #variables: Readonly<Record<string, Variable>> | undefined
  #inputSize: number | undefined

  constructor(dimensions: 1 | 2, options: AnyOptions) {
    super()
    this.dimensions = dimensions
    this.options = options
    const { type } = this
    const { filters, kernelSize, inputSize, stride = 1, padding, recurrentDropout, returns } = options
    checkWhole(type, 'filters', filters, 1)
    windowSizes(type, 'kernelSize', kernelSize, dimensions)
    if (inputSize !== undefined) checkWhole(type, 'inputSize', inputSize, 1)
    windowSizes(type, 'stride', stride, dimensions)
    if (padding !== undefined) checkChoice(type, 'padding', padding, ['same', 'valid'])
    if (recurrentDropout !== undefined) checkRate(type, 'recurrentDropout', recurrentDropout)
    if (returns !== undefined) checkChoice(type, 'returns', returns, ['sequence', 'last'])
  }

  override get type(): string {
    return `convLstm${this.dimensions}d`
  }

  override get outputSize(): number {
    return this.options.filters
  }

  override get lacksInputSize(): boolean {
    return this.#inputSize === undefined
  }

  override build(inputSize: number | undefined): number {
    const { type, options, dimensions } = this
    const size = agreeOnInputSize(type, options.inputSize, inputSize, this.#inputSize)
    if (size !== undefined && this.#inputSize === undefined) {
      this.#inputSize = size
      // The parameters are the same whatever the size of the frames.
      const frame = windowSizes(type, 'kernelSize', options.kernelSize, dimensions)
      const cell = this.#cellFor(frame, size)
      this.#variables = cellVariables(type, cell.parameters(sizeOf(frame) * size, cell.units), options)
    }
    return options.filters
  }

  #cellFor(frame: readonly number[], channels: number): ConvLstmCell {
    const { type, dimensions } = this
    const { filters, kernelSize, stride, padding } = this.options
    return convLstmCell({
      frame,
      channels,
      filters,
      kernelSize: windowSizes(type, 'kernelSize', kernelSize, dimensions),
      stride,
      padding,
    })
  }

  override ownVariables(): readonly NamedVariable[] {
    return Object.values(this.#variables ?? {}).map((variable) => ({ path: variable.name, variable }))
  }

  /**
   * Runs over whole sequences with states in and out.
   *
   * ```ts
   * const films = await convLstm2d({ filters: 4, kernelSize: 3, inputSize: 1 }).init(backend, { seed: 1 })
   * const { sequence, final } = films.run(ones([2, 5, 8, 8, 1], { backend }))
   * const next = films.run(ones([2, 1, 8, 8, 1], { backend }), { initial: final })
   * ```
   *
   * @param x float32 `[batch, time, …frame, channels]`
   * @throws E_NOT_BUILT before `init`, E_SHAPE (a kernel larger than its frame, among others), E_VALUE while training with dropout and without a key
   */
  run(x: Tensor, options: ConvLstmRunOptions = {}): ConvLstmRunResult {
    const { filters } = this.options
    return scope(x.backend, () => {
      const cell = this.#cellOf(x)
      const batch = x.shape[0] ?? 0
      const frames = [...cell.stateFrame, filters]
      const initial = options.initial?.map((state, i) => {
        if (sameShape(state.shape, [batch, ...frames])) return reshape(state, [batch, cell.units])
        throw this.#misshaped(`initial state ${i}`, state.shape, formatShape([batch, ...frames]))
      })
      const { sequence, final } = this.#scan(cell, x, options, initial)
      const [hidden, memory] = final.map((state) => reshape(state, [batch, ...frames]))
      return {
        sequence: reshape(sequence, [...x.shape.slice(0, 2), ...frames]),
        final: [hidden, memory] as unknown as ConvLstmState, // a cell of two states
      }
    })
  }

  #cellOf(x: Tensor): ConvLstmCell {
    const { type, dimensions } = this
    built(type, this.#variables)
    if (x.rank !== dimensions + 3)
      throw this.#misshaped(
        'the input',
        x.shape,
        `[batch, time, ${dimensions === 1 ? 'length' : 'height, width'}, channels]`,
      )
    checkFeatures(type, x, this.#inputSize ?? 0)
    return this.#cellFor(x.shape.slice(2, -1), x.shape.at(-1) ?? 0)
  }

  #misshaped(what: string, shape: Shape, expected: string): RnnError {
    return new RnnError({
      code: 'E_SHAPE',
      operation: this.type,
      problem: `${what} has shape ${formatShape(shape)}, expected ${expected}`,
    })
  }

  /** Over frames and states that are flattened, as the scan has them. */
  #scan(
    cell: ConvLstmCell,
    x: Tensor,
    { lengths, training = false, key }: ConvLstmRunOptions,
    initial: readonly Tensor[] | undefined,
  ): { readonly sequence: Tensor; readonly final: readonly Tensor[] } {
    const { recurrentDropout = 0 } = this.options
    const [batch = 0, time = 0, ...frame] = x.shape
    const hiddenMask =
      training && recurrentDropout > 0
        ? dropoutMask(x, [batch, cell.units], recurrentDropout, requireKey(this.type, key))
        : undefined
    const values = Object.entries(built(this.type, this.#variables)).map(([name, { value }]) => [name, value] as const)
    return scan(cell as unknown as Cell, reshape(x, [batch, time, sizeOf(frame)]), Object.fromEntries(values), {
      units: cell.units,
      initial,
      lengths,
      hiddenMask,
    })
  }

  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    return scope(x.backend, () => {
      const cell = this.#cellOf(x)
      const [batch = 0, time = 0] = x.shape
      const initial = context.carry?.before(this, cell.stateSizes(cell.units), batch)
      const { sequence, final } = this.#scan(cell, x, context, initial)
      context.carry?.after(this, final)
      const frames = [...cell.stateFrame, this.options.filters]
      return this.options.returns === 'last'
        ? reshape(final[0] ?? sequence, [batch, ...frames])
        : reshape(sequence, [batch, time, ...frames])
    })
  }

  override toJSON(): ModuleConfig {
    const { filters, kernelSize, inputSize, stride, padding, recurrentDropout, returns } = this.options
    const own = { filters, kernelSize, inputSize, stride, padding, recurrentDropout, returns }
    return describe(this.type, { ...own, ...describeWeights(this.options) })
  }
}

/**
 * Convolutional LSTM over frames that are sequences: float32 `[batch, time, length, channels]` → `[batch, time, length, filters]`.
 *
 * ```ts
 * convLstm1d({ filters: 8, kernelSize: 3 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function convLstm1d(options: ConvLstmOptions<Size1d>): ConvLstm {
  return new ConvLstm(1, options)
}

/**
 * Convolutional LSTM over films: float32 `[batch, time, height, width, channels]` → `[batch, time, height, width, filters]`.
 *
 * ```ts
 * sequential(convLstm2d({ filters: 16, kernelSize: 3, inputSize: 1 }), conv2d({ filters: 1, kernelSize: 3, padding: 'same' })) // frames to frames
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function convLstm2d(options: ConvLstmOptions<Size2d>): ConvLstm {
  return new ConvLstm(2, options)
}
