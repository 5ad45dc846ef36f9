// All that a training is made of between two steps: what `Trainer` holds, `fit` advances and a checkpoint keeps.

import type { Variable } from '@rnn/layers'
import { key, RnnError, type Backend, type RandomKey, type Tensor } from '@rnn/core'
import type { Attack } from '../adversarial/attack.ts'
import type { Callback, CallbackHost, CallbackRun } from '../callbacks/callback.ts'
import { History } from '../history/history.ts'
import { AveragedWeights } from '../averaging/averaged-weights.ts'
import type { WeightAveraging } from '../averaging/averaging.ts'
import type { Loss } from '../losses/loss.ts'
import type { Metric } from '../metrics/metric.ts'
import { MetricTotals } from '../metrics/metric-totals.ts'
import { checkClipping, type ClippingOptions } from '../optimizers/clipping.ts'
import type { Optimizer } from '../optimizers/optimizer.ts'
import { OptimizerState } from '../optimizers/optimizer-state.ts'
import { GradientAccumulation } from './gradient-accumulation.ts'
import { LossReadings } from './loss-readings.ts'
import type { TrainableModel } from './model.ts'
import { StreamState } from './stream-state.ts'
import type { TruncationOptions } from './windows.ts'

/** Options of `new Trainer`. */
export interface TrainerOptions<Output = Tensor, Targets = Tensor> extends ClippingOptions {
  readonly loss: Loss<Output, Targets>
  readonly optimizer: Optimizer
  /**
   * How many batches make one update. Their gradients are averaged as the loss averages within a batch: by samples, or by what counts in a masked or weighted loss. So an
   * update is that of one batch with all their rows, of whatever sizes they are. The end of an epoch makes an update of those that are left. Clipping sees the average;
   * schedules and averaging count updates, `snapshots` count batches. A window of `truncate` counts as a batch. Default: 1.
   */
  readonly accumulate?: number | undefined
  /**
   * Averages of the weights, `ema()` or `swa(…)`, kept beside them. In `fit`, validation and all `onEpoch` see a model that holds the averages, once there are any. `fit(model, …)` leaves the
   * averages in the model when it ends; a `Trainer` leaves the weights, which training goes on from: see `withAverages` and `useAverages`. Default: none.
   */
  readonly averaging?: WeightAveraging | undefined
  /**
   * Adversarial training: `fgm(…)`, `pgd(…)`. Gradients are those of the loss and of the loss with embedded inputs moved so that it grows; the weights themselves are
   * not moved for it. Loss and metrics that are shown are those of the inputs as they are. Default: none.
   */
  readonly adversarial?: Attack | undefined
  /** Decides what is random in the steps: dropout. The order of the data is the data set's own. Default: 0. */
  readonly seed?: number
  /** Measured over the training batches, with dropout on, and over the validation set. */
  readonly metrics?: readonly Metric<string, unknown, Output, Targets>[]
  readonly callbacks?: readonly Callback[]
  /**
   * What `fit` does when a loss is NaN or infinite. Default: stop with E_NOT_FINITE; before that step's update where memory is at hand (cpu, wasm),
   * else some steps later, when the weights may be spoilt. Where memory is at hand gradients are looked at as well, at the cost of reading each once; `continue` spares that.
   */
  readonly notFinite?: 'stop' | 'continue'
}

/** The size of the training set, remembered so that a position is not taken for one in another set. */
export interface SetSize {
  readonly batchCount: number
  readonly sampleCount: number
}

/** Mutable, and private to this folder and to checkpoints. */
export class TrainingState<Input, Output, Targets> {
  readonly model: TrainableModel<Input, Output>
  readonly options: TrainerOptions<Output, Targets>
  readonly optimizer: OptimizerState
  readonly totals: MetricTotals<Output, Targets>
  readonly validationTotals: MetricTotals<Output, Targets>
  readonly readings: LossReadings
  readonly validationReadings: LossReadings = new LossReadings(false)
  readonly callbacks: readonly { readonly name: string; readonly run: CallbackRun }[]
  key: RandomKey
  /** Epochs that are over. */
  epoch: number = 0
  /** Batches of the current epoch that were consumed. */
  batch: number = 0
  /** Windows of the current batch that were consumed; see `TruncationOptions`. */
  window: number = 0
  /** How batches were cut, where they were. */
  truncate: TruncationOptions | undefined
  /** What recurrent layers go on from. */
  readonly stream: StreamState = new StreamState()
  readonly validationStream: StreamState = new StreamState()
  /** Seconds of training in the current epoch. */
  seconds: number = 0
  history: History = new History()
  setSize: SetSize | undefined
  fitting: boolean = false
  /** Inside the synchronous part of a step. */
  stepping: boolean = false
  /** Steps whose gradients were computed and neither applied nor given up. */
  openSteps: number = 0
  /** Batches whose gradients were computed since the last update: several may go into one, and each needs random numbers of its own. */
  part: number = 0
  /** Gradients on their way to the next update. */
  readonly accumulation: GradientAccumulation = new GradientAccumulation()
  readonly averages: AveragedWeights | undefined
  /** Whether a callback has written the weights since training last went on: early stopping brings back the best ones, and where averages are kept, those were averages. */
  chosen: boolean = false
  /** How many have the model hold its averages at the moment. */
  borrowers: number = 0
  /** Resolves when those of them are done that `fit` must wait for. */
  lent: Promise<void> | undefined
  /** Resolves when a move to another backend is over. */
  moving: Promise<void> | undefined

