// A linear warm-up before any schedule.

import { scheduleOf } from './constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from './schedule.ts'

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /** Updates that rise; the schedule begins after them. */
  readonly steps: number
}

/**
 * Rises in a line to where `schedule` begins, then hands over to it: `schedule.at(0) · (step+1)/steps` before the end of the warm-up (Goyal et al. 2017),
 * then `schedule.at(step − steps)`.
 *
 * ```ts
 * const rate = warmUp(exponentialDecay({ initial: 0.1, factor: 0.5 }), { steps: 10 })
 * rate.at(4) // → 0.05
 * rate.at(11) // → 0.05
 * ```
 */
export function warmUp(schedule: number | Schedule, options: WarmUpOptions): Schedule {
  const { steps } = options
  checkAtLeast('warmUp', 'steps', steps, 1)
  const then = scheduleOf(schedule)
  return {
    name: 'warmUp',
    configuration: { steps, schedule: describeSchedule(then) },
    at: (step) => (step < steps ? (then.at(0) * (step + 1)) / steps : then.at(step - steps)),
  }
}
