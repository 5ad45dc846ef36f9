// From the readout to the vocabulary: a kernel of its own, or the target embedding's.

import { glorotUniform, zeroInitializer, type DeferredLogits, type Tensor } from '@rnn/core'
import { built } from '../checks.ts'
import type { Embedding } from '../layers/embedding.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'

/** `features · kernel + bias`, with kernel `[features, vocabularySize]` or, tied, the transpose of the embedding's `[vocabularySize, features]`. */
export class OutputProjection extends Module<Tensor, DeferredLogits> {
  kernel: Variable | undefined
  readonly bias: Variable
  readonly #target: Embedding
  readonly #tied: boolean

  constructor(target: Embedding, tied: boolean) {
    super()
    this.#target = target
    this.#tied = tied
    this.bias = new Variable('bias', { shape: [target.options.vocabularySize], initializer: zeroInitializer })
  }

  override get type(): string {
    return 'output'
  }

  override get outputSize(): number {
    return this.#target.options.vocabularySize
  }

  override build(inputSize: number | undefined): number {
    if (inputSize !== undefined && this.kernel === undefined && !this.#tied) {
      this.kernel = new Variable('kernel', { shape: [inputSize, this.outputSize], initializer: glorotUniform })
    }
    return this.outputSize
  }

  override forward(features: Tensor): DeferredLogits {
    return {
      kind: 'deferredLogits',
      features,
      kernel: (this.#tied ? this.#target.kernel : built(this.type, this.kernel)).value,
      transposeKernel: this.#tied,
      bias: this.bias.value,
    }
  }
}
