// A learning rate that falls in steps.

import type { Schedule } from './schedule.ts'
import { checkAbove, checkAtLeast } from './schedule.ts'

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  /** The learning rate at the start. */
  readonly initial: number
  /** What it is multiplied by each time. Default: 0.1. */
  readonly factor?: number
  /** After how many updates: `3 * trainSet.batchCount` for three epochs. */
  readonly every: number
}

/**
 * `initial · factor^floor(step / every)`: PyTorch's `StepLR`, counted in updates.
 *
 * ```ts
 * stepDecay({ initial: 0.1, factor: 0.5, every: 100 }).at(250) // → 0.025
 * ```
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { initial, factor = 0.1, every } = options
  checkAbove('stepDecay', 'initial', initial, 0)
  checkAbove('stepDecay', 'factor', factor, 0)
  checkAtLeast('stepDecay', 'every', every, 1)
  return {
    name: 'stepDecay',
    configuration: { initial, factor, every },
    at: (step) => initial * factor ** Math.floor(step / every),
  }
}
