// A shortcut around any layer.

import { add, scope, type Tensor } from '@rnn/core'
import type { ModuleConfig } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext, type PassedOn } from '../context.ts'
import { closedAlike, reopened } from '../layers/gaps.ts'
import { Module } from '../module.ts'
import { checkSameShape, checkSameSize } from './wrapping.ts'

/** `x + layer(x)`. The child is named `layer`. */
export class Residual extends Module {
  readonly layer: Module

  constructor(layer: Module) {
    super()
    this.layer = layer
  }

  override get type(): string {
    return 'residual'
  }

  override get outputSize(): number | undefined {
    return this.layer.outputSize
  }

  override build(inputSize: number | undefined): number | undefined {
    const size = this.layer.build(inputSize)
    checkSameSize('residual', this.layer, inputSize, size)
    return size
  }

  /** @param x float32, any shape that the layer takes and gives */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    return scope(x.backend, () => reopened(this.passOn(x, context), context))
  }

  override passOn(x: Tensor, context: ForwardContext): PassedOn {
    return scope(x.backend, () => {
      const { output, told } = this.layer.passOn(x, child(context, 'layer'))
      checkSameShape('residual', x, output)
      return { output: add(closedAlike(x, told, context), output), told: { ...told, key: context.key } }
    })
  }

  override toJSON(): ModuleConfig {
    return { type: 'residual', layer: this.layer.toJSON() }
  }
}

/**
 * A shortcut around a layer (He et al. 2016): its output is added to its input, so that gradients reach what comes before undiminished.
 *
 * ```ts
 * sequential(gru({ units: 64, inputSize: 8 }), residual(gru({ units: 64 })), lastOverTime(), dense({ units: 1 }))
 * ```
 *
 * @throws E_CONFIGURATION, when it is built, for a layer that doesn't give as many features as it gets
 */
export function residual(layer: Module): Residual {
  return new Residual(layer)
}
