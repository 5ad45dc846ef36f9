// The object of training: a model, its optimiser's state, the random key and the position in the data.

import { formatShape, readTensors, RnnError, sameShape, type Backend, type Tensor } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import type { CallbackHost } from '../callbacks/callback.ts'
import { readCheckpoint, takeCheckpoint } from '../checkpoint/checkpoint.ts'
import type { History } from '../history/history.ts'
import type { Metric } from '../metrics/metric.ts'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import type { TrainingBatch, TrainingSet } from './batches.ts'
import { fitLoop, type FitLoopOptions } from './fit-loop.ts'
import type { TrainableModel } from './model.ts'
import { lendAverages, useAverages } from './averages.ts'
import { relocate } from './relocation.ts'
import { betterIn } from './reports.ts'
import { applyGradients, computeGradients, finishAccumulation, StepGradients } from './training-step.ts'
import { TrainingState, type TrainerOptions } from './training-state.ts'

/** Where a training is in its data. */
export interface Position {
  /** Epochs that are over. */
  readonly epoch: number
  /** Batches of the current epoch that were consumed, whatever was fetched ahead. */
  readonly batch: number
  /** Updates since training began. */
  readonly step: number
}

/** What callbacks may do to a trainer. */
function hostOf<Input, Output, Targets>(
  trainer: Trainer<Input, Output, Targets>,
  metrics: readonly Pick<Metric, 'name' | 'better'>[],
  onWrite: () => void,
): CallbackHost {
  return {
    betterIn: (column) => betterIn(metrics, column),
    readWeights: () => trainer.readWeights(),
    writeWeights(weights) {
      trainer.writeWeights(weights)
      onWrite()
    },
    get learningRate() {
      return trainer.learningRate
    },
    scaleLearningRate: (factor) => trainer.scaleLearningRate(factor),
  }
}

/**
 * Trains a model. The trainer owns the optimiser's state, `dispose` frees it; the model stays its maker's.
 *
 * ```ts
 * const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }), clipNorm: 5 })
 * const history = await trainer.fit(trainSet, { epochs: 2, validation: validSet })
 * const bytes = await trainer.checkpoint()
 * ```
 *
 * @throws E_NOT_BUILT for a model without `init`, E_VALUE for options out of range
 */
export class Trainer<Input = Tensor, Output = Tensor, Targets = Tensor> {
  readonly #state: TrainingState<Input, Output, Targets>

