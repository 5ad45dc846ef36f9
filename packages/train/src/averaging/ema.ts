// The exponential moving average of the weights.

import { RnnError } from '@rnn/core'
import { checkFraction } from '../optimizers/optimizer.ts'
import type { WeightAveraging } from './averaging.ts'

/** Options of {@link ema}. */
export interface EmaOptions {
  /** How slowly the average forgets: it spans about `every / (1 − decay)` updates. Default: 0.999. */
  readonly decay?: number
  /** Updates that are not averaged. Default: 0. */
  readonly start?: number
  /** Updates from one average to the next. Default: 1. */
  readonly every?: number
}

/**
 * The exponential moving average of the weights (Polyak & Juditsky 1992; as PyTorch's `get_ema_multi_avg_fn`): `average = decay·average + (1−decay)·weights`, which
 * begins as the weights themselves.
 *
 * ```ts
 * await fit(model, trainSet, { loss, optimizer, epochs: 10, averaging: ema({ decay: 0.999 }) })
 * ```
 *
 * @throws E_VALUE
 */
export function ema(options: EmaOptions = {}): WeightAveraging {
  const { decay = 0.999, start = 0, every = 1 } = options
  checkFraction('ema', 'decay', decay)
  checkTimes('ema', start, every)
  return {
    name: 'ema',
    configuration: { decay, start, every },
    shareAt: (step) => (isDue(step, start, every) ? 1 - decay : undefined),
  }
}

/** Whether averages are taken after update `step`: each `every`-th after the first `start`. */
export function isDue(step: number, start: number, every: number): boolean {
  return step > start && (step - start) % every === 0
}

/** @throws E_VALUE unless both are whole numbers, from 0 and from 1 on */
export function checkTimes(operation: string, start: number, every: number): void {
  if (Number.isInteger(start) && start >= 0 && Number.isInteger(every) && every >= 1) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `start ${start}, every ${every}`,
    fix: 'start is a whole number of updates from 0 on, every from 1 on',
  })
}
