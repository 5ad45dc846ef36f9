// All steps of a target at once: what training runs. As much as possible runs over all steps together; the loop holds what depends on the step before.

import {
  argmax,
  detach,
  gather,
  hostUniform,
  logitsOf,
  reshape,
  scope,
  select,
  stack,
  tensor,
  unstack,
  type DeferredLogits,
  type RandomKey,
  type Tensor,
} from '@rnn/core'
import type { Decoder, DecoderOutput, Found } from './decoder.ts'
import type { DecoderState } from './decoder-state.ts'

/** What a pass over a target needs beside the decoder and its first state. */
export interface ForcedOptions {
  /** int32 `[rows, steps]`: the words that are fed, where they are the teacher's. */
  readonly target: Tensor
  /** The embeddings of `[rows]` or `[rows, steps]` words, dropout included; `t` is the number of the step, undefined for all of them. */
  readonly embed: (ids: Tensor, t: number | undefined) => Tensor
  /** Logits of readouts, for guesses. */
  readonly project: (readout: Tensor) => DeferredLogits
  /** Which words are the decoder's own guesses. Undefined: none. */
  readonly guesses: Guesses | undefined
}

/** By step, the rows whose word is a guess. */
export type Guesses = readonly (readonly number[])[]

/** Draws which words are guesses: each but the first of a row with probability `1 − teacherForcing`. Undefined where none is. */
export function drawGuesses(key: RandomKey, rows: number, steps: number, teacherForcing: number): Guesses | undefined {
  const next = hostUniform(key)
  const guesses = Array.from({ length: steps }, (_, t) =>
    Array.from({ length: rows }, (_unused, row) => row).filter(() => next() >= teacherForcing && t > 0),
  )
  return guesses.every(({ length }) => length === 0) ? undefined : guesses
}

/** The readouts of all steps, float32 `[rows, steps, units]`. */
export function runForced(decoder: Decoder, first: DecoderState, options: ForcedOptions): Tensor {
  const { target, embed, guesses } = options
  if (guesses !== undefined) return runGuessing(decoder, first, options, guesses)
  const embedded = embed(target, undefined)
  const seen = decoder.readoutPart(embedded)
  const own = decoder.cells.embeddingPart(embedded)
  const seenSteps = first.fed === undefined ? undefined : seen && unstack(seen, 1)
  const outputs = loop(decoder, first, unstack(own, 1), (t) => seenSteps?.[t])
  return readAll(decoder, first, outputs, seen)
}

/** As `runForced`, where some words are known only when the step before is over. */
function runGuessing(decoder: Decoder, first: DecoderState, options: ForcedOptions, guesses: Guesses): Tensor {
  const { target, embed, project } = options
  const { backend } = target
  const taught = unstack(target, 1)
  const embedded: Tensor[] = []
  let seen: Tensor | undefined
  let last: DecoderOutput | undefined
  const outputs: DecoderOutput[] = []
  taught.forEach((ids, t) => {
    const state = last?.state ?? first
    const { embedding, read, output } = scope(backend, () => {
      const rows = guesses[t] ?? []
      const fed = rows.length === 0 || last === undefined ? ids : guessed(decoder, last, seen, ids, rows, project)
      const embedding = embed(fed, t)
      const read = decoder.readoutPart(embedding)
      return { embedding, read, output: decoder.step(decoder.cells.embeddingPart(embedding), read, state, t) }
    })
    embedded.push(embedding)
    seen = read
    last = output
    outputs.push(output)
  })
  return readAll(decoder, first, outputs, decoder.readoutPart(stack(embedded, 1)))
}

/** The teacher's words, but in some rows the likeliest word after the step before. No gradient flows through the choice. */
function guessed(
  decoder: Decoder,
  { output, found, readout, state }: DecoderOutput,
  seen: Tensor | undefined,
  ids: Tensor,
  rows: readonly number[],
  project: (readout: Tensor) => DeferredLogits,
): Tensor {
  const { backend } = ids
  const [count = 0] = ids.shape
  const constant = (each: Tensor | undefined): Tensor | undefined => each && detach(each)
  const sources: Found | undefined = found && { weights: detach(found.weights), context: constant(found.context) }
  const memory = state.memory && {
    ...state.memory,
    readoutImage: constant(state.memory.readoutImage),
  }
  const read = constant(readout) ?? decoder.read(detach(output), sources, constant(seen), memory)
  const places = tensor(Int32Array.from(rows), { backend })
  const logits = project(gather(detach(read), places))
  const best = argmax(logitsOf({ ...logits, kernel: detach(logits.kernel), bias: constant(logits.bias) }))
  const back = new Int32Array(count).fill(-1)
  rows.forEach((row, i) => (back[row] = i))
  const own = tensor(
    Int32Array.from(back, (place) => (place < 0 ? 0 : 1)),
    { backend, dtype: 'bool' },
  )
  return select(own, gather(best, tensor(back, { backend })), ids)
}

function loop(
  decoder: Decoder,
  first: DecoderState,
  embeddings: readonly Tensor[],
  seen: (t: number) => Tensor | undefined,
): DecoderOutput[] {
  let state = first
  return embeddings.map((embedding, t) => {
    const output = scope(embedding.backend, () => decoder.step(embedding, seen(t), state, t))
    state = output.state
    return output
  })
}

/** The readouts of all steps, from what the steps gave. */
function readAll(
  decoder: Decoder,
  { memory }: DecoderState,
  outputs: readonly DecoderOutput[],
  seen: Tensor | undefined,
): Tensor {
  const readouts = outputs.flatMap(({ readout }) => readout ?? [])
  if (readouts.length > 0) return stack(readouts, 1)
  const found = outputs.flatMap((each) => each.found ?? [])
  const contexts = found.flatMap(({ context }) => context ?? [])
  const joined =
    found.length === 0
      ? undefined
      : {
          weights: sideBySide(found.map(({ weights }) => weights)),
          context: contexts.length === 0 ? undefined : sideBySide(contexts),
        }
  return decoder.read(
    stack(
      outputs.map(({ output }) => output),
      1,
    ),
    joined,
    seen,
    memory,
  )
}

/** `[rows, 1, size]` of each step → `[rows, steps, size]`. */
function sideBySide(steps: readonly Tensor[]): Tensor {
  return stack(
    steps.map((each) => reshape(each, [each.shape[0] ?? 0, each.shape[2] ?? 0])),
    1,
  )
}
