// What all attention has in common: a memory that is made ready once per sequence, queries against it, and masks by lengths.

import { arange, formatShape, less, reshape, RnnError, select, softmax, type Tensor } from '@rnn/core'
import { checkSequence } from '../checks.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { Module } from '../module.ts'

/** What an attention layer reads. A type, so that arrays by these names fit. */
export type AttentionInput = {
  /** float32 `[batch, queries, querySize]`. */
  readonly query: Tensor
  /** float32 `[batch, time, memorySize]`. */
  readonly memory: Tensor
  /** int32 `[batch]`: how much of each row of the memory counts. Default: the context's lengths. */
  readonly lengths?: Tensor | undefined
}

/** A memory made ready for queries: everything that depends on it alone. */
export interface AttentionMemory {
  /** What the scores are computed with, `[batch, time, size]` (with heads: `[batch, heads, time, size]`). */
  readonly keys: Tensor
  /** What the weights are applied to, `[batch, time, memorySize]` (with heads as keys). */
  readonly values: Tensor
  /** bool `[batch, 1, time]`: which steps count. Undefined: all. */
  readonly mask: Tensor | undefined
}

/** What queries find. */
export interface Attended {
  /** float32 `[batch, queries, contextSize]`. */
  readonly context: Tensor
  /** float32 `[batch, queries, time]`: weights that sum to 1 (averaged over heads), or to 0 for a memory of length 0. */
  readonly weights: Tensor
}

/** The sizes on both sides of an attention layer. */
export interface AttentionSizes {
  /** Features of a query. Inferred within `encoderDecoder`. */
  readonly querySize?: number
  /** Features of the memory. Inferred within `encoderDecoder`. */
  readonly memorySize?: number
}

/** JSON types of `AttentionSizes`. */
export const ATTENTION_SIZE_TYPES = { querySize: 'number', memorySize: 'number' } as const

/**
 * A layer in which queries look at a memory. `forward` does all at once; a loop calls `prepare` once and `attend` at each step. A row of the memory of
 * length 0 gives zeros.
 */
export abstract class Attention extends Module<AttentionInput, Tensor> {
  readonly sizes: AttentionSizes
  #querySize: number | undefined
  #memorySize: number | undefined

  constructor(sizes: AttentionSizes) {
    super()
    this.sizes = sizes
  }

  /** Features of a query. @throws E_NOT_BUILT before they are known */
  get querySize(): number {
    return this.#known(this.#querySize)
  }

  /** Features of the memory. @throws E_NOT_BUILT before they are known */
  get memorySize(): number {
    return this.#known(this.#memorySize)
  }

  override get lacksInputSize(): boolean {
    return this.#querySize === undefined
  }

  /** Features of the context vectors. @throws E_NOT_BUILT before the sizes are known */
  abstract get contextSize(): number

  override get outputSize(): number | undefined {
    return this.lacksInputSize ? undefined : this.contextSize
  }

  /** Makes the variables for these sizes; harmless when repeated. @throws E_CONFIGURATION for other sizes than before */
  buildFor(querySize: number, memorySize: number): void {
    const { querySize: query = querySize, memorySize: memory = memorySize } = this.sizes
    const known = [this.#querySize ?? query, this.#memorySize ?? memory]
    if (known[0] !== querySize || known[1] !== memorySize) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: this.type,
        problem: `it is for queries of ${known[0]} and a memory of ${known[1]} features, and gets ${querySize} and ${memorySize}`,
        fix: 'leave out querySize and memorySize, or correct them; use a layer of its own for each place',
      })
    }
    if (this.#querySize !== undefined) return
    this.makeVariables(querySize, memorySize)
    this.#querySize = querySize
    this.#memorySize = memorySize
  }

  override build(inputSize: number | undefined): number | undefined {
    const { querySize = inputSize, memorySize = inputSize } = this.sizes
    if (querySize !== undefined && memorySize !== undefined && this.lacksInputSize) this.buildFor(querySize, memorySize)
    return this.outputSize
  }

  /** Called once, when both sizes are known. @throws E_CONFIGURATION for sizes that this attention can't bring together */
  protected abstract makeVariables(querySize: number, memorySize: number): void

  /**
   * Everything that depends on the memory alone.
   *
   * @param memory float32 `[batch, time, memorySize]`
   * @param lengths int32 `[batch]`; default: every row is full
   */
  abstract prepare(memory: Tensor, lengths?: Tensor): AttentionMemory

  /** @param query float32 `[batch, queries, querySize]` */
  abstract attend(query: Tensor, memory: AttentionMemory, context?: ForwardContext): Attended

  /** @returns the context vectors, float32 `[batch, queries, contextSize]` */
  override forward(input: AttentionInput, context: ForwardContext = INFERENCE): Tensor {
    const { query, memory, lengths = context.lengths } = input
    checkSequence(this.type, query)
    checkSequence(this.type, memory)
    return this.attend(query, this.prepare(memory, lengths), context).context
  }

  #known(size: number | undefined): number {
    if (size !== undefined) return size
    throw new RnnError({
      code: 'E_NOT_BUILT',
      operation: this.type,
      problem: 'the sizes of query and memory are not known',
      fix: 'give querySize and memorySize, and call await model.init(backend, { seed }) first',
    })
  }
}

/** bool `[batch, 1, time]`: which steps of the memory count. @throws E_SHAPE, E_DTYPE */
export function memoryMask(operation: string, memory: Tensor, lengths: Tensor | undefined): Tensor | undefined {
  if (lengths === undefined) return undefined
  const [batch = 0, time = 0] = memory.shape
  if (lengths.rank !== 1 || lengths.size !== batch) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `lengths have shape ${formatShape(lengths.shape)}, expected [${batch}]`,
    })
  }
  if (lengths.dtype !== 'int32') {
    throw new RnnError({ code: 'E_DTYPE', operation, problem: `lengths are ${lengths.dtype}, expected int32` })
  }
  const positions = reshape(arange(time, { backend: memory.backend }), [1, 1, time])
  return less(positions, reshape(lengths, [batch, 1, 1]))
}

/** Stands for the score of a step that doesn't count. Finite: shader compilers may assume that there are no infinities. */
const LOWEST = -3.4028234663852886e38

/** Softmax over the steps that count, and zeros elsewhere: everywhere, where none counts. */
export function maskedSoftmax(scores: Tensor, mask: Tensor | undefined): Tensor {
  if (mask === undefined) return softmax(scores)
  // The second select is for rows without any step, of which softmax weighs all steps alike.
  return select(mask, softmax(select(mask, scores, LOWEST)), 0)
}
