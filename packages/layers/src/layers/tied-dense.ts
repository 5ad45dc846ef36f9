// A dense layer without a kernel of its own (Press & Wolf 2017; Inan et al. 2017): what an embedding reads words with also scores them.

import { matmul, reshape, RnnError, scope, zeroInitializer, type Tensor } from '@rnn/core'
import { built, checkFeatures } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { Module, type AnyModule, type NamedModule } from '../module.ts'
import type { NamedVariable, Variable } from '../variable.ts'
import { readRegularizer } from '../weights/read-weight-options.ts'
import { describeWeights, WEIGHT_OPTION_TYPES, weightVariable } from '../weights/weight-options.ts'
import { activationFunction } from './activation.ts'
import { noteActivity } from './activity-regularization.ts'
import type { DenseOptions } from './dense.ts'

/** A module whose kernel another may use, a matrix: an embedding, a dense layer, or one of your own with such a field. */
export type KernelOwner = AnyModule & { readonly kernel: Variable | undefined }

/** Options of a tied layer that its JSON form has. What concerns the kernel is its owner's. */
export type TiedDenseSettings = Pick<
  DenseOptions,
  'activation' | 'useBias' | 'biasInitializer' | 'biasRegularizer' | 'biasConstraint' | 'activityRegularizer'
>

/** Options of `dense` for a layer that uses the kernel of another. */
export interface TiedDenseOptions extends TiedDenseSettings {
  /** Whose kernel is used, the other way round: `[units, inputSize]`. */
  readonly tiedTo: KernelOwner
}

/** JSON types of `TiedDenseSettings`. */
export const TIED_DENSE_OPTION_TYPES: OptionTypes<TiedDenseSettings> = {
  activation: 'string',
  useBias: 'boolean',
  biasInitializer: WEIGHT_OPTION_TYPES.biasInitializer,
  biasRegularizer: WEIGHT_OPTION_TYPES.biasRegularizer,
  biasConstraint: WEIGHT_OPTION_TYPES.biasConstraint,
  activityRegularizer: readRegularizer,
}

/**
 * `activation(x · kernelᵀ + bias)` over the last axis, with the kernel `[units, inputSize]` of another module: one value, trained by both, and saved once. Parameter of
 * its own: bias `[units]`.
 */
export class TiedDense extends Module {
  readonly options: TiedDenseSettings
  bias: Variable | undefined
  #owner: KernelOwner | undefined

  /** @param owner may come later, by `tieTo` */
  constructor(options: TiedDenseSettings, owner?: KernelOwner) {
    super()
    activationFunction('tiedDense', options.activation ?? 'linear')
    this.options = options
    if (owner !== undefined) this.tieTo(owner)
  }

  override get type(): string {
    return 'tiedDense'
  }

  /** Whose kernel it uses. */
  get owner(): KernelOwner | undefined {
    return this.#owner
  }

  /** Says whose kernel is used: for modules that are made of their JSON form. @throws E_CONFIGURATION for a module without a kernel, or when it is tied already */
  tieTo(owner: AnyModule): void {
    if (this.#owner !== undefined) throw refused('it is tied already', 'make a new one')
    if (!('kernel' in owner))
      throw refused(`the ${owner.type} module has no kernel`, 'tie it to an embedding or a dense layer')
    this.#owner = owner as KernelOwner // its kernel is looked at when it is there
  }

  override get outputSize(): number | undefined {
    return this.#owner?.kernel?.spec.shape[0]
  }

  override get lacksInputSize(): boolean {
    return this.outputSize === undefined
  }

  /** The owner is a part of another module. */
  override children(): readonly NamedModule[] {
    return []
  }

  override build(inputSize: number | undefined): number | undefined {
    if (this.#owner?.kernel === undefined) this.#owner?.build(undefined)
    const shape = this.#owner?.kernel?.spec.shape
    if (shape === undefined) return undefined
    const [units = 0, size] = shape
    if (shape.length !== 2) throw refused('the kernel is no matrix', 'tie it to an embedding or a dense layer')
    if (inputSize !== undefined && inputSize !== size) {
      throw refused(
        `the kernel has vectors of ${size}, the layer before gives ${inputSize} features`,
        'let it give as many, with a dense layer between for instance',
      )
    }
    const { useBias = true } = this.options
    if (useBias) this.bias ??= weightVariable('bias', { shape: [units], initializer: zeroInitializer }, this.options)
    return units
  }

  override ownVariables(): readonly NamedVariable[] {
    const kernel = this.#owner?.kernel
    const { bias } = this
    return [
      ...(kernel === undefined ? [] : [{ path: 'kernel', variable: kernel }]),
      ...(bias === undefined ? [] : [{ path: 'bias', variable: bias }]),
    ]
  }

  /** @param x float32 `[…, inputSize]` @returns `[…, units]` */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { activation = 'linear', activityRegularizer } = this.options
    if (this.#owner === undefined) throw refused('it is tied to nothing', 'call layer.tieTo(embedding) before init')
    const kernel = built('tiedDense', this.#owner.kernel).value
    const [units = 0, size = 0] = kernel.shape
    checkFeatures('tiedDense', x, size)
    const bias = this.bias && { bias: this.bias.value }
    const output = scope(x.backend, () => {
      const product = matmul(x.rank === 1 ? reshape(x, [1, size]) : x, kernel, { transposeB: true, ...bias })
      return activationFunction('tiedDense', activation)(x.rank === 1 ? reshape(product, [units]) : product)
    })
    if (activityRegularizer !== undefined) noteActivity(output, activityRegularizer, context)
    return output
  }

  /** The container that holds both says to whom it is tied. */
  override toJSON(): ModuleConfig {
    const { activation, useBias, activityRegularizer } = this.options
    const activity = activityRegularizer?.configuration
    return describe('tiedDense', {
      activation,
      useBias,
      activityRegularizer: activity,
      ...describeWeights(this.options),
    })
  }
}

function refused(problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_CONFIGURATION', operation: 'tiedDense', problem, fix })
}
