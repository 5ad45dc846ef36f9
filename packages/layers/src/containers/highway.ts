// A gated shortcut around any layer.

import { constant, glorotUniform, lerp, linear, scope, sigmoid, type Tensor } from '@rnn/core'
import { agreeOnInputSize, built, checkFeatures, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext, type PassedOn } from '../context.ts'
import { closedAlike, reopened } from '../layers/gaps.ts'
import { Module } from '../module.ts'
import type { Variable } from '../variable.ts'
import { describeWeights, weightVariable, type WeightOptions } from '../weights/weight-options.ts'
import { checkSameShape, checkSameSize } from './wrapping.ts'

/** Options of `highway`; those of weights are the gate's. The bias starts at −2 unless `biasInitializer` says otherwise. */
export interface HighwayOptions extends WeightOptions {
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
}

/**
 * `t · layer(x) + (1 − t) · x` with the gate `t = σ(x · kernel + bias)`. The child is named `layer`. Parameters of the gate: kernel `[inputSize, inputSize]`,
 * bias `[inputSize]`.
 */
export class Highway extends Module {
  readonly layer: Module
  readonly options: HighwayOptions
  kernel: Variable | undefined
  bias: Variable | undefined

  constructor(layer: Module, options: HighwayOptions = {}) {
    super()
    if (options.inputSize !== undefined) checkWhole('highway', 'inputSize', options.inputSize, 1)
    this.layer = layer
    this.options = options
  }

  override get type(): string {
    return 'highway'
  }

  override get outputSize(): number | undefined {
    return this.kernel?.spec.shape[0]
  }

  override get lacksInputSize(): boolean {
    return this.kernel === undefined
  }

  override build(inputSize: number | undefined): number | undefined {
    const { options } = this
    const size = agreeOnInputSize('highway', options.inputSize, inputSize, this.kernel?.spec.shape[0])
    checkSameSize('highway', this.layer, size, this.layer.build(size))
    if (size !== undefined && this.kernel === undefined) {
      this.kernel = weightVariable('kernel', { shape: [size, size], initializer: glorotUniform }, options)
      this.bias = weightVariable('bias', { shape: [size], initializer: constant(-2) }, options)
    }
    return size
  }

  /** @param x float32 `[…, inputSize]` @returns the same shape */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    return scope(x.backend, () => reopened(this.passOn(x, context), context))
  }

  override passOn(x: Tensor, context: ForwardContext): PassedOn {
    const kernel = built('highway', this.kernel).value
    checkFeatures('highway', x, kernel.shape[0] ?? 0)
    return scope(x.backend, () => {
      const { output, told } = this.layer.passOn(x, child(context, 'layer'))
      checkSameShape('highway', x, output)
      const input = closedAlike(x, told, context)
      const gate = sigmoid(linear(input, kernel, this.bias?.value))
      return { output: lerp(input, output, gate), told: { ...told, key: context.key } }
    })
  }

  override toJSON(): ModuleConfig {
    const { inputSize } = this.options
    return describe('highway', { layer: this.layer.toJSON(), inputSize, ...describeWeights(this.options) })
  }
}

/**
 * A shortcut around a layer with a gate for each feature (Srivastava, Greff & Schmidhuber 2015). It starts nearly shut: the layer has about an eighth of the say.
 *
 * ```ts
 * sequential(dense({ units: 32, inputSize: 8 }), highway(dense({ units: 32, activation: 'relu' })))
 * ```
 *
 * @throws E_VALUE for options out of range; E_CONFIGURATION, when it is built, for a layer that doesn't give as many features as it gets
 */
export function highway(layer: Module, options: HighwayOptions = {}): Highway {
  return new Highway(layer, options)
}