  constructor(model: TrainableModel<Input, Output>, options: TrainerOptions<Output, Targets>, host: CallbackHost) {
    const { optimizer, metrics = [], callbacks = [], seed = 0, notFinite = 'stop', accumulate = 1, averaging } = options
    if (!Number.isSafeInteger(seed)) throw invalid(`seed ${seed}`, 'use a whole number')
    if (!(Number.isInteger(accumulate) && accumulate >= 1))
      throw invalid(`accumulate ${accumulate}`, 'use a whole number of batches from 1 on')
    checkClipping('Trainer', options)
    this.averages = averaging && new AveragedWeights(averaging)
    this.model = model
    this.options = options
    this.optimizer = new OptimizerState(optimizer, model.backend)
    this.totals = new MetricTotals(metrics)
    this.validationTotals = new MetricTotals(metrics)
    this.readings = new LossReadings(notFinite === 'stop')
    this.key = key(seed)
    this.callbacks = callbacks.map((callback) => ({ name: callback.name, run: callback.begin(host) }))
    const names = callbacks.map(({ name }) => name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw invalid(`two callbacks are called '${twice}'`, 'give each a name of its own')
  }

  /** The parameters that training changes, by path. */
  trainable(): Record<string, Tensor> {
    const entries = this.model.variables().filter(({ variable }) => variable.trainable)
    return Object.fromEntries(entries.map(({ path, variable }) => [path, variable.value]))
  }

  /** The variables that forward passes keep. */
  statesOfModel(): Variable[] {
    return this.model.variables().flatMap(({ variable }) => (variable.kind === 'state' ? [variable] : []))
  }

  /** All parameters by path, those that are not trained too. */
  parameters(): Record<string, Tensor> {
    const entries = this.model.variables().filter(({ variable }) => variable.kind === 'parameter')
    return Object.fromEntries(entries.map(({ path, variable }) => [path, variable.value]))
  }

  /** Resolves when no move to another backend is under way; undefined at once when none is. */
  settled(): Promise<void> | undefined {
    return this.moving?.then(() => this.settled())
  }

  /** @throws E_BUSY in the middle of a step or of a move */
  assertBetweenSteps(operation: string): void {
    if (this.openSteps > 0) throw this.#busy(operation)
    this.assertIdle(operation)
  }

  /** As `assertBetweenSteps`, but gradients may be out: several batches may go into one update. @throws E_BUSY */
  assertIdle(operation: string): void {
    if (this.stepping || this.moving !== undefined) throw this.#busy(operation)
  }

  /** @throws E_BUSY while the model holds its averages, which training must not change */
  assertOwnWeights(operation: string): void {
    if (this.averages?.exchanged !== true) return
    throw new RnnError({
      code: 'E_BUSY',
      operation,
      problem: 'the model holds the averages of its weights at the moment',
      fix: 'call it after withAverages, or after the onEpoch of fit',
    })
  }

  #busy(operation: string): RnnError {
    return new RnnError({
      code: 'E_BUSY',
      operation,
      problem:
        this.moving === undefined ? 'a training step is under way' : 'the trainer is being moved to another backend',
      fix:
        this.moving === undefined
          ? 'call it between steps: after applyGradients, or after dispose() of gradients that are not wanted'
          : 'await trainer.to(…) first',
    })
  }

  /** @throws E_BACKEND_MISMATCH when someone moved the model alone */
  assertTogether(operation: string): Backend {
    const { backend } = this.model
    if (backend === this.optimizer.backend) return backend
    throw new RnnError({
      code: 'E_BACKEND_MISMATCH',
      operation,
      problem: `the model is on '${backend.name}', its optimiser's state on another backend`,
      fix: 'move both with await trainer.to(backend)',
    })
  }
}

function invalid(problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_VALUE', operation: 'Trainer', problem, fix })
}
