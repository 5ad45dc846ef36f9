// One cycle: up to a learning rate that would be too large for long, then down to almost nothing.

import { RnnError } from '@rnn/core'
import { checkAbove, checkAtLeast, type Schedule } from './schedule.ts'

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** The largest learning rate; `findLearningRate` helps to choose it. */
  readonly peak: number
  /** Updates of the whole cycle: `epochs * trainSet.batchCount`. */
  readonly totalSteps: number
  /** The share of the steps that rises. Default: 0.3. */
  readonly warmUpShare?: number
  /** The cycle begins at `peak / startDivisor`. Default: 25. */
  readonly startDivisor?: number
  /** It ends at `peak / (startDivisor · finalDivisor)`. Default: 10 000. */
  readonly finalDivisor?: number
  /** How it goes from one end to the other. Default: cosine. */
  readonly shape?: 'cosine' | 'linear'
}

/**
 * The 1cycle policy (Smith & Topin 2018) as PyTorch's `OneCycleLR` of two phases: from `peak/startDivisor` up to `peak`, then down to the end, where it stays.
 * The learning rate alone: momentum stays what the optimiser says.
 *
 * ```ts
 * const rate = oneCycle({ peak: 0.1, totalSteps: 101, warmUpShare: 0.5, shape: 'linear' })
 * rate.at(0) // → 0.004
 * ```
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { peak, totalSteps, warmUpShare = 0.3, startDivisor = 25, finalDivisor = 1e4, shape = 'cosine' } = options
  checkAbove('oneCycle', 'peak', peak, 0)
  checkAtLeast('oneCycle', 'startDivisor', startDivisor, 1)
  checkAtLeast('oneCycle', 'finalDivisor', finalDivisor, 1)
  const summit = warmUpShare * totalSteps - 1
  const last = totalSteps - 1
  if (!(warmUpShare >= 0 && warmUpShare < 1 && summit < last && last < Infinity && last >= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'oneCycle',
      problem: `totalSteps ${totalSteps}, of which a share of ${warmUpShare} rises`,
      fix: 'totalSteps is 2 or more, epochs * trainSet.batchCount; warmUpShare is 0 … below 1',
    })
  }
  const start = peak / startDivisor
  const final = start / finalDivisor
  const between = shape === 'cosine' ? cosine : linear
  return {
    name: 'oneCycle',
    configuration: { peak, totalSteps, warmUpShare, startDivisor, finalDivisor, shape },
    at(step) {
      if (step < summit) return between(start, peak, step / summit)
      return between(peak, final, Math.min(1, (step - Math.max(0, summit)) / (last - Math.max(0, summit))))
    },
  }
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
}

function linear(from: number, to: number, share: number): number {
  return from + (to - from) * share
}
