// Early stopping: ends a training that no longer gets better, and brings back its best weights.

import type { HostArray } from '@rnn/layers'
import type { Callback, CallbackHost, CallbackRun } from './callback.ts'
import { monitorOf, type Monitor, type MonitorOptions } from './monitor.ts'

/** Options of {@link earlyStopping}: `patience` is 3 by default, `minDelta` 0. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** When training ends, go back to the weights of the best epoch; another `fit` goes on from those of the last one. Default: true. */
  readonly restoreBest?: boolean
}

/**
 * Stops when `monitor` hasn't improved for `patience` epochs (Prechelt 1998; the rule of Keras's `EarlyStopping`). The best weights are kept in host
 * memory, and in checkpoints. After an abort the weights stay those of the last step, so that training can go on. Where the epochs are over before it stops, the last weights are kept beside the
 * best ones: a further `fit` goes on from them, as if training had never paused.
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
  const monitorIn = monitorOf('earlyStopping', { ...options, patience })
  return { name: 'earlyStopping', begin: (host) => watch(host, monitorIn(host), patience, restoreBest) }
}

type Weights = Record<string, HostArray>
type Entries = [path: string, weights: HostArray][]

/** Before the paths of the last weights, among the tensors of a checkpoint. */
const LAST = 'last:'

function renamed(weights: Weights, rename: (path: string) => string): Weights {
  return Object.fromEntries(Object.entries(weights).map(([path, each]) => [rename(path), each]))
}

function watch(host: CallbackHost, monitor: Monitor, patience: number, restoreBest: boolean): CallbackRun {
  let best: number | undefined
  let bestEpoch = 0
  let waited = 0
  let weights: Weights | undefined
  /** Those of the last step, while the model holds the best ones and training may go on. */
  let last: Weights | undefined
  return {
    onBegin(columns) {
      monitor.check(columns)
      if (last !== undefined) host.writeWeights(last)
      last = undefined
    },
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
    async onEnd({ stopped }) {
      if (weights === undefined) return
      if (stopped === undefined) last = await host.readWeights()
      host.writeWeights(weights)
    },
    save: () => ({
      state: { best: best ?? null, bestEpoch, waited },
      ...(weights && { tensors: { ...weights, ...(last && renamed(last, (path) => LAST + path)) } }),
    }),
    restore({ state, tensors }) {
      best = typeof state['best'] === 'number' ? state['best'] : undefined
      bestEpoch = Number(state['bestEpoch'])
      waited = Number(state['waited'])
      if (tensors === undefined) {
        weights = last = undefined
        return
      }
      const [ofLast, ofBest] = [true, false].map((wanted) => {
        return Object.entries(tensors).filter(([path]) => path.startsWith(LAST) === wanted)
      }) as [Entries, Entries]
      weights = Object.fromEntries(ofBest)
      last = ofLast.length === 0 ? undefined : renamed(Object.fromEntries(ofLast), (path) => path.slice(LAST.length))
    },
  }
}
