// The loop of `fit`: steps, and what goes on between them.

import { hasCode, RnnError, type Tensor } from '@rnn/core'
import { GradientWatch, type GradientWatchOptions } from '../diagnostics/gradient-watch.ts'
import type { History } from '../history/history.ts'
import { checkNotEmpty, emptySet, type TrainingBatch, type TrainingSet } from './batches.ts'
import { atOwnWeights, withAverages } from './averages.ts'
import { createBreather, type Breather } from './breathing.ts'
import { runEvaluation, type Evaluation } from './evaluation.ts'
import { Pace } from './pace.ts'
import { Recovery, type SnapshotOptions } from './recovery.ts'
import { gathered } from './relocation.ts'
import { historyColumns, historyRow, type EpochReport, type Progress } from './reports.ts'
import { assertFiniteGradients } from './finite-gradients.ts'
import { apart, KeptStates } from './kept-states.ts'
import { applyGradients, computeGradients, finishAccumulation, type StepGradients } from './training-step.ts'
import type { TrainingState } from './training-state.ts'
import { checkTruncation, windowAt, windowCount, type TruncationOptions, type Window } from './windows.ts'

/** Options of `Trainer.fit`. */
export interface FitLoopOptions<Input = Tensor, Targets = Tensor> {
  /** How many epochs the training has in all, those before a checkpoint included. */
  readonly epochs: number
  /** Evaluated after each epoch. */
  readonly validation?: TrainingSet<Input, Targets> | undefined
  /**
   * Truncated backpropagation through time, for long sequences and streams: every batch is cut into windows, and each window is a step. Recurrent layers carry their
   * states from window to window, gradients do not follow. Targets are needed at every time step. Default: a batch is one step.
   */
  readonly truncate?: TruncationOptions | undefined
  /** Looks at the gradients every so many steps, and warns when those of a parameter vanish, explode or turn NaN. Default: nobody looks. */
  readonly watchGradients?: GradientWatchOptions | undefined
  /** Called after each step; training waits for a promise. */
  readonly onBatch?: ((progress: Progress) => void | Promise<void>) | undefined
  /** Called after each epoch, when all callbacks have seen it; training waits for a promise. A good place for a checkpoint. With `averaging` the model holds the averages. */
  readonly onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined
  /** Snapshots every so many steps, and what to do when the device is lost: a GPU whose driver starts anew, a worker that dies. */
  readonly snapshots?: SnapshotOptions | undefined
  /** Ends training between two steps, with nothing lost: `fit` returns normally, and `history.aborted` is true. */
  readonly signal?: AbortSignal | undefined
}

interface Run<Input, Output, Targets> {
  readonly state: TrainingState<Input, Output, Targets>
  readonly set: TrainingSet<Input, Targets>
  readonly options: FitLoopOptions<Input, Targets>
  readonly pace: Pace
  readonly breather: Breather
  readonly recovery: Recovery<Input, Output, Targets> | undefined
  readonly watch: GradientWatch | undefined
}

/** Trains until `epochs` are over, a callback stops it, or the signal aborts it. */
export async function fitLoop<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  set: TrainingSet<Input, Targets>,
  options: FitLoopOptions<Input, Targets>,
): Promise<History> {
  const { epochs, validation, signal, snapshots, truncate, watchGradients } = options
  if (state.fitting) {
    throw new RnnError({
      code: 'E_BUSY',
      operation: 'fit',
      problem: 'this trainer is training already',
      fix: 'await the first fit',
    })
  }
  state.assertBetweenSteps('fit')
  state.assertOwnWeights('fit')
  if (!(Number.isInteger(epochs) && epochs >= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'fit',
      problem: `epochs ${epochs}`,
      fix: 'use a whole number from 1 on',
    })
  }
  checkNotEmpty('fit', 'training set', set)
  if (validation !== undefined) checkNotEmpty('fit', 'validation set', validation)
  if (truncate !== undefined) checkTruncation(truncate)
  checkSameSet(state, set, truncate)

  const recovery = snapshots && new Recovery(state, snapshots)
  const watch = watchGradients && new GradientWatch(watchGradients)
  const run = { state, set, options, pace: new Pace(), breather: createBreather(), recovery, watch }
  state.fitting = true
  state.history.markAborted(false)
  try {
    const goesOn = (): boolean => state.epoch < epochs && state.history.stopped === undefined
    const columns = historyColumns(state.options.metrics ?? [], validation !== undefined)
    if (goesOn()) {
      for (const { run: callback } of state.callbacks) await callback.onBegin?.(columns)
      state.chosen = false
    }
    await gathered(state)
    if (goesOn()) await recovery?.begin()
    while (goesOn()) {
      try {
        if (signal?.aborted || !(await trainEpoch(run)) || !(await endEpoch(run))) {
          await state.readings.settle()
          await watch?.settle()
          await recovery?.end()
          state.history.markAborted(true)
          return state.history
        }
        if (!goesOn()) await recovery?.end()
      } catch (error) {
        if (recovery === undefined) throw error
        watch?.reset()
        await recovery.goOn(error)
      }
    }
    for (const { run: callback } of state.callbacks) await callback.onEnd?.(state.history)
    return state.history
  } finally {
    state.fitting = false
    run.breather.close()
  }
}

