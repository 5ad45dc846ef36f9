// A learning rate that falls along a power of what is left.

import { checkAbove, checkAtLeast, type Schedule } from './schedule.ts'

/** Options of {@link polynomialDecay}. */
export interface PolynomialDecayOptions {
  /** The learning rate at the start. */
  readonly initial: number
  /** Updates until `final`: `epochs * trainSet.batchCount`. */
  readonly totalSteps: number
  /** The learning rate from `totalSteps` on. Default: 0. */
  readonly final?: number
  /** 1 falls in a line, 2 faster at first, 0.5 faster at last. Default: 1. */
  readonly power?: number
}

/**
 * `final + (initial − final) · (1 − step/totalSteps)^power`: PyTorch's `PolynomialLR`, counted in updates, and Keras's `PolynomialDecay`.
 *
 * ```ts
 * polynomialDecay({ initial: 0.1, totalSteps: 100, power: 2 }).at(50) // → 0.025
 * ```
 */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const { initial, totalSteps, final = 0, power = 1 } = options
  checkAbove('polynomialDecay', 'initial', initial, 0)
  checkAtLeast('polynomialDecay', 'final', final, 0)
  checkAbove('polynomialDecay', 'power', power, 0)
  checkAtLeast('polynomialDecay', 'totalSteps', totalSteps, 1)
  return {
    name: 'polynomialDecay',
    configuration: { initial, totalSteps, final, power },
    at: (step) => final + (initial - final) * (1 - Math.min(step, totalSteps) / totalSteps) ** power,
  }
}