  constructor(model: TrainableModel<Input, Output>, options: TrainerOptions<NoInfer<Output>, Targets>) {
    const host = hostOf(this, options.metrics ?? [], () => (this.#state.chosen = true))
    this.#state = new TrainingState(model, options, host)
  }

  get model(): TrainableModel<Input, Output> {
    return this.#state.model
  }

  get history(): History {
    return this.#state.history
  }

  get position(): Position {
    const { epoch, batch, optimizer } = this.#state
    return { epoch, batch, step: optimizer.step }
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return this.#state.optimizer.learningRate
  }

  /**
   * Multiplies the learning rate from the next update on, whatever the optimiser's schedule says; the factors of several calls multiply. Checkpoints keep it.
   *
   * @throws E_VALUE unless the factor is a finite number above 0
   */
  scaleLearningRate(factor: number): void {
    this.#state.optimizer.scaleLearningRate(factor)
  }

  /**
   * Trains until `epochs` epochs are over (counted from the beginning, so that the same call resumes after `restore`), a callback stops it, or
   * the signal aborts it: then it returns normally between two steps, with `history.aborted` true and everything fit for `checkpoint`.
   *
   * A training that a callback has stopped is over, also after `restore`: `fit` makes no step then, whatever `epochs` says, and
   * `history.stopped` tells why. So a resumed training ends as one that was never interrupted. To train the model further, make a new `Trainer`.
   *
   * Between steps it awaits: losses are read several at a time, and a macrotask passes at least every 16 ms (or every step, if that takes longer).
   *
   * @returns the history of the whole training
   * @throws E_NOT_FINITE for a loss that is NaN or infinite (see `notFinite`), E_VALUE for an empty set, E_BUSY during another `fit`, E_CHECKPOINT when the
   * set is not the one that the position belongs to
   */
  async fit(set: TrainingSet<Input, Targets>, options: FitLoopOptions<Input, Targets>): Promise<History> {
    return fitLoop(this.#state, set, options)
  }

  /**
   * One whole training step. Synchronous; it doesn't wait for the device.
   *
   * @returns the loss, float32 `[]`, which belongs to the caller: `using loss = trainer.step(batch)`
   */
  step(batch: TrainingBatch<Input, Targets>): Tensor {
    const step = this.computeGradients(batch)
    try {
      this.applyGradients(step)
    } catch (error) {
      step.dispose()
      throw error
    }
    step.disposeGradients()
    if (typeof step.weight !== 'number') step.weight.dispose()
    return step.loss
  }

  /**
   * The first half of a step: loss and gradients, which belong to the caller until `dispose`.
   *
   * ```ts
   * const step = trainer.computeGradients(batch)
   * …                              // average step.gradients over machines, weighted by step.weight
   * trainer.applyGradients(step)
   * step.dispose()
   * ```
   */
  computeGradients(batch: TrainingBatch<Input, Targets>): StepGradients {
    return computeGradients(this.#state, batch)
  }

  /**
   * The second half of a step: clips, updates the parameters in place, and counts one batch as consumed. Gradients stay the caller's. With `accumulate` they are added to
   * those of the batches before, plain ones with a weight of 1, and the update comes with the last of so many.
   */
  applyGradients(gradients: StepGradients | NamedTensors): void {
    const step = gradients instanceof StepGradients ? gradients : undefined
    applyGradients(this.#state, step ?? { gradients: gradients as NamedTensors, weight: 1 }) // the union without its other member
    step?.close()
  }

  /** For loops of one's own over `step`: ends the epoch in the position, and makes the update of accumulated gradients that are left. */
  advanceEpoch(): void {
    this.#state.assertBetweenSteps('advanceEpoch')
    finishAccumulation(this.#state)
    this.#state.epoch++
    this.#state.batch = 0
    this.#state.stream.reset()
  }

  /**
   * Runs something while the model holds the averages of its weights (the option `averaging`), then gives it its own back; with its own where no averages were taken
   * yet. `fit` waits for it; steps and `writeWeights` are refused meanwhile. A checkpoint taken within is the same as outside.
   *
   * ```ts
   * const { metrics } = await trainer.withAverages(() => evaluate(model, testSet, { metrics: [accuracy()] }))
   * const bytes = await trainer.withAverages(() => saveModel(model))
   * ```
   *
   * @throws E_VALUE without `averaging`, E_BUSY in the middle of a step
   */
  async withAverages<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    return lendAverages(this.#state, run)
  }

  /**
   * Overwrites the weights by their averages, for good: the end of a training. Where no averages were taken yet the weights stay; so do those that
   * `earlyStopping` brought back, which were the averages of the best epoch.
   *
   * @throws E_VALUE without `averaging`, E_BUSY in the middle of a step
   */
  useAverages(): void {
    useAverages(this.#state)
  }

  /**
   * Moves the model and all of the training's tensors: copies everything, then swaps at once; when copying fails, all stays where it is. During
   * `fit`, training waits and goes on there. After `model.to(backend)` it brings the rest along; `fit` does so by itself.
   *
   * @throws E_BUSY in the middle of a step
   */
  async to(backend: Backend): Promise<void> {
    await relocate(this.#state, backend)
  }

  /**
   * The training as one file: weights, optimiser state, random key, position in the data, history and callbacks, as of this call, which may come
   * between any two steps. Training that goes on from it does what this one would have done, to the last bit on the same backend.
   *
   * ```ts
   * const bytes = await trainer.checkpoint() // a safetensors file: writing it somewhere is up to the program
   * ```
   *
   * @throws E_BUSY in the middle of a step, E_NOT_FINITE when the training has run into NaN or infinity
   */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    this.#state.assertBetweenSteps('checkpoint')
    return takeCheckpoint(this.#state)
  }

  /**
   * Goes on from a checkpoint of the same model, optimiser and loss; the key is the checkpoint's, whatever `seed` said. All or nothing. Metrics and
   * callbacks are found again by name; those that the checkpoint doesn't know begin afresh.
   *
   * ```ts
   * await trainer.restore(await trainer.checkpoint())
   * ```
   *
   * @throws E_FORMAT for a file that is cut short or no checkpoint, E_CHECKPOINT for one of another model or configuration, E_BUSY during `fit`
   */
  async restore(bytes: Uint8Array): Promise<void> {
    const state = this.#state
    state.assertBetweenSteps('restore')
    state.assertOwnWeights('restore')
    if (state.fitting) {
      throw new RnnError({
        code: 'E_BUSY',
        operation: 'restore',
        problem: 'this trainer is training',
        fix: 'restore before fit',
      })
    }
    readCheckpoint(state, bytes)
    await state.model.backend.sync()
  }

  /** What the model holds, all parameters by path, in host memory, as of this call. */
  async readWeights(): Promise<Record<string, HostArray>> {
    const variables = this.#state.model.variables()
    const arrays = await readTensors(variables.map(({ variable }) => variable.value))
    const entries = variables.map(({ path, variable: { spec } }, i) => [
      path,
      { data: arrays[i] ?? [], shape: spec.shape },
    ])
    return Object.fromEntries(entries) as Record<string, HostArray> // one array for each tensor
  }

  /** Overwrites parameters. @throws E_SHAPE, and then none is overwritten */
  writeWeights(weights: Readonly<Record<string, HostArray>>): void {
    this.#state.assertBetweenSteps('writeWeights')
    this.#state.assertOwnWeights('writeWeights')
    const matched = this.#state.model.variables().flatMap(({ path, variable }) => {
      const given = weights[path]
      if (given === undefined) return []
      if (given.data instanceof Float32Array && sameShape(given.shape, variable.spec.shape))
        return [{ variable, data: given.data }]
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'writeWeights',
        problem: `'${path}' is given as ${formatShape(given.shape)}, expected float32 ${formatShape(variable.spec.shape)}`,
      })
    })
    for (const { variable, data } of matched) variable.assign(data)
  }

  /** Frees what the trainer owns; the model stays. */
  dispose(): void {
    this.#state.optimizer.dispose()
    this.#state.totals.reset()
    this.#state.validationTotals.reset()
    this.#state.stream.reset()
    this.#state.validationStream.reset()
    this.#state.accumulation.reset()
    this.#state.averages?.reset()
    this.#state.readings.reset()
    this.#state.validationReadings.reset()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}