/** The rest of an epoch's steps; false when aborted. */
async function trainEpoch<Input, Output, Targets>(run: Run<Input, Output, Targets>): Promise<boolean> {
  const { state, set, options, pace, breather } = run
  const { truncate } = options
  const resumedAt = state.batch
  let since = performance.now()
  const rest = state.batch < set.batchCount ? set.batches(state.epoch, state.batch) : []
  for await (const batch of rest) {
    const windows = truncate === undefined ? 1 : windowCount(batch, truncate)
    for (let index = state.window; index < windows; index++) {
      await atOwnWeights(state)
      if (options.signal?.aborted) return false
      await trainStep(run, batch, truncate && windowAt(truncate, index, windows))
      // From the end of one step to the end of the next: making the batch and what callbacks do takes time as well.
      const now = performance.now()
      const seconds = (now - since) / 1000
      since = now
      state.seconds += seconds
      pace.addStep(batch.size / windows, seconds)
      const progress = progressOf(run, state.window / windows)
      for (const { run: callback } of state.callbacks) await callback.onBatch?.(progress)
      await options.onBatch?.(progress)
      await gathered(state)
      await run.recovery?.step()
      await breather.pause()
    }
    if (state.batch >= set.batchCount) break // a set may go on without end
  }
  if (state.batch === 0 && resumedAt === 0) throw emptySet('fit', 'training set')
  await atOwnWeights(state)
  finishAccumulation(state)
  return true
}

/** One step on a batch, or on a window of it. */
async function trainStep<Input, Output, Targets>(
  { state, watch }: Run<Input, Output, Targets>,
  batch: TrainingBatch<Input, Targets>,
  window: Window | undefined,
): Promise<void> {
  const place = { epoch: state.epoch + 1, batch: state.batch + 1, step: state.optimizer.step + 1 }
  const states = new KeptStates(state.statesOfModel())
  let step: StepGradients | undefined
  try {
    step = computeGradients(state, batch, window)
    if (watch?.due(place)) watch.look(step.gradients, place)
    state.readings.assertFinite({ loss: step.loss, weight: step.weight, ...place })
    if (state.options.notFinite !== 'continue') assertFiniteGradients(step.gradients, place)
    applyGradients(state, step, window)
  } catch (error) {
    if (step !== undefined) {
      // Before training ends for it: where does the trouble begin?
      if (hasCode(error, 'E_NOT_FINITE') && !watch?.due(place)) watch?.look(step.gradients, place)
      step.dispose()
      state.stream.undo()
    }
    if (!hasCode(error, 'E_BACKEND_LOST')) states.putBack()
    await watch?.settle()
    throw error
  } finally {
    states.dispose()
  }
  step.disposeGradients()
  state.readings.push({ loss: step.loss, weight: step.weight, ...place })
  await state.readings.advance()
  await watch?.advance()
}

/** Validation, history, callbacks; false when aborted, and then the epoch's end is still to come. */
async function endEpoch<Input, Output, Targets>(run: Run<Input, Output, Targets>): Promise<boolean> {
  const { state } = run
  const since = performance.now()
  await state.readings.settle() // a device may be many steps behind, and its time is training as well
  await run.watch?.settle()
  state.seconds += (performance.now() - since) / 1000
  return withAverages(state, () => reportEpoch(run))
}

