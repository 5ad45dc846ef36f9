// NAdam: Adam with Nesterov's look ahead along the momentum.

import { accumulate, add, div, mul, sqrt, square, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { approach, compositeStep, withDecay } from './composite-step.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link nadam}. */
export interface NadamOptions {
  /** Default: 0.002. */
  readonly learningRate?: number | Schedule
  /** How slowly the average of the gradients forgets. Default: 0.9. */
  readonly beta1?: number
  /** How slowly the average of their squares forgets. Default: 0.999. */
  readonly beta2?: number
  /** Default: 1e-8. */
  readonly epsilon?: number
  /** How fast the momentum grows towards beta1 (ψ). Default: 0.004. */
  readonly momentumDecay?: number
  /** Default: 0. */
  readonly weightDecay?: number
  /** Takes `learningRate · weightDecay` of each parameter away, instead of adding `weightDecay · parameter` to the gradient. Default: false. */
  readonly decoupledWeightDecay?: boolean
}

type NadamSlots = {
  readonly firstMoment: Tensor
  readonly secondMoment: Tensor
}

/**
 * NAdam (Dozat 2016) as PyTorch's `NAdam`: with `μₜ = β₁·(1 − 0.96^(tψ)/2)` and Adam's averages m and v,
 * `p −= lr·((1−μₜ)·g/(1−∏μ₁…ₜ) + μₜ₊₁·m/(1−∏μ₁…ₜ₊₁)) / (√(v/(1−β₂ᵗ)) + ε)`.
 *
 * ```ts
 * const optimizer = nadam({ learningRate: 1e-3 })
 * ```
 */
export function nadam(options: NadamOptions = {}): Optimizer {
  const {
    learningRate: rate = 0.002,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    momentumDecay = 0.004,
    weightDecay = 0,
    decoupledWeightDecay = false,
  } = options
  const learningRate = scheduleOf(rate)
  checkFraction('nadam', 'beta1', beta1)
  checkFraction('nadam', 'beta2', beta2)
  checkAtLeast('nadam', 'epsilon', epsilon, 0)
  checkAtLeast('nadam', 'momentumDecay', momentumDecay, 0)
  checkAtLeast('nadam', 'weightDecay', weightDecay, 0)
  const decay = { weightDecay, decoupledWeightDecay }
  const momentumAt = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay))
  const productTo = runningProduct(momentumAt)
  return {
    name: 'nadam',
    configuration: {
      learningRate: describeSchedule(learningRate),
      beta1,
      beta2,
      epsilon,
      momentumDecay,
      ...decay,
    },
    learningRate,
    slots: ['firstMoment', 'secondMoment'],
    scheduleAt(step, rate) {
      const t = step + 1
      const product = productTo(t)
      const [now, next] = [momentumAt(t), momentumAt(t + 1)]
      // √(v/c) + ε = (√v + ε√c)/√c: the factor goes into the numbers, and the division by it is saved.
      const root = Math.sqrt(1 - beta2 ** t)
      const numbers = [
        (-rate * root * (1 - now)) / (1 - product),
        (-rate * root * next) / (1 - product * next),
        epsilon * root,
      ]
      return withDecay(numbers, rate, decay)
    },
    update(update: ParameterUpdate<NadamSlots>) {
      const { parameter, slots } = update
      compositeStep('nadam', update, decay, (gradient, at) => {
        approach(slots.firstMoment, gradient, 1 - beta1)
        approach(slots.secondMoment, square(gradient), 1 - beta2)
        const ahead = add(mul(gradient, at(0)), mul(slots.firstMoment, at(1)))
        accumulate(parameter, div(ahead, add(sqrt(slots.secondMoment), at(2))))
      })
    },
  }
}

/** `factor(1) · … · factor(t)`, always multiplied in that order, so that a resumed training gets the same bits. Remembers where it was. */
function runningProduct(factor: (t: number) => number): (t: number) => number {
  let [reached, product] = [0, 1]
  return (t) => {
    if (t < reached) [reached, product] = [0, 1]
    while (reached < t) product *= factor(++reached)
    return product
  }
}
