// Vectors for the words (or characters, or other ids) of a vocabulary.

import {
  equal,
  formatShape,
  gather,
  RnnError,
  select,
  uniformInitializer,
  type Initializer,
  type Tensor,
} from '@rnn/core'
import { checkWhole } from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import type { ForwardContext } from '../context.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'
import type { Constraint } from '../weights/constraint.ts'
import { readConstraint, readInitializer, readRegularizer } from '../weights/read-weight-options.ts'
import type { Regularizer } from '../weights/regularizer.ts'

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Ids run from 0 to vocabularySize − 1. */
  readonly vocabularySize: number
  /** Length of each vector. */
  readonly units: number
  /** The id that stands for nothing: its vector is zero and gets no gradient. Default: none. */
  readonly paddingIndex?: number
  /** Pretrained vectors, row-major `[vocabularySize, units]`. Copied at `init`. Not part of the JSON form. */
  readonly weights?: Float32Array
  /** False freezes the vectors. Default: true. */
  readonly trainable?: boolean
  /** How vectors start. Default: uniform in ±0.05. */
  readonly initializer?: Initializer
  /** Of the vectors, added to the loss while training. Default: none. */
  readonly regularizer?: Regularizer
  /** What the vectors must satisfy after each step of the optimiser; `maxNorm(1, { axis: 1 })` is one on the length of each. Default: anything. */
  readonly constraint?: Constraint
}

/** JSON types of `EmbeddingOptions`. */
export const EMBEDDING_OPTION_TYPES: OptionTypes<Omit<EmbeddingOptions, 'weights'>> = {
  vocabularySize: 'number',
  units: 'number',
  paddingIndex: 'number',
  trainable: 'boolean',
  initializer: readInitializer,
  regularizer: readRegularizer,
  constraint: readConstraint,
}

/** Looks up a row of `kernel [vocabularySize, units]` for each id. */
export class Embedding extends Module {
  readonly options: EmbeddingOptions
  readonly kernel: Variable

  constructor(options: EmbeddingOptions) {
    super()
    const { vocabularySize, units, paddingIndex, trainable = true, regularizer, constraint } = options
    checkWhole('embedding', 'vocabularySize', vocabularySize, 1)
    checkWhole('embedding', 'units', units, 1)
    if (paddingIndex !== undefined) checkPadding(paddingIndex, vocabularySize)
    this.options = options
    const spec = { shape: [vocabularySize, units], initializer: rows(options) }
    this.kernel = new Variable('kernel', spec, { trainable, regularizer, constraint })
  }

  override get type(): string {
    return 'embedding'
  }

  override get outputSize(): number {
    return this.options.units
  }

  override build(): number {
    return this.options.units
  }

  /**
   * @param ids int32 of any shape, 0 … vocabularySize − 1; −1 gives zeros
   * @returns float32 `[…ids.shape, units]`
   * @throws E_DTYPE, and E_INDEX_RANGE, at once or at the next read, for other ids
   */
  override forward(ids: Tensor, context?: ForwardContext): Tensor {
    if (ids.dtype !== 'int32') {
      throw new RnnError({
        code: 'E_DTYPE',
        operation: 'embedding',
        problem: `the ids are ${ids.dtype} ${formatShape(ids.shape)}, expected int32`,
        fix: "give an Int32Array of ids, or cast(ids, 'int32')",
      })
    }
    const { paddingIndex } = this.options
    // gather reads −1 as "no row": zeros, and no gradient.
    const places = paddingIndex === undefined ? ids : select(equal(ids, paddingIndex), -1, ids)
    const vectors = gather(this.kernel.value, places)
    return context?.embedded?.(vectors) ?? vectors
  }

  override toJSON(): ModuleConfig {
    const { vocabularySize, units, paddingIndex, trainable = true, initializer, regularizer, constraint } = this.options
    const changed = this.kernel.trainable !== trainable // by hand, since it was made
    return describe('embedding', {
      vocabularySize,
      units,
      paddingIndex,
      trainable: changed ? !trainable : this.options.trainable,
      initializer: initializer?.configuration,
      regularizer: regularizer?.configuration,
      constraint: constraint?.configuration,
    })
  }
}

function checkPadding(paddingIndex: number, vocabularySize: number): void {
  if (Number.isInteger(paddingIndex) && paddingIndex >= 0 && paddingIndex < vocabularySize) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'embedding',
    problem: `paddingIndex is ${String(paddingIndex)}`,
    fix: `use an id of the vocabulary, 0 … ${vocabularySize - 1}`,
  })
}

/** Pretrained or random rows, with zeros in the padding row. */
function rows(options: EmbeddingOptions): Initializer {
  const { vocabularySize, units, paddingIndex, weights, initializer = uniformInitializer(-0.05, 0.05) } = options
  if (weights !== undefined && weights.length !== vocabularySize * units) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'embedding',
      problem: `weights hold ${weights.length} values, expected ${vocabularySize} × ${units} = ${vocabularySize * units}`,
    })
  }
  if (weights === undefined && paddingIndex === undefined) return initializer
  return {
    name: weights === undefined ? initializer.name : 'pretrained',
    values: (key, shape) => {
      const values = weights?.slice() ?? initializer.values(key, shape)
      if (paddingIndex !== undefined) values.fill(0, paddingIndex * units, (paddingIndex + 1) * units)
      return values
    },
  }
}

/**
 * A layer of trainable vectors: int32 ids `[…]` → float32 `[…, units]`.
 *
 * ```ts
 * embedding({ vocabularySize: 10_000, units: 64, paddingIndex: 0 })
 * embedding({ vocabularySize: 400, units: 100, weights: glove, trainable: false })
 * ```
 *
 * @throws E_VALUE for options out of range, E_SHAPE for weights of another size
 */
export function embedding(options: EmbeddingOptions): Embedding {
  return new Embedding(options)
}
