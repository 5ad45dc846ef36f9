// The decoder of one pass: attention, cells and readout, over one step or over all of them.

import { add, matmul, reshape, RnnError, type Tensor } from '@rnn/core'
import type { Attention } from '../attention/attention.ts'
import { ScoredAttention } from '../attention/scored-attention.ts'
import type { ForwardContext } from '../context.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'
import type { LayerStates } from './bridge.ts'
import { DecoderCells } from './decoder-cell.ts'
import type { DecoderMemory, DecoderState } from './decoder-state.ts'
import type { Readout } from './readout.ts'

/** The parts of a model that decode. */
export interface DecoderParts {
  readonly decoder: Recurrent
  readonly attention: Attention | undefined
  readonly attend: 'before' | 'after'
  readonly inputFeeding: boolean
  readonly readout: Readout
  readonly readoutEmbedding: boolean
  readonly embeddingSize: number
}

/** What queries found, `[sources, queries, …]`. A context only where it isn't the weights applied to an image of the memory. */
export interface Found {
  readonly weights: Tensor
  readonly context: Tensor | undefined
}

/** What a step gives. */
export interface DecoderOutput {
  /** The top layer's output, `[rows, units]`. */
  readonly output: Tensor
  readonly found: Found | undefined
  /** The readout `[rows, units]`, where the next step needs it (input feeding). */
  readonly readout: Tensor | undefined
  readonly state: DecoderState
}

/** One pass's view of the decoding parts. Its tensors belong to the scope in which it was made. */
export class Decoder {
  readonly cells: DecoderCells
  readonly #parts: DecoderParts
  readonly #context: ForwardContext

  constructor(parts: DecoderParts, context: ForwardContext) {
    this.#parts = parts
    this.#context = context
    this.cells = new DecoderCells(parts.decoder, parts.embeddingSize)
  }

  /** Whether a step needs what attention found in the same step or the one before: then steps can't run all at once. */
  get loops(): boolean {
    const { attention, attend, inputFeeding } = this.#parts
    if (attention === undefined) return false
    return attend === 'before' || inputFeeding || (attention instanceof ScoredAttention && attention.covers)
  }

  /** Everything that depends on what the encoder read alone. @param encoded `[sources, time, features]` */
  memoryOf(encoded: Tensor, lengths: Tensor | undefined): DecoderMemory | undefined {
    const { attention, attend, readout } = this.#parts
    if (attention === undefined) return undefined
    const { keys, values, mask } = attention.prepare(encoded, lengths)
    if (!(attention instanceof ScoredAttention)) {
      return { keys, values, mask, cellImage: undefined, readoutImage: undefined }
    }
    const cellImage = attend === 'before' ? this.cells.fedPart(values) : undefined
    return { keys, mask, values: undefined, cellImage, readoutImage: readout.contextPart(values) }
  }

  /** The state before the first step. */
  begin(states: LayerStates, memory: DecoderMemory | undefined, zeros: (width: number) => Tensor): DecoderState {
    const { attention, inputFeeding, readout } = this.#parts
    const covers = attention instanceof ScoredAttention && attention.covers
    return {
      states,
      memory,
      coverage: covers && memory !== undefined ? zeros(memory.keys.shape[1] ?? 0) : undefined,
      fed: inputFeeding ? zeros(readout.outputSize ?? 0) : undefined,
    }
  }

  /**
   * One step.
   *
   * @param embedding `cells.embeddingPart` of the fed words, `[rows, any]`
   * @param readoutEmbedding `readoutPart` of them, `[rows, any]`
   */
  step(embedding: Tensor, readoutEmbedding: Tensor | undefined, state: DecoderState, t: number): DecoderOutput {
    const { attend, inputFeeding } = this.#parts
    const { memory } = state
    const query = attend === 'before' ? state.states.at(-1)?.[0] : undefined
    const early = memory && query && this.find(query, memory, state.coverage)
    const fed =
      early !== undefined && query !== undefined
        ? applied(early, memory?.cellImage, (context) => this.cells.fedPart(context), query)
        : state.fed && this.cells.fedPart(state.fed)
    const { output, states } = this.cells.step(embedding, fed, state.states, t)
    const found = early ?? (memory && this.find(output, memory, state.coverage))
    const coverage = state.coverage && found && add(state.coverage, reshape(found.weights, state.coverage.shape))
    const readout = inputFeeding ? this.read(output, found, readoutEmbedding, memory) : undefined
    return { output, found, readout, state: { states, memory, coverage, fed: readout } }
  }

  /** What the queries `[rows, units]` find, or `[sources, queries, units]`, of all steps at once. */
  find(query: Tensor, memory: DecoderMemory, coverage?: Tensor): Found {
    const { attention } = this.#parts
    if (attention === undefined)
      throw new RnnError({ code: 'E_VALUE', operation: 'encoderDecoder', problem: 'no attention' })
    const [sources = 0] = memory.keys.shape
    const queries = query.rank === 3 ? query : reshape(query, [sources, -1, query.shape[1] ?? 0])
    if (attention instanceof ScoredAttention) {
      const covered = coverage && reshape(coverage, [sources, -1, coverage.shape[1] ?? 0])
      return { weights: attention.weigh(attention.projectQuery(queries), memory, covered), context: undefined }
    }
    const { keys, mask, values = keys } = memory
    const { weights, context } = attention.attend(queries, { keys, mask, values }, this.#context)
    return { weights, context }
  }

  /** The embedding's part of the readout, of any leading shape; undefined where the readout doesn't see it. */
  readoutPart(embedding: Tensor): Tensor | undefined {
    const { readout, readoutEmbedding } = this.#parts
    return readoutEmbedding ? readout.embeddingPart(embedding) : undefined
  }

  /** The readout of states `[rows, units]`, or of all steps, `[rows, steps, units]`. */
  read(
    output: Tensor,
    found: Found | undefined,
    embedding: Tensor | undefined,
    memory: DecoderMemory | undefined,
  ): Tensor {
    const { readout } = this.#parts
    const context = found && applied(found, memory?.readoutImage, (each) => readout.contextPart(each), output)
    return readout.forward({ state: readout.statePart(output), context, embedding })
  }
}

/** A linear function of the contexts, from its image of the memory or from the contexts themselves; of the shape of `like` but for the last axis. */
function applied(
  { weights, context }: Found,
  image: Tensor | undefined,
  map: (context: Tensor) => Tensor,
  like: Tensor,
): Tensor {
  const result = image === undefined ? map(context ?? weights) : matmul(weights, image)
  return reshape(result, [...like.shape.slice(0, -1), result.shape.at(-1) ?? 0])
}
