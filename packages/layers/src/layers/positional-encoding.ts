// Where in a sequence a step stands, for layers that would not know: attention sees a set.

import {
  add,
  formatShape,
  RnnError,
  scope,
  slice,
  tensor,
  uniformInitializer,
  type Initializer,
  type Tensor,
} from '@rnn/core'
import { agreeOnInputSize, built, checkFeatures, checkNoStream, checkSequence, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'
import { readInitializer } from '../weights/read-weight-options.ts'
import { SameSize } from './same-size.ts'

/** Adds sinusoids of the position to `[batch, time, features]`. No parameters. */
export class PositionalEncoding extends SameSize {
  override get type(): string {
    return 'positionalEncoding'
  }

  /** @param x float32 `[batch, time, features]` @returns the same shape */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    checkSequence('positionalEncoding', x)
    checkNoStream('positionalEncoding', context)
    const [, time = 0, features = 0] = x.shape
    return scope(x.backend, () =>
      add(x, tensor(sinusoids(time, features), { backend: x.backend, shape: [1, time, features] })),
    )
  }

  override toJSON(): ModuleConfig {
    return describe('positionalEncoding', {})
  }
}

/** sin and cos of `position / 10000^(2i / features)` in turn, row-major `[time, features]`. */
function sinusoids(time: number, features: number): Float32Array {
  return Float32Array.from({ length: time * features }, (_, at) => {
    const feature = at % features
    const angle = Math.floor(at / features) / 10_000 ** ((feature - (feature % 2)) / features)
    return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
  })
}

/**
 * Sinusoidal positions (Vaswani et al. 2017): feature 2i gets `sin(t / 10000^(2i / features))` added, feature 2i + 1 the cosine, for sequences of any length.
 *
 * ```ts
 * sequential(embedding({ vocabularySize: 5000, units: 64 }), positionalEncoding(), transformerEncoderLayer({ heads: 4, feedForwardUnits: 128 }))
 * ```
 */
export function positionalEncoding(): PositionalEncoding {
  return new PositionalEncoding()
}

/** Options of `positionEmbedding`. */
export interface PositionEmbeddingOptions {
  /** Longest sequence. */
  readonly maxLength: number
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** How vectors start. Default: uniform in ±0.05. */
  readonly initializer?: Initializer
}

/** JSON types of `PositionEmbeddingOptions`. */
export const POSITION_EMBEDDING_OPTION_TYPES: OptionTypes<PositionEmbeddingOptions> = {
  maxLength: 'number',
  inputSize: 'number',
  initializer: readInitializer,
}

/** Adds a trained vector for each position to `[batch, time, features]`. Parameter: kernel `[maxLength, features]`. */
export class PositionEmbedding extends Module {
  readonly options: PositionEmbeddingOptions
  kernel: Variable | undefined

  constructor(options: PositionEmbeddingOptions) {
    super()
    const { maxLength, inputSize } = options
    checkWhole('positionEmbedding', 'maxLength', maxLength, 1)
    if (inputSize !== undefined) checkWhole('positionEmbedding', 'inputSize', inputSize, 1)
    this.options = options
  }

  override get type(): string {
    return 'positionEmbedding'
  }

  override get outputSize(): number | undefined {
    return this.kernel?.spec.shape[1]
  }

  override get lacksInputSize(): boolean {
    return this.kernel === undefined
  }

  override build(inputSize: number | undefined): number | undefined {
    const { maxLength, initializer = uniformInitializer(-0.05, 0.05) } = this.options
    const size = agreeOnInputSize('positionEmbedding', this.options.inputSize, inputSize, this.outputSize)
    if (size !== undefined && this.kernel === undefined) {
      this.kernel = new Variable('kernel', { shape: [maxLength, size], initializer })
    }
    return size
  }

  /** @param x float32 `[batch, time, features]` @returns the same shape @throws E_SHAPE for more steps than there are vectors */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const kernel = built('positionEmbedding', this.kernel).value
    checkSequence('positionEmbedding', x)
    checkFeatures('positionEmbedding', x, kernel.shape[1] ?? 0)
    checkNoStream('positionEmbedding', context)
    const [, time = 0] = x.shape
    const { maxLength } = this.options
    if (time > maxLength) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'positionEmbedding',
        problem: `the input has shape ${formatShape(x.shape)}, and there are vectors for ${maxLength} steps`,
        fix: 'cut the sequences, or train with a larger maxLength',
      })
    }
    return scope(x.backend, () => add(x, slice(kernel, 0, 0, time)))
  }

  override toJSON(): ModuleConfig {
    const { maxLength, inputSize, initializer } = this.options
    return describe('positionEmbedding', { maxLength, inputSize, initializer: initializer?.configuration })
  }
}

/**
 * Learned positions (Gehring et al. 2017): a trained vector for each position is added.
 *
 * ```ts
 * sequential(embedding({ vocabularySize: 5000, units: 64 }), positionEmbedding({ maxLength: 200 }))
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function positionEmbedding(options: PositionEmbeddingOptions): PositionEmbedding {
  return new PositionEmbedding(options)
}
