// What a callback is. Each callback has a file of its own in this folder.

import type { JsonObject } from '../json.ts'
import type { History } from '../history/history.ts'
import type { HostArray } from '@rnn/layers'
import type { EpochReport, Progress } from '../trainer/reports.ts'

/** What a callback may do to the training that it watches. */
export interface CallbackHost {
  /** All parameters by path, read between two steps; within `onEpoch` their averages, where those are kept. */
  readWeights(): Promise<Record<string, HostArray>>
  /** Overwrites parameters, between two steps. @throws E_BUSY within `onEpoch` where averages are kept */
  writeWeights(weights: Readonly<Record<string, HostArray>>): void
  /** Whether larger values of a column of the history are better, for losses and for metrics that say it. */
  betterIn(column: string): 'more' | 'less' | undefined
  /** Of the next update. */
  readonly learningRate: number
  /** Multiplies the learning rate from the next update on, whatever the schedule says. Checkpoints keep it. */
  scaleLearningRate(factor: number): void
}

/** Something that watches a training. The object itself keeps nothing: each trainer gets a run of its own. */
export interface Callback {
  /** Its name in checkpoints. */
  readonly name: string
  begin(host: CallbackHost): CallbackRun
}

/** The run of a callback in one trainer. `fit` waits for promises. */
export interface CallbackRun {
  /** When `fit` begins, with the columns that the history may have: what is missing is said before the first epoch, not after it. */
  onBegin?(columns: readonly string[]): void | Promise<void>
  onBatch?(progress: Progress): void | Promise<void>
  /** A returned string is a reason to stop the training after this epoch, for good: `history.stopped`. */
  onEpoch?(report: EpochReport): string | void | Promise<string | void>
  /** When training is over, by its last epoch or because a callback stopped it; not when it was aborted. */
  onEnd?(history: History): void | Promise<void>
  /** What a checkpoint must keep, as of this call. */
  save?(): SavedCallback
  /** Goes on from what `save` gave. */
  restore?(saved: SavedCallback): void
}

/** The state of a callback in a checkpoint. */
export interface SavedCallback {
  readonly state: JsonObject
  readonly tensors?: Readonly<Record<string, HostArray>>
}
