// Layer normalisation (Ba, Kiros & Hinton 2016) as a layer.

import { constant, layerNorm, RnnError, zeroInitializer, type Tensor } from '@rnn/core'
import { agreeOnInputSize, checkFeatures, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import type { ForwardContext } from '../context.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'

/** Options of `layerNormalization`. */
export interface LayerNormalizationOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number
  /** Multiply each feature by a trained number. Default: true. */
  readonly useGain?: boolean
  /** Add a trained number to each feature. Default: true. */
  readonly useBias?: boolean
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
}

/** JSON types of `LayerNormalizationOptions`. */
export const LAYER_NORMALIZATION_OPTION_TYPES: OptionTypes<LayerNormalizationOptions> = {
  epsilon: 'number',
  useGain: 'boolean',
  useBias: 'boolean',
  inputSize: 'number',
}

/** Each vector of features with mean 0 and variance 1, then scaled and moved. Parameters: gain and bias, `[inputSize]` each. */
export class LayerNormalization extends Module {
  readonly options: LayerNormalizationOptions
  gain: Variable | undefined
  bias: Variable | undefined
  #size: number | undefined

  constructor(options: LayerNormalizationOptions = {}) {
    super()
    const { epsilon, inputSize } = options
    if (inputSize !== undefined) checkWhole('layerNormalization', 'inputSize', inputSize, 1)
    if (epsilon !== undefined && !(epsilon > 0)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'layerNormalization',
        problem: `epsilon is ${String(epsilon)}`,
        fix: 'use a small number above 0',
      })
    }
    this.options = options
  }

  override get type(): string {
    return 'layerNormalization'
  }

  override get outputSize(): number | undefined {
    return this.#size
  }

  override get lacksInputSize(): boolean {
    return this.#size === undefined
  }

  override build(inputSize: number | undefined): number | undefined {
    const { useGain = true, useBias = true } = this.options
    const size = agreeOnInputSize('layerNormalization', this.options.inputSize, inputSize, this.#size)
    if (size !== undefined && this.#size === undefined) {
      this.#size = size
      if (useGain) this.gain = new Variable('gain', { shape: [size], initializer: constant(1) })
      if (useBias) this.bias = new Variable('bias', { shape: [size], initializer: zeroInitializer })
    }
    return size
  }

  /** @param x float32 `[…, inputSize]` @returns the same shape */
  override forward(x: Tensor, _context?: ForwardContext): Tensor {
    const { epsilon = 1e-5 } = this.options
    if (this.#size !== undefined) checkFeatures('layerNormalization', x, this.#size)
    return layerNorm(x, { gain: this.gain?.value, bias: this.bias?.value, epsilon })
  }

  override toJSON(): ModuleConfig {
    const { epsilon, useGain, useBias, inputSize } = this.options
    return describe('layerNormalization', { epsilon, useGain, useBias, inputSize })
  }
}

/**
 * Layer normalisation: `(x − mean) / √(variance + ε) · gain + bias` over the last axis. `importPytorch` takes the weights of nn.LayerNorm.
 *
 * ```ts
 * sequential(gru({ units: 64, inputSize: 8 }), layerNormalization(), dense({ units: 1 }))
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): LayerNormalization {
  return new LayerNormalization(options)
}
