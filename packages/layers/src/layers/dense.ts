// The fully connected layer.

import { glorotUniform, linear, zeroInitializer, type Initializer, type Tensor } from '@rnn/core'
import { agreeOnInputSize, built, checkFeatures, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import type { ForwardContext } from '../context.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'
import { activationFunction, type ActivationName } from './activation.ts'

/** Options of `dense`. */
export interface DenseOptions {
  /** Features of the output. */
  readonly units: number
  /** Default: none (`linear`). */
  readonly activation?: ActivationName
  /** Default: true. */
  readonly useBias?: boolean
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** How the kernel starts. Default: glorotUniform. Not part of the JSON form. */
  readonly kernelInitializer?: Initializer
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
    const { units, useBias = true, kernelInitializer = glorotUniform } = this.options
    const size = agreeOnInputSize('dense', this.options.inputSize, inputSize, this.kernel?.spec.shape[0])
    if (size !== undefined && this.kernel === undefined) {
      this.kernel = new Variable('kernel', { shape: [size, units], initializer: kernelInitializer })
      if (useBias) this.bias = new Variable('bias', { shape: [units], initializer: zeroInitializer })
    }
    return units
  }

  /** @param x float32 `[…, inputSize]` @returns `[…, units]` */
  override forward(x: Tensor, _context?: ForwardContext): Tensor {
    const kernel = built('dense', this.kernel).value
    checkFeatures('dense', x, kernel.shape[0] ?? 0)
    return activationFunction('dense', this.options.activation ?? 'linear')(linear(x, kernel, this.bias?.value))
  }

  override toJSON(): ModuleConfig {
    const { units, activation, useBias, inputSize } = this.options
    return describe('dense', { units, activation, useBias, inputSize })
  }
}

/**
 * A fully connected layer: float32 `[…, inputSize]` → `[…, units]`.
 *
 * ```ts
 * dense({ units: 6 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function dense(options: DenseOptions): Dense {
  return new Dense(options)
}
