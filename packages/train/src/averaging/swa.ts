// Stochastic weight averaging.

import type { WeightAveraging } from './averaging.ts'
import { checkTimes, isDue } from './ema.ts'

/** Options of {@link swa}. */
export interface SwaOptions {
  /** Updates that are not averaged: most of a training, `8 * trainSet.batchCount` of 10 epochs. */
  readonly start: number
  /** Updates from one average to the next: `trainSet.batchCount` for one an epoch. */
  readonly every: number
}

/**
 * Stochastic weight averaging (Izmailov et al. 2018): the plain mean of the weights after every `every` updates that follow the first `start`. It works best with a
 * learning rate that stays rather large. `start: 0, every: 1` is the average of Polyak and Ruppert.
 *
 * ```ts
 * const averaging = swa({ start: 8 * trainSet.batchCount, every: trainSet.batchCount })
 * await fit(model, trainSet, { loss, optimizer, epochs: 10, averaging })
 * ```
 *
 * @throws E_VALUE
 */
export function swa(options: SwaOptions): WeightAveraging {
  const { start, every } = options
  checkTimes('swa', start, every)
  return {
    name: 'swa',
    configuration: { start, every },
    shareAt: (step, taken) => (isDue(step, start, every) ? 1 / (taken + 1) : undefined),
  }
}
