// One training step in two halves, so that gradients of several machines can be averaged in between.

import { valueAndGrad } from '@rnn/autodiff'
import { scope, splitKey, type Backend, type Tensor } from '@rnn/core'
import { adversarialGradients, type Measure } from '../adversarial/adversarial-gradients.ts'
import { clipping } from '../optimizers/clipping.ts'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import type { TrainingBatch } from './batches.ts'
import { forwardPass, stepInput, type Passes } from './forward-pass.ts'
import { LossNotes } from './loss-notes.ts'
import { lossOf } from './measure.ts'
import type { LayerStates, StreamPass, StreamState } from './stream-state.ts'
import type { TrainingState } from './training-state.ts'
import type { Window } from './windows.ts'

/** The first half of a step. It owns its tensors until `dispose`. */
export class StepGradients {
  /** float32 `[]`: the mean over the batch. */
  readonly loss: Tensor
  /** What that mean was divided by: weigh gradients by it when averaging those of several machines. */
  readonly weight: Tensor | number
  /** By parameter path, each in a buffer of its own that may be written (by an all-reduce). */
  readonly gradients: NamedTensors
  readonly #close: () => void
  #open = true

  constructor(loss: Tensor, weight: Tensor | number, gradients: NamedTensors, close: () => void) {
    this.loss = loss
    this.weight = weight
    this.gradients = gradients
    this.#close = close
  }

  /** For the trainer: the step is over. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#close()
  }

  /** Frees the gradients; loss and weight stay. */
  disposeGradients(): void {
    this.close()
    for (const gradient of Object.values(this.gradients)) gradient.dispose()
  }

  /** Frees everything. */
  dispose(): void {
    this.disposeGradients()
    this.loss.dispose()
    if (typeof this.weight !== 'number') this.weight.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** What a pass gives beside the loss. */
interface Measured<Output> {
  readonly weight: Tensor | number
  /** Undefined where no metric asks for them. */
  readonly outputs: Output | undefined
  readonly passes: Passes
  readonly notes: LossNotes
}

/** Forward and backward pass over a batch, or a window of it; counts the metrics on the way. */
export function computeGradients<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  batch: TrainingBatch<Input, Targets>,
  window?: Window,
): StepGradients {
  state.assertIdle('computeGradients')
  state.assertOwnWeights('computeGradients')
  const backend = state.assertTogether('computeGradients')
  const { model, options, totals, stream } = state
  options.loss.check?.(batch.targets, batch.lengths, batch.sampleWeights)
  state.stepping = true
  const allPasses: StreamPass[] = []
  const allNotes: LossNotes[] = []
  try {
    const { value, gradients, weight } = scope(backend, () => {
      const input = stepInput(batch, window, stream, backend)
      const { targets, context } = input.pieces.at(-1) ?? input.pieces[0]
      const stepKey = splitKey(splitKey(state.key, 'dropout'), state.optimizer.step)
      const key = state.part === 0 ? stepKey : splitKey(stepKey, state.part)
      const measure: Measure<Measured<Output>> = (embedded, moved = false) => {
        const notes = new LossNotes()
        allNotes.push(notes)
        const { outputs, passes } = forwardPass(model, input, { training: true, key, embedded, notes })
        allPasses.push(...passes)
        const { mean, weight } = lossOf(options.loss, outputs, targets, notes.heard(context, outputs), batch.size)
        const value = moved ? mean : notes.withPenalties(mean, model.variables())
        return { value, aux: { weight, outputs: totals.metrics.length === 0 ? undefined : outputs, passes, notes } }
      }
      // The model's own tensors are the parameters: they are followed while this function runs.
      const result =
        options.adversarial === undefined
          ? valueAndGrad((_parameters: NamedTensors) => measure())(state.trainable())
          : adversarialGradients(options.adversarial, backend, state.trainable(), state.statesOfModel(), measure)
      const { outputs, weight, passes, notes } = result.aux
      if (outputs !== undefined) totals.add(backend, outputs, targets, notes.heard(context, outputs))
      if (input.carried) advance(stream, input.start, passes, window)
      else stream.leave()
      return { value: result.value, gradients: result.gradients, weight }
    })
    state.openSteps++
    state.part++
    return new StepGradients(value, weight, gradients, () => state.openSteps--)
  } finally {
    for (const each of [...allPasses, ...allNotes]) each.dispose()
    state.stepping = false
  }
}

/** The states before the first window of the next step; after the last window of a batch, those at its end. */
function advance(
  stream: StreamState,
  start: LayerStates | undefined,
  passes: Passes,
  window: Window | undefined,
): void {
  const within = window !== undefined && window.index < window.count - 1
  if (!within) stream.advance(passes.at(-1)?.states)
  else stream.advance(window.nextFirst > window.first ? passes[0]?.states : start)
}

/** What a batch brings to an update: mean gradients, and what the mean was divided by. */
export type GradientShare = Pick<StepGradients, 'gradients' | 'weight'>

/** Takes in the gradients of a batch, or of a window of it: an update, or with `accumulate` one when so many have come. */
export function applyGradients<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  { gradients, weight }: GradientShare,
  window?: Window,
): void {
  changeWeights(state, (backend) => {
    const { accumulation, options } = state
    const { accumulate = 1 } = options
    if (accumulate === 1) {
      update(state, backend, gradients, null)
      return
    }
    accumulation.add(backend, gradients, weight)
    if (accumulation.count >= accumulate) updateFromGroup(state, backend)
  })
  if (window !== undefined && window.index < window.count - 1) {
    state.window = window.index + 1
    return
  }
  state.batch++
  state.window = 0
}

/** Makes the update of a group that is not full; nothing where none is open. */
export function finishAccumulation<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>): void {
  if (state.accumulation.count > 0) changeWeights(state, (backend) => updateFromGroup(state, backend))
}

/** Runs `change` in a scope, between steps. @throws E_BUSY, E_BACKEND_MISMATCH */
function changeWeights<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  change: (backend: Backend) => void,
): void {
  state.assertIdle('applyGradients')
  state.assertOwnWeights('applyGradients')
  const backend = state.assertTogether('applyGradients')
  state.stepping = true
  try {
    scope(backend, () => change(backend))
  } finally {
    state.stepping = false
  }
}

/** A parameter that was frozen meanwhile is left out. */
function updateFromGroup<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>, backend: Backend): void {
  const { gradients, scale } = state.accumulation.take()
  const parameters = state.trainable()
  const wanted = Object.entries(gradients).filter(([path]) => path in parameters)
  update(state, backend, Object.fromEntries(wanted), scale)
}

/** Clips, updates every parameter in place, puts them where their constraints allow, and moves the averages. */
function update<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  backend: Backend,
  gradients: NamedTensors,
  scale: Tensor | null,
): void {
  const { optimizer, averages, options } = state
  const parameters = state.trainable()
  optimizer.apply(parameters, gradients, clipping(Object.values(gradients), options, scale))
  for (const { variable } of state.model.variables()) {
    if (variable.trainable && variable.constraint !== undefined)
      variable.assign(variable.constraint.project(variable.value))
  }
  averages?.update(backend, optimizer.step, parameters)
  state.part = 0
}
