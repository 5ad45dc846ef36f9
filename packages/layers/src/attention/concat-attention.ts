// Attention by a small network over query and memory side by side (Luong et al. 2015, "concat").

import { glorotUniform, linear, slice, type Tensor } from '@rnn/core'
import { built, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { Variable } from '../variable.ts'
import { scoresOfHidden, sumOverPairs } from './additive-attention.ts'
import type { AttentionSizes } from './attention.ts'
import { ScoredAttention } from './scored-attention.ts'

/** Options of `concatAttention`. */
export interface ConcatAttentionOptions extends AttentionSizes {
  /** Width of the network's hidden layer. */
  readonly units: number
}

/** `score = scoreVector · tanh([query; memory] · kernel)`. Parameters: kernel `[querySize + memorySize, units]`, the query's rows first, and scoreVector `[units]`. */
export class ConcatAttention extends ScoredAttention {
  readonly options: ConcatAttentionOptions
  kernel: Variable | undefined
  scoreVector: Variable | undefined

  constructor(options: ConcatAttentionOptions) {
    super(options)
    checkWhole('concatAttention', 'units', options.units, 1)
    this.options = options
  }

  override get type(): string {
    return 'concatAttention'
  }

  protected override makeVariables(querySize: number, memorySize: number): void {
    const { units } = this.options
    this.kernel = new Variable('kernel', { shape: [querySize + memorySize, units], initializer: glorotUniform })
    this.scoreVector = new Variable('scoreVector', { shape: [units], initializer: glorotUniform })
  }

  /** The product of a concatenation is the sum of two products, of which this one runs once per sequence. */
  override keysOf(memory: Tensor): Tensor {
    return linear(memory, slice(built(this.type, this.kernel).value, 0, this.querySize, this.memorySize))
  }

  override projectQuery(query: Tensor): Tensor {
    return linear(query, slice(built(this.type, this.kernel).value, 0, 0, this.querySize))
  }

  override scores(query: Tensor, keys: Tensor): Tensor {
    return scoresOfHidden(sumOverPairs(query, keys), built(this.type, this.scoreVector).value)
  }

  override toJSON(): ModuleConfig {
    const { units, querySize, memorySize } = this.options
    return describe('concatAttention', { units, querySize, memorySize })
  }
}

/**
 * Luong's attention by concatenation (Luong, Pham & Manning 2015): additive attention with one kernel for both sides.
 *
 * ```ts
 * const attend = await concatAttention({ units: 8, querySize: 2, memorySize: 2 }).init(backend, { seed: 1 })
 * const context = attend.forward({ query: y, memory: x, lengths })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function concatAttention(options: ConcatAttentionOptions): ConcatAttention {
  return new ConcatAttention(options)
}