/** What comes after the steps of an epoch, on averages where they are kept. */
async function reportEpoch<Input, Output, Targets>(run: Run<Input, Output, Targets>): Promise<boolean> {
  const { state, options } = run
  const validation = await validate(run)
  if (validation === 'aborted') return false
  const metrics = await state.totals.values()
  await state.settled()
  const numbers = {
    epoch: state.epoch + 1,
    epochs: options.epochs,
    loss: state.readings.mean,
    metrics,
    validation,
    learningRate: state.optimizer.lastLearningRate,
    seconds: state.seconds,
  }
  const report: EpochReport = { ...numbers, row: historyRow(numbers) }
  state.history.add(report.row)
  state.epoch++
  state.batch = 0
  state.stream.reset()
  state.seconds = 0
  state.readings.reset()
  state.totals.reset()
  for (const { run: callback } of state.callbacks) {
    const reason = await callback.onEpoch?.(report)
    if (typeof reason === 'string') state.history.markStopped(reason)
  }
  await options.onEpoch?.(report)
  return true
}

async function validate<Input, Output, Targets>(
  run: Run<Input, Output, Targets>,
): Promise<Evaluation | undefined | 'aborted'> {
  const { state, options, pace } = run
  const { validation, signal } = options
  if (validation === undefined) return undefined
  const started = performance.now()
  const { loss, metrics = [] } = state.options
  try {
    const what = { loss, metrics, signal }
    const gathering = {
      totals: state.validationTotals,
      readings: state.validationReadings,
      stream: state.validationStream,
    }
    const result = await apart(state, () =>
      runEvaluation(state.model, validation, what, gathering, () => state.settled()),
    )
    pace.addValidation((performance.now() - started) / 1000)
    return result
  } catch (error) {
    if (signal?.aborted && error instanceof RnnError && error.code === 'E_ABORTED') return 'aborted'
    throw error
  }
}

/** @param partOfBatch of the current batch that is done: windows */
function progressOf<Input, Output, Targets>(
  { state, set, options, pace }: Run<Input, Output, Targets>,
  partOfBatch: number,
): Progress {
  const { epochs, validation } = options
  const epochsLeft = epochs - state.epoch - 1
  const done = Math.min(1, (state.batch + partOfBatch) / set.batchCount)
  const samplesLeft = set.sampleCount * (epochsLeft + 1 - done)
  return {
    epoch: state.epoch + 1,
    epochs,
    batch: state.batch,
    batches: set.batchCount,
    step: state.optimizer.step,
    loss: state.readings.last,
    samplesPerSecond: pace.samplesPerSecond,
    secondsLeft: pace.secondsLeft(
      samplesLeft,
      validation === undefined ? 0 : epochsLeft + 1,
      validation?.sampleCount ?? 0,
    ),
    learningRate: state.optimizer.lastLearningRate,
  }
}

/** A position in one set means nothing in another. */
function checkSameSet<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  set: TrainingSet<Input, Targets>,
  truncate: TruncationOptions | undefined,
): void {
  const { setSize: before, batch, window, truncate: cut } = state
  const { batchCount, sampleCount } = set
  if (window > 0 && JSON.stringify(cutting(cut)) !== JSON.stringify(cutting(truncate))) {
    throw new RnnError({
      code: 'E_CHECKPOINT',
      operation: 'fit',
      problem: `training stands at window ${window} of a batch that was cut to ${cutting(cut).join(', backward ')} steps, not to ${cutting(truncate).join(', backward ') || 'any'}`,
      fix: 'go on with the same truncate',
    })
  }
  state.truncate = truncate
  state.setSize = { batchCount, sampleCount }
  if ((batch === 0 && window === 0) || before === undefined) return
  if (before.batchCount === batchCount && before.sampleCount === sampleCount) return
  state.setSize = before
  throw new RnnError({
    code: 'E_CHECKPOINT',
    operation: 'fit',
    problem: `training stands at batch ${batch} of a set with ${before.batchCount} batches of ${before.sampleCount} samples, this one has ${batchCount} of ${sampleCount}`,
    fix: 'go on with the same data and batch size',
  })
}

function cutting(truncate: TruncationOptions | undefined): readonly number[] {
  return truncate === undefined ? [] : [truncate.steps, truncate.backward ?? truncate.steps]
}
