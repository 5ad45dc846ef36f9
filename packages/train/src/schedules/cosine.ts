// A learning rate that warms up in a line and falls along a cosine.

import { RnnError } from '@rnn/core'
import type { Schedule } from './schedule.ts'
import { checkAbove, checkAtLeast } from './schedule.ts'

/** Options of {@link cosineDecay}. */
export interface CosineDecayOptions {
  /** The learning rate at the end of the warm-up. */
  readonly peak: number
  /** Updates of the whole training, warm-up included: `epochs * trainSet.batchCount`. */
  readonly totalSteps: number
  /** Updates in which the rate rises in a line to its peak. Default: 0. */
  readonly warmUpSteps?: number
  /** The learning rate from `totalSteps` on. Default: 0. */
  readonly final?: number
}

/**
 * Linear warm-up, then half a cosine down to `final` (Loshchilov & Hutter 2017, one cycle): `peak · (step+1)/warmUpSteps` before the end of the
 * warm-up, then `final + (peak − final) · (1 + cos(π·p))/2`, p being the part of the rest that is done.
 *
 * ```ts
 * const rate = cosineDecay({ peak: 1e-3, warmUpSteps: 100, totalSteps: 1100 })
 * rate.at(99) // → 0.001
 * rate.at(600) // → 0.0005
 * ```
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const { peak, totalSteps, warmUpSteps = 0, final = 0 } = options
  checkAbove('cosineDecay', 'peak', peak, 0)
  checkAtLeast('cosineDecay', 'final', final, 0)
  checkAtLeast('cosineDecay', 'warmUpSteps', warmUpSteps, 0)
  if (!(totalSteps > warmUpSteps && totalSteps < Infinity)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'cosineDecay',
      problem: `totalSteps ${totalSteps} leaves nothing after ${warmUpSteps} steps of warm-up`,
      fix: 'use epochs * trainSet.batchCount',
    })
  }
  return {
    name: 'cosineDecay',
    configuration: { peak, totalSteps, warmUpSteps, final },
    at(step) {
      if (step < warmUpSteps) return (peak * (step + 1)) / warmUpSteps
      const done = Math.min(1, (step - warmUpSteps) / (totalSteps - warmUpSteps))
      return final + ((peak - final) * (1 + Math.cos(Math.PI * done))) / 2
    },
  }
}
