// Gradient descent, with or without momentum.

import { RnnError, sgdStep, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Default: 0.01. */
  readonly learningRate?: number | Schedule
  /** Share of the last update that goes on (Polyak 1964). Default: 0. */
  readonly momentum?: number
  /** Looks ahead along the momentum (Sutskever et al. 2013). Default: false. */
  readonly nesterov?: boolean
  /** Adds `weightDecay · parameter` to the gradient. Default: 0. */
  readonly weightDecay?: number
}

/**
 * Stochastic gradient descent as PyTorch's `SGD` (without dampening): `v = μ·v + g; p −= lr·v`, with nesterov `p −= lr·(g + μ·v)`.
 *
 * ```ts
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate: rate = 0.01, momentum = 0, nesterov = false, weightDecay = 0 } = options
  const learningRate = scheduleOf(rate)
  checkFraction('sgd', 'momentum', momentum)
  checkAtLeast('sgd', 'weightDecay', weightDecay, 0)
  if (nesterov && momentum === 0) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'sgd',
      problem: 'nesterov without momentum',
      fix: 'set momentum, 0.9 for instance',
    })
  }
  return {
    name: 'sgd',
    configuration: { learningRate: describeSchedule(learningRate), momentum, nesterov, weightDecay },
    learningRate,
    slots: momentum === 0 ? [] : ['velocity'],
    scheduleAt: (_step, rate) => [rate],
    update({ parameter, gradient, slots, schedule, gradientScale }: ParameterUpdate<{ readonly velocity?: Tensor }>) {
      sgdStep([gradient, schedule, gradientScale], [parameter, slots.velocity ?? null], {
        momentum,
        nesterov,
        weightDecay,
      })
    },
  }
}
