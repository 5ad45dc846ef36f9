// Early stopping: ends a training that no longer gets better, and brings back its best weights.

import { RnnError } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import type { Callback, CallbackHost, CallbackRun } from './callback.ts'

/** Options of {@link earlyStopping}. */
export interface EarlyStoppingOptions {
  /** A column of the history. Default: `validationLoss`. */
  readonly monitor?: string
  /** How many epochs in a row may bring nothing better. Default: 3. */
  readonly patience?: number
  /** By how much better an epoch must be to count. Default: 0. */
  readonly minDelta?: number
  /** Whether larger is better. Default: `max` for a column whose name ends in accuracy, else `min`. */
  readonly mode?: 'min' | 'max'
  /** When training ends, go back to the weights of the best epoch. Default: true. */
  readonly restoreBest?: boolean
}

/**
 * Stops when `monitor` hasn't improved for `patience` epochs (Prechelt 1998; the rule of Keras's `EarlyStopping`). The best weights are kept in host
 * memory, and in checkpoints. After an abort the weights stay those of the last step, so that training can go on.
 *
 * A training that was stopped is over: another `fit` of the same or a restored trainer returns at once, with the reason in `history.stopped`.
 *
 * ```ts
 * await fit(model, trainSet, { loss, optimizer, epochs: 100, validation, callbacks: [earlyStopping({ patience: 5 })] })
 * ```
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { monitor = 'validationLoss', patience = 3, minDelta = 0, restoreBest = true } = options
  const mode = options.mode ?? (/accuracy$/i.test(monitor) ? 'max' : 'min')
  if (!(Number.isInteger(patience) && patience >= 1 && minDelta >= 0)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'earlyStopping',
      problem: `patience ${patience}, minDelta ${minDelta}`,
      fix: 'patience is a whole number from 1 on, minDelta 0 or more',
    })
  }
  const sign = mode === 'min' ? 1 : -1
  return { name: 'earlyStopping', begin: (host) => watch(host, { monitor, patience, minDelta, sign, restoreBest }) }
}

interface Rule {
  readonly monitor: string
  readonly patience: number
  readonly minDelta: number
  readonly sign: 1 | -1
  readonly restoreBest: boolean
}

function watch(host: CallbackHost, { monitor, patience, minDelta, sign, restoreBest }: Rule): CallbackRun {
  let best: number | undefined
  let bestEpoch = 0
  let waited = 0
  let weights: Record<string, HostArray> | undefined
  return {
    onBegin(columns) {
      if (!columns.includes(monitor)) throw nothingToMonitor(monitor, columns)
    },
    async onEpoch({ epoch, row }) {
      const value = row[monitor]
      if (value === undefined) throw nothingToMonitor(monitor, Object.keys(row))
      // NaN is never better.
      if (Number.isFinite(value) && (best === undefined || sign * (best - value) > minDelta)) {
        best = value
        bestEpoch = epoch
        waited = 0
        if (restoreBest) weights = await host.readWeights()
        return undefined
      }
      waited++
      if (waited < patience) return undefined
      return `${monitor} has not improved for ${waited} epochs, since epoch ${bestEpoch}`
    },
    onEnd() {
      if (weights !== undefined) host.writeWeights(weights)
    },
    save: () => ({ state: { best: best ?? null, bestEpoch, waited }, ...(weights && { tensors: weights }) }),
    restore({ state, tensors }) {
      best = typeof state['best'] === 'number' ? state['best'] : undefined
      bestEpoch = Number(state['bestEpoch'])
      waited = Number(state['waited'])
      weights = tensors && { ...tensors }
    },
  }
}

function nothingToMonitor(monitor: string, columns: readonly string[]): RnnError {
  return new RnnError({
    code: 'E_VALUE',
    operation: 'earlyStopping',
    problem: `there is no '${monitor}' to monitor, only ${columns.join(', ')}`,
    fix: monitor.startsWith('validation') ? 'give fit a validation set' : 'name one of those',
  })
}
