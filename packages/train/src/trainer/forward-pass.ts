// The forward pass of a training step: a batch at once, or the windows of it that gradients reach.

import {
  cast,
  equal,
  formatShape,
  reshape,
  RnnError,
  sameShape,
  select,
  type Backend,
  type RandomKey,
  type Tensor,
} from '@rnn/core'
import { upload, type HostArray, type PassNotes } from '@rnn/layers'
import type { LossContext } from '../losses/loss.ts'
import type { TrainingBatch } from './batches.ts'
import type { TrainableModel } from './model.ts'
import { StreamPass, type LayerStates, type StreamState } from './stream-state.ts'
import { cutWindow, type Window } from './windows.ts'

/** A batch, or a window of it, on the backend. */
export interface Piece<Input, Targets> {
  readonly inputs: Input
  readonly targets: Targets
  readonly context: LossContext
}

/** What a training step runs on; made within its scope. */
export interface StepInput<Input, Targets> {
  /** One after another in time. The last one has the loss; those before it, if any, only lead to it. */
  readonly pieces: readonly [Piece<Input, Targets>, ...Piece<Input, Targets>[]]
  /** Whether recurrent layers go on from where they were. */
  readonly carried: boolean
  /** Their states before the first piece; undefined where every row begins. */
  readonly start: LayerStates | undefined
}

/** What a forward pass gives beside its outputs, to be disposed of: the states after each piece. */
export type Passes = readonly StreamPass[]

/** Uploads a batch, or the windows that a step runs over. */
export function stepInput<Input, Targets>(
  batch: TrainingBatch<Input, Targets>,
  window: Window | undefined,
  stream: StreamState,
  backend: Backend,
): StepInput<Input, Targets> {
  const numbers = window && Array.from({ length: window.index - window.first + 1 }, (_, i) => window.first + i)
  const batches = window && numbers ? numbers.map((index) => cutWindow(batch, window, index)) : [batch]
  return {
    pieces: batches.map((each) => uploadPiece(each, backend)) as unknown as StepInput<Input, Targets>['pieces'], // one at least
    carried: window !== undefined || batch.continues !== undefined,
    start: window === undefined || window.index === 0 ? begin(stream, batch.continues, backend) : stream.layers,
  }
}

function uploadPiece<Input, Targets>(batch: TrainingBatch<Input, Targets>, backend: Backend): Piece<Input, Targets> {
  const { inputs, targets, lengths, sampleWeights } = batch
  const uploaded = upload({ inputs, targets: { targets, sampleWeights }, lengths }, backend)
  return {
    inputs: uploaded.inputs as Input, // HostInput uploaded is what it stands for
    targets: uploaded.targets.targets as Targets,
    context: { lengths: uploaded.lengths, sampleWeights: uploaded.targets.sampleWeights as Tensor | undefined },
  }
}

/** The states before a batch: zero for the rows that begin a stream. */
function begin(stream: StreamState, continues: TrainingBatch['continues'], backend: Backend): LayerStates | undefined {
  if (continues === undefined || continues === false) return undefined
  stream.assertContinuable()
  const states = stream.layers
  if (states === undefined) return undefined
  if (continues === true) return states
  const given = upload<HostArray | Tensor>({ inputs: continues }, backend).inputs as Tensor
  const rows = states[0]?.[0]?.shape[0] ?? 0
  if (!sameShape(given.shape, [rows])) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'stream',
      problem: `continues has shape ${formatShape(given.shape)}, the batch before had ${rows} rows`,
      fix: 'give an int32 for each row: 1 where it goes on, 0 where it begins',
    })
  }
  const begins = reshape(equal(cast(given, 'int32'), 0), [-1, 1])
  return states.map((layer) => layer.map((state) => select(begins, 0, state)))
}

/** How a model is run in a step. */
export interface RunContext {
  readonly training: boolean
  readonly key: RandomKey | undefined
  readonly embedded?: ((vectors: Tensor) => Tensor) | undefined
  /** Hears the last piece, of which the loss is computed. */
  readonly notes: PassNotes
}

/** Runs the model over all pieces; gradients flow from one to the next. */
export function forwardPass<Input, Output, Targets>(
  model: TrainableModel<Input, Output>,
  { pieces, carried, start }: StepInput<Input, Targets>,
  context: RunContext,
): { readonly outputs: Output; readonly passes: Passes } {
  const { backend } = model
  const passes: StreamPass[] = []
  const run = (piece: Piece<Input, Targets>): Output => {
    const {
      inputs,
      context: { lengths },
    } = piece
    const told = piece === pieces.at(-1) ? { ...context, lengths } : { ...context, lengths, notes: undefined }
    if (!carried) return model.forward(inputs, told)
    const carry = new StreamPass(backend, passes.length === 0 ? start : passes.at(-1)?.states)
    passes.push(carry)
    return model.forward(inputs, { ...told, carry })
  }
  try {
    const [first, ...others] = pieces
    const outputs = others.reduce((_, piece) => run(piece), run(first))
    passes.at(-1)?.assertUsed()
    return { outputs, passes }
  } catch (error) {
    for (const pass of passes) pass.dispose()
    throw error
  }
}
