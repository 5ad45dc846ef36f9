// Adadelta: steps in the units of the parameter, from moving averages of squared gradients and of squared steps.

import { accumulate, add, div, mul, sqrt, square, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { approach, compositeStep, withDecay } from './composite-step.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link adadelta}. */
export interface AdadeltaOptions {
  /** Default: 1, the method of the paper. */
  readonly learningRate?: number | Schedule
  /** How slowly both averages forget (ρ). Default: 0.9. */
  readonly decay?: number
  /** Default: 1e-6. */
  readonly epsilon?: number
  /** Default: 0. */
  readonly weightDecay?: number
  /** Takes `learningRate · weightDecay` of each parameter away, instead of adding `weightDecay · parameter` to the gradient. Default: false. */
  readonly decoupledWeightDecay?: boolean
}

type AdadeltaSlots = {
  readonly meanSquare: Tensor
  readonly meanSquareStep: Tensor
}

/**
 * Adadelta (Zeiler 2012) as PyTorch's `Adadelta`: `v = ρv + (1−ρ)g²; d = g·√(u+ε)/√(v+ε); u = ρu + (1−ρ)d²; p −= lr·d`.
 *
 * ```ts
 * const optimizer = adadelta()
 * ```
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const {
    learningRate: rate = 1,
    decay: rho = 0.9,
    epsilon = 1e-6,
    weightDecay = 0,
    decoupledWeightDecay = false,
  } = options
  const learningRate = scheduleOf(rate)
  checkFraction('adadelta', 'decay', rho)
  checkAtLeast('adadelta', 'epsilon', epsilon, 0)
  checkAtLeast('adadelta', 'weightDecay', weightDecay, 0)
  const decay = { weightDecay, decoupledWeightDecay }
  return {
    name: 'adadelta',
    configuration: { learningRate: describeSchedule(learningRate), decay: rho, epsilon, ...decay },
    learningRate,
    slots: ['meanSquare', 'meanSquareStep'],
    scheduleAt: (_step, rate) => withDecay([-rate], rate, decay),
    update(update: ParameterUpdate<AdadeltaSlots>) {
      const { parameter, slots } = update
      compositeStep('adadelta', update, decay, (gradient, at) => {
        approach(slots.meanSquare, square(gradient), 1 - rho)
        const ratio = div(add(slots.meanSquareStep, epsilon), add(slots.meanSquare, epsilon))
        const step = mul(gradient, sqrt(ratio))
        approach(slots.meanSquareStep, square(step), 1 - rho)
        accumulate(parameter, mul(step, at(0)))
      })
    },
  }
}
