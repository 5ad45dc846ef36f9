// Adam: momentum and scaling by moving averages, both corrected for their start at zero.

import { adamStep, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, type Schedule } from '../schedules/schedule.ts'
import { checkFraction, describeSchedule, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link adam} and {@link adamW}. */
export interface AdamOptions {
  /** Default: 0.001. */
  readonly learningRate?: number | Schedule
  /** How slowly the average of the gradients forgets. Default: 0.9. */
  readonly beta1?: number
  /** How slowly the average of their squares forgets. Default: 0.999. */
  readonly beta2?: number
  /** Default: 1e-8. */
  readonly epsilon?: number
  /** Default: 0 for adam, 0.01 for adamW. */
  readonly weightDecay?: number
}

type AdamSlots = {
  readonly firstMoment: Tensor
  readonly secondMoment: Tensor
}

/**
 * Adam (Kingma & Ba 2015) as PyTorch's `Adam`: weight decay, if any, is added to the gradient.
 *
 * ```ts
 * const optimizer = adam({ learningRate: 1e-3 })
 * ```
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', { weightDecay: 0, ...options }, false)
}

/** Adam with weight decay, decoupled from the gradient or not. `adamW` has a file of its own. */
export function adamLike(
  name: string,
  options: AdamOptions & { readonly weightDecay: number },
  decoupled: boolean,
): Optimizer {
  const { learningRate: rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay } = options
  const learningRate = scheduleOf(rate)
  checkFraction(name, 'beta1', beta1)
  checkFraction(name, 'beta2', beta2)
  checkAtLeast(name, 'epsilon', epsilon, 0)
  checkAtLeast(name, 'weightDecay', weightDecay, 0)
  const attributes = { beta1, beta2, epsilon, weightDecay, decoupled }
  return {
    name,
    configuration: { learningRate: describeSchedule(learningRate), beta1, beta2, epsilon, weightDecay },
    learningRate,
    slots: ['firstMoment', 'secondMoment'],
    scheduleAt: (step) => [learningRate.at(step), 1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)],
    update({ parameter, gradient, slots, schedule, gradientScale }: ParameterUpdate<AdamSlots>) {
      const state = [parameter, slots.firstMoment, slots.secondMoment] as const
      adamStep([gradient, schedule, gradientScale], state, attributes)
    },
  }
}
