// Early stopping: ends a training that no longer gets better, and brings back its best weights.

import type { HostArray } from '@rnn/layers'
import type { Callback, CallbackHost, CallbackRun } from './callback.ts'
import { monitorOf, type Monitor, type MonitorOptions } from './monitor.ts'

/** Options of {@link earlyStopping}: `patience` is 3 by default, `minDelta` 0. */
export interface EarlyStoppingOptions extends MonitorOptions {
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
 *
 * @throws E_VALUE
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { patience = 3, restoreBest = true } = options
  const monitor = monitorOf('earlyStopping', { ...options, patience })
  return { name: 'earlyStopping', begin: (host) => watch(host, monitor, patience, restoreBest) }
}

function watch(host: CallbackHost, monitor: Monitor, patience: number, restoreBest: boolean): CallbackRun {
  let best: number | undefined
  let bestEpoch = 0
  let waited = 0
  let weights: Record<string, HostArray> | undefined
  return {
    onBegin: (columns) => monitor.check(columns),
    async onEpoch({ epoch, row }) {
      const value = monitor.valueIn(row)
      if (monitor.better(value, best)) {
        best = value
        bestEpoch = epoch
        waited = 0
        if (restoreBest) weights = await host.readWeights()
        return undefined
      }
      waited++
      if (waited < patience) return undefined
      return `${monitor.column} has not improved for ${waited} epochs, since epoch ${bestEpoch}`
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
