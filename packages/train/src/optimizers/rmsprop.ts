// RMSprop: gradients divided by a moving average of their size.

import { rmspropStep, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { checkFraction, type Optimizer, type ParameterUpdate } from './optimizer.ts'

/** Options of {@link rmsprop}. */
export interface RmspropOptions {
  /** Default: 0.01. */
  readonly learningRate?: number | Schedule
  /** How slowly the average forgets (PyTorch's alpha, Keras's rho). Default: 0.99. */
  readonly decay?: number
  /** Default: 1e-8. */
  readonly epsilon?: number
  /** Default: 0. */
  readonly momentum?: number
  /** Divides by an estimate of the standard deviation instead (Graves 2013). Default: false. */
  readonly centered?: boolean
  /** Adds `weightDecay · parameter` to the gradient. Default: 0. */
  readonly weightDecay?: number
}

type RmspropSlots = {
  readonly meanSquare: Tensor
  readonly average?: Tensor
  readonly velocity?: Tensor
}

/**
 * RMSprop (Tieleman & Hinton 2012) as PyTorch's `RMSprop`, whose defaults it has.
 *
 * ```ts
 * const optimizer = rmsprop({ learningRate: 1e-3, centered: true })
 * ```
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const {
    learningRate: rate = 0.01,
    decay = 0.99,
    epsilon = 1e-8,
    momentum = 0,
    centered = false,
    weightDecay = 0,
  } = options
  const learningRate = scheduleOf(rate)
  checkFraction('rmsprop', 'decay', decay)
  checkFraction('rmsprop', 'momentum', momentum)
  checkAtLeast('rmsprop', 'epsilon', epsilon, 0)
  checkAtLeast('rmsprop', 'weightDecay', weightDecay, 0)
  return {
    name: 'rmsprop',
    configuration: { learningRate: describeSchedule(learningRate), decay, epsilon, momentum, centered, weightDecay },
    learningRate,
    slots: ['meanSquare', ...(centered ? ['average'] : []), ...(momentum === 0 ? [] : ['velocity'])],
    scheduleAt: (_step, rate) => [rate],
    update({ parameter, gradient, slots, schedule, gradientScale }: ParameterUpdate<RmspropSlots>) {
      const state = [parameter, slots.meanSquare, slots.average ?? null, slots.velocity ?? null] as const
      rmspropStep([gradient, schedule, gradientScale], state, { decay, epsilon, momentum, weightDecay })
    },
  }
}
