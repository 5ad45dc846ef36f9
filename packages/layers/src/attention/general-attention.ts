// Attention by a bilinear form (Luong et al. 2015, "general").

import { glorotUniform, matmul, type Tensor } from '@rnn/core'
import { built } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { Variable } from '../variable.ts'
import type { AttentionSizes } from './attention.ts'
import { ScoredAttention } from './scored-attention.ts'

/** `score = query · kernel · memoryᵀ`. Parameter: kernel `[querySize, memorySize]`. */
export class GeneralAttention extends ScoredAttention {
  kernel: Variable | undefined

  override get type(): string {
    return 'generalAttention'
  }

  protected override makeVariables(querySize: number, memorySize: number): void {
    this.kernel = new Variable('kernel', { shape: [querySize, memorySize], initializer: glorotUniform })
  }

  /** The kernel goes with the memory: once per sequence. */
  override keysOf(memory: Tensor): Tensor {
    return matmul(memory, built(this.type, this.kernel).value, { transposeB: true })
  }

  override projectQuery(query: Tensor): Tensor {
    return query
  }

  override scores(query: Tensor, keys: Tensor): Tensor {
    return matmul(query, keys, { transposeB: true })
  }

  override toJSON(): ModuleConfig {
    const { querySize, memorySize } = this.sizes
    return describe('generalAttention', { querySize, memorySize })
  }
}

/**
 * Attention whose scores are `query · kernel · memoryᵀ` (Luong et al. 2015): queries and memory may have different sizes.
 *
 * ```ts
 * const attend = await generalAttention({ querySize: 2, memorySize: 2 }).init(backend, { seed: 1 })
 * const context = attend.forward({ query: y, memory: x, lengths })
 * ```
 */
export function generalAttention(options: AttentionSizes = {}): GeneralAttention {
  return new GeneralAttention(options)
}
