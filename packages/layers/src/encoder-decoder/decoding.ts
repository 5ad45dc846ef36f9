// A decoding under way: the state between steps, owned, for loops that wait between steps and so can't use a scope.

import { keep, RnnError, scope, tensor, tensorsIn, type Backend, type Tensor } from '@rnn/core'
import type { DecoderStep } from './encoder-decoder.ts'
import { reorderState, rowsOf, sourcesOf, type DecoderState } from './decoder-state.ts'

/** What a session needs of its model. */
export interface SteppingModel {
  /** @throws E_NOT_BUILT before `init` */
  readonly backend: Backend
  step(words: Tensor, state: DecoderState): DecoderStep
}

/**
 * Writes step by step; made by `model.decoding`. It owns its state: what a step gives goes to the caller's scope (outside any scope: to the caller, who disposes of it),
 * the state stays here until `dispose`.
 *
 * Rows may be reordered between steps: hypotheses of a beam that fork or end, sentences that are done.
 */
export class Decoding {
  readonly #model: SteppingModel
  readonly #backend: Backend
  #state: DecoderState
  #steps = 0
  #disposed = false

  /** Takes over the tensors of `state`. */
  constructor(model: SteppingModel, state: DecoderState) {
    this.#model = model
    this.#backend = model.backend
    this.#state = owned(state)
  }

  /** Rows that go on: N. */
  get rows(): number {
    return rowsOf(this.#state)
  }

  /** Sources whose memory is kept. */
  get sources(): number {
    return sourcesOf(this.#state)
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps
  }

  /**
   * Feeds a word to each row; goes on from there.
   *
   * @param words int32 `[rows]`: the start of the target at first, then what was chosen
   * @returns `logits [rows, vocabularySize]`, and `attention [rows, sourceTime]` where the model attends
   * @throws E_SHAPE, E_DTYPE, E_DISPOSED; E_INDEX_RANGE, at once or at the next read
   */
  step(words: Int32Array | Tensor): Omit<DecoderStep, 'state'> {
    this.#assertLive()
    const backend = this.#backend
    const { logits, attention } = scope(backend, () => {
      const uploaded = ArrayBuffer.isView(words) ? tensor(words, { backend }) : words
      const step = this.#model.step(uploaded, this.#state)
      this.#replace(step.state)
      return step
    })
    this.#steps++
    return { logits, attention }
  }

  /**
   * Row `i` becomes what row `indices[i]` was: some rows may double, others end. Indices on the host cost less; see `reorderState`.
   *
   * @throws E_INDEX_RANGE, E_DISPOSED
   */
  reorder(indices: Int32Array | Tensor): void {
    this.#assertLive()
    scope(this.#backend, () => this.#replace(reorderState(this.#state, indices)))
  }

  /** Frees the state. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const each of tensorsIn(this.#state)) each.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #replace(next: DecoderState): void {
    const before = new Set(tensorsIn(this.#state))
    this.#state = owned(next)
    for (const each of tensorsIn(next)) before.delete(each)
    for (const each of before) each.dispose()
  }

  #assertLive(): void {
    if (!this.#disposed && this.#model.backend === this.#backend) return
    throw new RnnError({
      code: 'E_DISPOSED',
      operation: 'decoding',
      problem: this.#disposed ? 'it was disposed' : `the model has moved to '${this.#model.backend.name}'`,
      fix: 'start a new one with model.decoding(…)',
    })
  }
}

/** The state, out of any scope. */
function owned(state: DecoderState): DecoderState {
  for (const each of tensorsIn(state)) keep(each)
  return state
}
