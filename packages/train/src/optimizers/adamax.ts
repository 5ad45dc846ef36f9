// Adamax: Adam by the largest gradient of late instead of the mean square.

import { abs, accumulate, add, assign, div, maximum, mul, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { approach, compositeStep, withDecay } from './composite-step.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link adamax}. */
export interface AdamaxOptions {
  /** Default: 0.002. */
  readonly learningRate?: number | Schedule
  /** How slowly the average of the gradients forgets. Default: 0.9. */
  readonly beta1?: number
  /** How slowly the largest gradient is forgotten. Default: 0.999. */
  readonly beta2?: number
  /** Added to each |gradient|. Default: 1e-8. */
  readonly epsilon?: number
  /** Default: 0. */
  readonly weightDecay?: number
  /** Takes `learningRate · weightDecay` of each parameter away, instead of adding `weightDecay · parameter` to the gradient. Default: false. */
  readonly decoupledWeightDecay?: boolean
}

type AdamaxSlots = {
  readonly firstMoment: Tensor
  readonly largest: Tensor
}

/**
 * Adamax (Kingma & Ba 2015, section 7.1) as PyTorch's `Adamax`: `m = β₁m + (1−β₁)g; u = max(β₂u, |g|+ε); p −= lr/(1−β₁ᵗ) · m/u`.
 *
 * ```ts
 * const optimizer = adamax({ learningRate: 1e-3 })
 * ```
 */
export function adamax(options: AdamaxOptions = {}): Optimizer {
  const {
    learningRate: rate = 0.002,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0,
    decoupledWeightDecay = false,
  } = options
  const learningRate = scheduleOf(rate)
  checkFraction('adamax', 'beta1', beta1)
  checkFraction('adamax', 'beta2', beta2)
  checkAtLeast('adamax', 'epsilon', epsilon, 0)
  checkAtLeast('adamax', 'weightDecay', weightDecay, 0)
  const decay = { weightDecay, decoupledWeightDecay }
  return {
    name: 'adamax',
    configuration: { learningRate: describeSchedule(learningRate), beta1, beta2, epsilon, ...decay },
    learningRate,
    slots: ['firstMoment', 'largest'],
    scheduleAt: (step, rate) => withDecay([-rate / (1 - beta1 ** (step + 1))], rate, decay),
    update(update: ParameterUpdate<AdamaxSlots>) {
      const { parameter, slots } = update
      compositeStep('adamax', update, decay, (gradient, at) => {
        approach(slots.firstMoment, gradient, 1 - beta1)
        assign(slots.largest, maximum(mul(slots.largest, beta2), add(abs(gradient), epsilon)))
        accumulate(parameter, mul(div(slots.firstMoment, slots.largest), at(0)))
      })
    },
  }
}
