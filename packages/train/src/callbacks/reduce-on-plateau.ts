// Reduce on plateau: a smaller learning rate when the validation no longer gets better.

import { RnnError } from '@rnn/core'
import { checkAtLeast } from '../schedules/schedule.ts'
import type { Callback, CallbackHost, CallbackRun } from './callback.ts'
import { monitorOf, type Monitor, type MonitorOptions } from './monitor.ts'

/** Options of {@link reduceOnPlateau}: `patience` is 10 by default, `minDelta` 0.0001. */
export interface ReduceOnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by. Default: 0.1. */
  readonly factor?: number
  /** Epochs after a reduction that don't count as waiting. Default: 0. */
  readonly cooldown?: number
  /** No reduction goes below it. Default: 0. */
  readonly minLearningRate?: number
}

interface Rule {
  readonly patience: number
  readonly factor: number
  readonly cooldown: number
  readonly minLearningRate: number
}

/**
 * Multiplies the learning rate by `factor` when `monitor` hasn't improved for `patience` epochs (as `ReduceLROnPlateau` of Keras, with the cooldown of PyTorch's). It scales what the
 * optimiser's schedule says, from then on; the history's `learningRate` shows it. Checkpoints keep what it has seen and the scale, so that a resumed training goes on the same.
 *
 * ```ts
 * await fit(model, trainSet, { loss, optimizer, epochs: 100, validation, callbacks: [reduceOnPlateau({ factor: 0.5, patience: 3 })] })
 * ```
 *
 * @throws E_VALUE
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions = {}): Callback {
  const { patience = 10, minDelta = 1e-4, factor = 0.1, cooldown = 0, minLearningRate = 0 } = options
  const monitorIn = monitorOf('reduceOnPlateau', { ...options, patience, minDelta })
  checkAtLeast('reduceOnPlateau', 'minLearningRate', minLearningRate, 0)
  if (!(factor > 0 && factor < 1 && Number.isInteger(cooldown) && cooldown >= 0)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'reduceOnPlateau',
      problem: `factor ${factor}, cooldown ${cooldown}`,
      fix: 'factor is above 0 and below 1, cooldown a whole number from 0 on',
    })
  }
  const rule = { patience, factor, cooldown, minLearningRate }
  return { name: 'reduceOnPlateau', begin: (host) => watch(host, monitorIn(host), rule) }
}

function watch(host: CallbackHost, monitor: Monitor, rule: Rule): CallbackRun {
  let best: number | undefined
  let waited = 0
  let cooling = 0
  return {
    onBegin: (columns) => monitor.check(columns),
    onEpoch({ row }) {
      const value = monitor.valueIn(row)
      const better = monitor.better(value, best)
      if (better) best = value
      if (better || cooling > 0) waited = 0
      else waited++
      cooling = Math.max(0, cooling - 1)
      if (waited >= rule.patience) {
        waited = 0
        cooling = rule.cooldown
        reduce(host, rule)
      }
    },
    save: () => ({ state: { best: best ?? null, waited, cooling } }),
    restore({ state }) {
      best = typeof state['best'] === 'number' ? state['best'] : undefined
      waited = Number(state['waited'])
      cooling = Number(state['cooling'])
    },
  }
}

/** A rate that is at its least already, by this or by its schedule, stays. */
function reduce(host: CallbackHost, { factor, minLearningRate }: Rule): void {
  const { learningRate } = host
  if (learningRate <= minLearningRate) return
  const reduced = learningRate * factor
  host.scaleLearningRate(reduced < minLearningRate ? minLearningRate / learningRate : factor)
}
