// Attention by inner products (Luong et al. 2015, "dot"), scaled if wanted (Vaswani et al. 2017).

import { formatShape, matmul, mul, RnnError, type Tensor } from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import type { AttentionSizes } from './attention.ts'
import { ScoredAttention } from './scored-attention.ts'

/** Options of `dotAttention`. */
export interface DotAttentionOptions extends AttentionSizes {
  /** Divide the scores by √size (scaled dot-product attention). Default: false. */
  readonly scaled?: boolean
}

/** `score = query · memory`. No parameters; query and memory have the same features. */
export class DotAttention extends ScoredAttention {
  readonly options: DotAttentionOptions

  constructor(options: DotAttentionOptions = {}) {
    super(options)
    this.options = options
  }

  override get type(): string {
    return 'dotAttention'
  }

  protected override makeVariables(querySize: number, memorySize: number): void {
    if (querySize === memorySize) return
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: this.type,
      problem: `queries have ${querySize} features, the memory ${memorySize}: shapes ${formatShape([querySize])} and ${formatShape([memorySize])} have no inner product`,
      fix: 'use generalAttention() or additiveAttention({ units })',
    })
  }

  override keysOf(memory: Tensor): Tensor {
    return this.options.scaled === true ? mul(memory, 1 / Math.sqrt(this.memorySize)) : memory
  }

  override projectQuery(query: Tensor): Tensor {
    return query
  }

  override scores(query: Tensor, keys: Tensor): Tensor {
    return matmul(query, keys, { transposeB: true })
  }

  override toJSON(): ModuleConfig {
    const { scaled, querySize, memorySize } = this.options
    return describe('dotAttention', { scaled, querySize, memorySize })
  }
}

/**
 * Attention whose scores are inner products of query and memory (Luong et al. 2015), divided by √size with `scaled` (Vaswani et al. 2017).
 *
 * ```ts
 * const attend = await dotAttention({ querySize: 2, memorySize: 2, scaled: true }).init(backend, { seed: 1 })
 * const context = attend.forward({ query: y, memory: x, lengths })
 * ```
 */
export function dotAttention(options: DotAttentionOptions = {}): DotAttention {
  return new DotAttention(options)
}
