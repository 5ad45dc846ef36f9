// A learning rate that falls by the same share at every update.

import { checkAbove, type Schedule } from './schedule.ts'

/** Options of {@link exponentialDecay}. */
export interface ExponentialDecayOptions {
  /** The learning rate at the start. */
  readonly initial: number
  /** What it is multiplied by over `every` updates. */
  readonly factor: number
  /** Default: 1, so that `factor` is that of one update; `trainSet.batchCount` makes it that of an epoch. */
  readonly every?: number
}

/**
 * `initial · factor^(step / every)`: PyTorch's `ExponentialLR`, counted in updates, and Keras's `ExponentialDecay`. In steps: `stepDecay`.
 *
 * ```ts
 * exponentialDecay({ initial: 0.1, factor: 0.25, every: 100 }).at(50) // → 0.05
 * ```
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const { initial, factor, every = 1 } = options
  checkAbove('exponentialDecay', 'initial', initial, 0)
  checkAbove('exponentialDecay', 'factor', factor, 0)
  checkAbove('exponentialDecay', 'every', every, 0)
  return {
    name: 'exponentialDecay',
    configuration: { initial, factor, every },
    at: (step) => initial * factor ** (step / every),
  }
}
