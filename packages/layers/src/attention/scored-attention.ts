// Attention with one score for each query and step of the memory: softmax over the scores, and a weighted mean of the memory.

import { matmul, scope, type Tensor } from '@rnn/core'
import { Attention, maskedSoftmax, memoryMask, type Attended, type AttentionMemory } from './attention.ts'

/**
 * Attention by scores. Its context is linear in the memory: weights may as well be applied to whatever a later layer makes of the memory, once per sequence.
 *
 * The score is computed from a projection of the query and from the keys, so that a loop can make all of a step's projections of one state at once.
 */
export abstract class ScoredAttention extends Attention {
  override get contextSize(): number {
    return this.memorySize
  }

  /** Whether the scores look at what earlier queries have attended to (`coverage`). */
  get covers(): boolean {
    return false
  }

  /** The part of the score that depends on the memory alone: `[batch, time, memorySize]` → `[batch, time, scoreSize]`. */
  abstract keysOf(memory: Tensor): Tensor

  /** The part that depends on the query alone: `[…, querySize]` → `[…, scoreSize]`. */
  abstract projectQuery(query: Tensor): Tensor

  /**
   * @param query a projected query, `[batch, queries, scoreSize]`
   * @param keys `[batch, time, scoreSize]`
   * @param coverage `[batch, queries, time]`: the weights of all queries before, summed; only where the attention covers
   * @returns `[batch, queries, time]`
   */
  abstract scores(query: Tensor, keys: Tensor, coverage?: Tensor): Tensor

  override prepare(memory: Tensor, lengths?: Tensor): AttentionMemory {
    return scope(memory.backend, () => ({
      keys: this.keysOf(memory),
      values: memory,
      mask: memoryMask(this.type, memory, lengths),
    }))
  }

  /**
   * The weights of projected queries, `[batch, queries, time]`; zeros for a row of the memory that is empty.
   *
   * @param query `projectQuery` of `[batch, queries, querySize]`
   */
  weigh(query: Tensor, { keys, mask }: Omit<AttentionMemory, 'values'>, coverage?: Tensor): Tensor {
    return scope(query.backend, () => maskedSoftmax(this.scores(query, keys, coverage), mask))
  }

  override attend(query: Tensor, memory: AttentionMemory): Attended {
    return scope(query.backend, () => {
      const weights = this.weigh(this.projectQuery(query), memory)
      return { context: matmul(weights, memory.values), weights }
    })
  }
}
