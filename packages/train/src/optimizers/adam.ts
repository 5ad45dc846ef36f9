// Adam: momentum and scaling by moving averages, both corrected for their start at zero.

import { accumulate, adamStep, add, assign, div, maximum, mul, sqrt, square, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { approach, compositeStep, withDecay } from './composite-step.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

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
  /** Divides by the largest average of squares so far, so that steps never grow by forgetting (AMSGrad, Reddi et al. 2018). Default: false. */
  readonly amsgrad?: boolean
}

type AdamSlots = {
  readonly firstMoment: Tensor
  readonly secondMoment: Tensor
}

type AmsgradSlots = AdamSlots & { readonly largestSecondMoment: Tensor }

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
  const {
    learningRate: rate = 0.001,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay,
    amsgrad = false,
  } = options
  const learningRate = scheduleOf(rate)
  checkFraction(name, 'beta1', beta1)
  checkFraction(name, 'beta2', beta2)
  checkAtLeast(name, 'epsilon', epsilon, 0)
  checkAtLeast(name, 'weightDecay', weightDecay, 0)
  const configuration = { learningRate: describeSchedule(learningRate), beta1, beta2, epsilon, weightDecay }
  if (amsgrad) {
    const rule = { beta1, beta2, epsilon, weightDecay, decoupledWeightDecay: decoupled }
    return { name, configuration: { ...configuration, amsgrad }, learningRate, ...amsgradRule(name, rule) }
  }
  const attributes = { beta1, beta2, epsilon, weightDecay, decoupled }
  return {
    name,
    configuration,
    learningRate,
    slots: ['firstMoment', 'secondMoment'],
    scheduleAt: (step, rate) => [rate, 1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)],
    update({ parameter, gradient, slots, schedule, gradientScale }: ParameterUpdate<AdamSlots>) {
      const state = [parameter, slots.firstMoment, slots.secondMoment] as const
      adamStep([gradient, schedule, gradientScale], state, attributes)
    },
  }
}

interface AmsgradRule {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  readonly decoupledWeightDecay: boolean
}

/** As PyTorch's `amsgrad`: the largest of the averages *before* their correction, `p −= lr·m̂ / (√(max v)/√(1−β₂ᵗ) + ε)`. */
function amsgradRule(name: string, rule: AmsgradRule): Pick<Optimizer, 'slots' | 'scheduleAt' | 'update'> {
  const { beta1, beta2, epsilon } = rule
  return {
    slots: ['firstMoment', 'secondMoment', 'largestSecondMoment'],
    scheduleAt(step, rate) {
      // √(v/c) + ε = (√v + ε√c)/√c: the factor goes into the numbers, and the division by it is saved.
      const root = Math.sqrt(1 - beta2 ** (step + 1))
      return withDecay([(-rate * root) / (1 - beta1 ** (step + 1)), epsilon * root], rate, rule)
    },
    update(update: ParameterUpdate<AmsgradSlots>) {
      const { parameter, slots } = update
      compositeStep(name, update, rule, (gradient, at) => {
        approach(slots.firstMoment, gradient, 1 - beta1)
        approach(slots.secondMoment, square(gradient), 1 - beta2)
        assign(slots.largestSecondMoment, maximum(slots.largestSecondMoment, slots.secondMoment))
        const direction = div(slots.firstMoment, add(sqrt(slots.largestSecondMoment), at(1)))
        accumulate(parameter, mul(direction, at(0)))
      })
    },
  }
}
