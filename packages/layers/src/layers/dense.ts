// The fully connected layer.

import { glorotUniform, linear, scope, zeroInitializer, type Tensor } from '@rnn/core'
import { agreeOnInputSize, built, checkFeatures, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { Module } from '../module.ts'
import type { Variable } from '../variable.ts'
import { readRegularizer } from '../weights/read-weight-options.ts'
import type { Regularizer } from '../weights/regularizer.ts'
import { describeWeights, WEIGHT_OPTION_TYPES, weightVariable, type WeightOptions } from '../weights/weight-options.ts'
import { activationFunction, type ActivationName } from './activation.ts'
import { noteActivity } from './activity-regularization.ts'
import { TiedDense, type TiedDenseOptions } from './tied-dense.ts'

/** Options of `dense`. */
export interface DenseOptions extends WeightOptions {
  /** Features of the output. */
  readonly units: number
  /** Default: none (`linear`). */
  readonly activation?: ActivationName
  /** Default: true. */
  readonly useBias?: boolean
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** Of the output, added to the loss while training: see `activityRegularization`. Default: none. */
  readonly activityRegularizer?: Regularizer
}

/** JSON types of `DenseOptions`. */
export const DENSE_OPTION_TYPES: OptionTypes<DenseOptions> = {
  units: 'number',
  activation: 'string',
  useBias: 'boolean',
  inputSize: 'number',
  activityRegularizer: readRegularizer,
  ...WEIGHT_OPTION_TYPES,
}

/** `activation(x · kernel + bias)` over the last axis. Parameters: kernel `[inputSize, units]`, bias `[units]`. */
export class Dense extends Module {
  readonly options: DenseOptions
  kernel: Variable | undefined
  bias: Variable | undefined

  constructor(options: DenseOptions) {
    super()
    const { units, inputSize, activation = 'linear' } = options
    checkWhole('dense', 'units', units, 1)
    if (inputSize !== undefined) checkWhole('dense', 'inputSize', inputSize, 1)
    activationFunction('dense', activation)
    this.options = options
  }

  override get type(): string {
    return 'dense'
  }

  override get outputSize(): number {
    return this.options.units
  }

  override get lacksInputSize(): boolean {
    return this.kernel === undefined
  }

  override build(inputSize: number | undefined): number {
    const { options } = this
    const { units, useBias = true } = options
    const size = agreeOnInputSize('dense', options.inputSize, inputSize, this.kernel?.spec.shape[0])
    if (size !== undefined && this.kernel === undefined) {
      this.kernel = weightVariable('kernel', { shape: [size, units], initializer: glorotUniform }, options)
      if (useBias) this.bias = weightVariable('bias', { shape: [units], initializer: zeroInitializer }, options)
    }
    return units
  }

  /** @param x float32 `[…, inputSize]` @returns `[…, units]` */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { activation = 'linear', activityRegularizer } = this.options
    const kernel = built('dense', this.kernel).value
    checkFeatures('dense', x, kernel.shape[0] ?? 0)
    const output = scope(x.backend, () => activationFunction('dense', activation)(linear(x, kernel, this.bias?.value)))
    if (activityRegularizer !== undefined) noteActivity(output, activityRegularizer, context)
    return output
  }

  override toJSON(): ModuleConfig {
    const { units, activation, useBias, inputSize, activityRegularizer } = this.options
    const weights = describeWeights(this.options)
    const activity = activityRegularizer?.configuration
    return describe('dense', { units, activation, useBias, inputSize, activityRegularizer: activity, ...weights })
  }
}

/**
 * A fully connected layer: float32 `[…, inputSize]` → `[…, units]`. With `tiedTo` it uses the kernel of another module the other way round, as do language models that
 * score words with the vectors by which they read them: it is trained by both, and saved and loaded once. Both stand in one `sequential`, or in a module of your own.
 *
 * ```ts
 * dense({ units: 6 })
 * const words = embedding({ vocabularySize: 5000, units: 64 })
 * const next = sequential(words, lstm({ units: 64 }), dense({ tiedTo: words }))
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function dense(options: DenseOptions): Dense
export function dense(options: TiedDenseOptions): TiedDense
export function dense(options: DenseOptions | TiedDenseOptions): Dense | TiedDense {
  if (!('tiedTo' in options)) return new Dense(options)
  const { tiedTo, ...settings } = options
  return new TiedDense(settings, tiedTo)
}
