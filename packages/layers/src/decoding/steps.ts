// The model's part of decoding: feeds words, gives the likeliest next ones.

import { logSoftmax, mul, readTensors, RnnError, scope, topK, type Tensor } from '@rnn/core'
import type { Decoding } from '../encoder-decoder/decoding.ts'
import type { EncoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { upload } from '../host-array.ts'
import { checkSignal, type DecodingInput, type DecodingOptions } from './options.ts'

/** The likeliest words after each row, the likeliest first, without those that are never written. */
export interface Candidates {
  /** By row. */
  readonly words: readonly (readonly number[])[]
  /** ln p of each. */
  readonly logProbabilities: readonly (readonly number[])[]
  /** By row: over the places of its source. Undefined unless it was asked for. */
  readonly attention: readonly Float32Array[] | undefined
}

/** How likely every word is. */
export interface Distributions {
  /** By row: ln p of each word, −∞ for those that are never written. */
  readonly logProbabilities: readonly Float32Array[]
  /** As in `Candidates`. */
  readonly attention: readonly Float32Array[] | undefined
}

/** A decoding under way, with what doesn't change from step to step. */
export class DecodingSteps {
  readonly #model: EncoderDecoder
  readonly #decoding: Decoding
  readonly #options: DecodingOptions
  readonly #operation: string
  readonly #lengths: readonly number[]
  /** The number of words. */
  readonly #vocabularySize: number
  #steps = 0
  /** By row of the decoding, the source. */
  #sources: readonly number[]

  /** Reads the sources. @throws E_INDEX_RANGE, E_NOT_BUILT, E_DTYPE */
  constructor(operation: string, model: EncoderDecoder, input: DecodingInput, options: DecodingOptions) {
    this.#operation = operation
    this.#model = model
    this.#options = options
    const [rows = 0, time = 0] = input.source.shape
    this.#lengths = Array.from({ length: rows }, (_, row) => input.sourceLengths?.data[row] ?? time)
    this.#sources = this.#lengths.map((_, row) => row)
    this.#vocabularySize = model.target.options.vocabularySize
    checkVocabulary(operation, this.#vocabularySize, options)
    this.#decoding = scope(model.backend, () => {
      const { source, sourceLengths } = input
      const uploaded = upload({ inputs: { source, ...(sourceLengths && { sourceLengths }) } }, model.backend).inputs
      return model.decoding(uploaded as { source: Tensor; sourceLengths?: Tensor })
    })
  }

  /** Rows go on as those named here: some twice, others not at all. */
  keep(rows: readonly number[]): void {
    if (rows.length === this.#sources.length && rows.every((row, i) => row === i)) return
    this.#decoding.reorder(Int32Array.from(rows))
    this.#sources = rows.map((row) => this.#sources[row] ?? 0)
  }

  /**
   * Feeds a word to each row; gives the `count` likeliest next ones of each, all of them where there are fewer. `temperature` divides the logits.
   *
   * @throws E_ABORTED, E_NOT_FINITE
   */
  async next(words: readonly number[], count: number, temperature = 1): Promise<Candidates> {
    const excluded = this.#excluded()
    const k = Math.min(count + excluded.size, this.#vocabularySize)
    const { found, attention } = await this.#step(words, temperature, (logs) => {
      const { values, indices } = topK(logs, k)
      return [values, indices]
    })
    const [logs = [], ids = []] = found
    this.#checkFinite(logs, k)
    const rows = words.map((_, row) => {
      const places = Array.from({ length: k }, (_unused, i) => row * k + i)
      return places.filter((place) => !excluded.has(ids[place] ?? -1)).slice(0, count)
    })
    return {
      words: rows.map((places) => places.map((place) => ids[place] ?? 0)),
      logProbabilities: rows.map((places) => places.map((place) => logs[place] ?? Number.NaN)),
      attention,
    }
  }

  /** As `next`, for all words, in their own order. @throws E_ABORTED, E_NOT_FINITE */
  async all(words: readonly number[], temperature = 1): Promise<Distributions> {
    const excluded = this.#excluded()
    const { found, attention } = await this.#step(words, temperature, (logs) => [logs])
    const [logs] = found as [Float32Array]
    const size = this.#vocabularySize
    this.#checkFinite(logs, size)
    const logProbabilities = words.map((_, row) => logs.subarray(row * size, (row + 1) * size))
    for (const each of logProbabilities) for (const word of excluded) each[word] = Number.NEGATIVE_INFINITY
    return { logProbabilities, attention }
  }

  [Symbol.dispose](): void {
    this.#decoding.dispose()
  }

  /** Words that are not written at this step. */
  #excluded(): ReadonlySet<number> {
    const { signal, endId, minLength = 0, never = [] } = this.#options
    checkSignal(this.#operation, signal)
    return new Set(this.#steps++ < minLength ? [...never, endId] : never)
  }

  async #step(
    words: readonly number[],
    temperature: number,
    pick: (logProbabilities: Tensor) => readonly Tensor[],
  ): Promise<{ found: readonly (Float32Array | Int32Array)[]; attention: Candidates['attention'] }> {
    const { attention: wanted = false } = this.#options
    const { picked, weights } = scope(this.#model.backend, () => {
      const { logits, attention } = this.#decoding.step(Int32Array.from(words))
      const picked = pick(logSoftmax(temperature === 1 ? logits : mul(logits, 1 / temperature)))
      return { picked, weights: wanted && attention !== undefined ? [attention] : [] }
    })
    const arrays = await readTensors([...picked, ...weights])
    for (const each of [...picked, ...weights]) each.dispose()
    const time = weights[0]?.shape[1] ?? 0
    const read = weights.length > 0 ? (arrays.at(-1) as Float32Array) : undefined
    const attention = words.map((_, row) => {
      const length = this.#lengths[this.#sources[row] ?? 0] ?? time
      return Float32Array.from(read?.subarray(row * time, row * time + length) ?? [])
    })
    return { found: arrays, attention: read && attention }
  }

  /** One logit that is no number makes all logarithms of its row NaN. */
  #checkFinite(logs: ArrayLike<number>, perRow: number): void {
    const row = this.#sources.findIndex((_, i) => Number.isNaN(logs[i * perRow]))
    if (row < 0) return
    throw new RnnError({
      code: 'E_NOT_FINITE',
      operation: this.#operation,
      problem: `step ${this.#steps} gives NaN or infinite logits for source ${this.#sources[row]}`,
      fix: 'look for NaN among the weights: has the training diverged?',
    })
  }
}

/** @throws E_INDEX_RANGE */
function checkVocabulary(operation: string, size: number, { startId, endId, never = [] }: DecodingOptions): void {
  const named: readonly (readonly [string, number])[] = [
    ['startId', startId],
    ['endId', endId],
    ...never.map((id) => ['never', id] as const),
  ]
  const bad = named.find(([, id]) => !Number.isInteger(id) || id < 0 || id >= size)
  if (bad === undefined) return
  throw new RnnError({
    code: 'E_INDEX_RANGE',
    operation,
    problem: `${bad[0]} ${bad[0] === 'never' ? 'has' : 'is'} ${bad[1]}, but the target vocabulary has ${size} words`,
    fix: `use ids 0 … ${size - 1}, of the codec that the model was trained with`,
  })
}
