// What a forward pass is told beside its input: whether it trains, the random key, the lengths of the rows.

import { splitKey, type RandomKey, type Tensor } from '@rnn/core'

/** What `forward` gets beside its input. Plain and immutable: containers hand on a copy with the child's own key. */
export interface ForwardContext {
  /** True while training: dropout drops. */
  readonly training: boolean
  /** The source of this pass's random numbers. Undefined where nothing random is wanted. */
  readonly key: RandomKey | undefined
  /** int32 `[batch]`: how much of each row counts. Undefined: all of it. */
  readonly lengths: Tensor | undefined
  /** Present while a stream is read piece by piece (by a stepper, or in truncated backpropagation): recurrent layers go on from the states that they left here. */
  readonly carry?: Carry | undefined
  /** Present while someone looks at embedded inputs or changes them (adversarial training): embeddings hand their vectors through it. */
  readonly embedded?: ((vectors: Tensor) => Tensor) | undefined
  /** Present after `masking`: the steps of each row were moved together, and `lengths` is how many they are. */
  readonly gaps?: ClosedGaps | undefined
  /** Present while a loss is computed of the output: what layers say of it beside the output itself. */
  readonly notes?: PassNotes | undefined
}

/** Which steps of a batch count, where those that do were moved together. */
export interface ClosedGaps {
  /** bool `[batch, time]`: which steps count. */
  readonly counted: Tensor
  /** int32 `[batch·time]`: where each step stands now; −1 for one that doesn't count. */
  readonly places: Tensor
  /** int32 `[batch·time]`: which step stands at each place now; −1 after a row's end. */
  readonly sources: Tensor
  /** Those that had been closed before. */
  readonly outer: ClosedGaps | undefined
}

/** What a layer hands to the one after it. */
export interface PassedOn<Output = Tensor> {
  readonly output: Output
  /** What the layers after it are told. */
  readonly told: ForwardContext
}

/** What a forward pass says to whoever computes the loss. The tensors belong to the scope of the layer: what is to outlive it is kept by the listener. */
export interface PassNotes {
  /** Which rows of the batch count, bool `[batch]`, where they are the time steps of rows that may have ended. Undefined: all. */
  readonly rows?: Tensor | undefined
  /** A term of the loss, float32 `[]`: activity regularisation. */
  penalty(term: Tensor): void
  /** Which steps of the model's output count, bool `[batch, time]`: masking by value. */
  counted(steps: Tensor): void
}

/** The states of recurrent layers between two pieces of a stream. */
export interface Carry {
  /** The states before this piece, `[batch, width]` each. */
  before(layer: object, widths: readonly number[], batch: number): readonly Tensor[]
  /** Notes the states after it. They belong to the scope of the layer: what is to outlive it is an alias or a copy. */
  after(layer: object, states: readonly Tensor[]): void
}

/** The context of inference: nothing random, every row full. */
export const INFERENCE: ForwardContext = { training: false, key: undefined, lengths: undefined }

/**
 * The context for a child of a module: the same, with a random key of its own. Two children must not share a key, or their dropout masks are alike.
 *
 * ```ts
 * class Classifier extends Module {
 *   readonly encoder = gru({ units: 8, inputSize: 4, layers: 2, dropout: 0.5, returns: 'last' })
 *   readonly head = sequential(dropout(0.5), dense({ units: 2, inputSize: 8 }))
 *   forward(x: Tensor, context: ForwardContext): Tensor {
 *     return this.head.forward(this.encoder.forward(x, child(context, 'encoder')), child(context, 'head'))
 *   }
 * }
 * ```
 */
export function child(context: ForwardContext, name: string): ForwardContext {
  return context.key === undefined ? context : { ...context, key: splitKey(context.key, name) }
}
