// Adagrad: gradients divided by the root of the sum of all their squares so far.

import { accumulate, add, div, mul, sqrt, square, type Tensor } from '@rnn/core'
import { scheduleOf } from '../schedules/constant.ts'
import { checkAtLeast, describeSchedule, type Schedule } from '../schedules/schedule.ts'
import { compositeStep, withDecay } from './composite-step.ts'
import type { Optimizer, ParameterUpdate } from './optimizer.ts'

/** Options of {@link adagrad}. */
export interface AdagradOptions {
  /** Default: 0.01. */
  readonly learningRate?: number | Schedule
  /** Divides the learning rate of update `step` by `1 + step · learningRateDecay`. Default: 0. */
  readonly learningRateDecay?: number
  /** What the sum of squares begins with; Keras has 0.1. Default: 0. */
  readonly initialAccumulator?: number
  /** Default: 1e-10. */
  readonly epsilon?: number
  /** Default: 0. */
  readonly weightDecay?: number
  /** Takes `learningRate · weightDecay` of each parameter away, instead of adding `weightDecay · parameter` to the gradient. Default: false. */
  readonly decoupledWeightDecay?: boolean
}

type AdagradSlots = { readonly sumOfSquares: Tensor }

/**
 * Adagrad (Duchi et al. 2011) as PyTorch's `Adagrad`: `s += g²; p −= lr·g / (√s + ε)`. Rare features keep a large step.
 *
 * ```ts
 * const optimizer = adagrad({ learningRate: 0.1 })
 * ```
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const {
    learningRate: rate = 0.01,
    learningRateDecay = 0,
    initialAccumulator = 0,
    epsilon = 1e-10,
    weightDecay = 0,
    decoupledWeightDecay = false,
  } = options
  const learningRate = scheduleOf(rate)
  checkAtLeast('adagrad', 'learningRateDecay', learningRateDecay, 0)
  checkAtLeast('adagrad', 'initialAccumulator', initialAccumulator, 0)
  checkAtLeast('adagrad', 'epsilon', epsilon, 0)
  checkAtLeast('adagrad', 'weightDecay', weightDecay, 0)
  const decay = { weightDecay, decoupledWeightDecay }
  return {
    name: 'adagrad',
    configuration: {
      learningRate: describeSchedule(learningRate),
      learningRateDecay,
      initialAccumulator,
      epsilon,
      ...decay,
    },
    learningRate,
    slots: ['sumOfSquares'],
    scheduleAt: (step, rate) => withDecay([-rate / (1 + step * learningRateDecay)], rate, decay),
    update(update: ParameterUpdate<AdagradSlots>) {
      const { parameter, slots } = update
      compositeStep('adagrad', update, decay, (gradient, at) => {
        accumulate(slots.sumOfSquares, square(gradient))
        const sum = initialAccumulator === 0 ? slots.sumOfSquares : add(slots.sumOfSquares, initialAccumulator)
        accumulate(parameter, mul(div(gradient, add(sqrt(sum), epsilon)), at(0)))
      })
    },
  }
}
