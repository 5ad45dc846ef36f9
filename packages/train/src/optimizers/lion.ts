// Lion: steps of one size, in the direction of the momentum's sign.

import { accumulate, add, mul, sign, sub, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { compositeStep, withDecay } from './composite-step.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link lion}. */
export interface LionOptions {
  /** A third to a tenth of what Adam would get. Default: 0.0001. */
  readonly learningRate?: number | Schedule
  /** The share of the momentum in the direction of a step. Default: 0.9. */
  readonly beta1?: number
  /** How slowly the momentum forgets. Default: 0.99. */
  readonly beta2?: number
  /** Takes `learningRate · weightDecay` of each parameter away: three to ten times AdamW's. Default: 0. */
  readonly weightDecay?: number
}

type LionSlots = { readonly momentum: Tensor }

/**
 * Lion (Chen et al. 2023, algorithm 2): `p −= lr·(sign(β₁m + (1−β₁)g) + λp); m = β₂m + (1−β₂)g`. It keeps one tensor for each parameter, half of what Adam keeps.
 *
 * ```ts
 * const optimizer = lion({ learningRate: 1e-4, weightDecay: 0.1 })
 * ```
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { learningRate: rate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options
  const learningRate = scheduleOf(rate)
  checkFraction('lion', 'beta1', beta1)
  checkFraction('lion', 'beta2', beta2)
  checkAtLeast('lion', 'weightDecay', weightDecay, 0)
  const decay = { weightDecay, decoupledWeightDecay: true }
  return {
    name: 'lion',
    configuration: { learningRate: describeSchedule(learningRate), beta1, beta2, weightDecay },
    learningRate,
    slots: ['momentum'],
    scheduleAt: (_step, rate) => withDecay([-rate], rate, decay),
    update(update: ParameterUpdate<LionSlots>) {
      const { parameter, slots } = update
      compositeStep('lion', update, decay, (gradient, at) => {
        const change = sub(gradient, slots.momentum)
        const direction = sign(add(slots.momentum, mul(change, 1 - beta1)))
        accumulate(parameter, mul(direction, at(0)))
        accumulate(slots.momentum, mul(change, 1 - beta2))
      })
    },
  }
}
