// The learning rate that stays as it is.

import type { Schedule } from './schedule.ts'
import { checkAbove } from './schedule.ts'

/**
 * The same learning rate at every step. A plain number does as well wherever an optimiser takes a schedule.
 *
 * ```ts
 * constantRate(0.001).at(1000) // → 0.001
 * ```
 */
export function constantRate(learningRate: number): Schedule {
  checkAbove('constantRate', 'learning rate', learningRate, 0)
  return { name: 'constant', configuration: { learningRate }, at: () => learningRate }
}

/** A number as the constant schedule that it stands for. */
export function scheduleOf(learningRate: number | Schedule): Schedule {
  return typeof learningRate === 'number' ? constantRate(learningRate) : learningRate
}
