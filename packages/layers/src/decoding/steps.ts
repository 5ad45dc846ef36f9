// The model's part of decoding: feeds words, gives the likeliest next ones.

import { logSoftmax, mul, readTensors, scope, topK, type Tensor } from '@rnn/core'
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

  /** Reads the sources. */
  constructor(operation: string, model: EncoderDecoder, input: DecodingInput, options: DecodingOptions) {
    this.#operation = operation
    this.#model = model
    this.#options = options
    const [rows = 0, time = 0] = input.source.shape
    this.#lengths = Array.from({ length: rows }, (_, row) => input.sourceLengths?.data[row] ?? time)
    this.#sources = this.#lengths.map((_, row) => row)
    this.#vocabularySize = model.target.options.vocabularySize
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

  /** Feeds a word to each row; gives the `count` likeliest next ones of each, all of them where there are fewer. `temperature` divides the logits. */
  async next(words: readonly number[], count: number, temperature = 1): Promise<Candidates> {
    const { signal, endId, minLength = 0, never = [], attention: wanted = false } = this.#options
    checkSignal(this.#operation, signal)
    const excluded = new Set(this.#steps++ < minLength ? [...never, endId] : never)
    const k = Math.min(count + excluded.size, this.#vocabularySize)
    const { values, indices, attention } = scope(this.#model.backend, () => {
      const { logits, attention: weights } = this.#decoding.step(Int32Array.from(words))
      const found = topK(logSoftmax(temperature === 1 ? logits : mul(logits, 1 / temperature)), k)
      return { ...found, attention: wanted ? weights : undefined }
    })
    const [logs = [], ids = [], weights] = await readTensors([values, indices, ...(attention ? [attention] : [])])
    const time = attention?.shape[1] ?? 0
    for (const each of [values, indices, attention]) each?.dispose()
    const rows = words.map((_, row) => {
      const places = Array.from({ length: k }, (_unused, i) => row * k + i)
      return places.filter((place) => !excluded.has(ids[place] ?? -1)).slice(0, count)
    })
    return {
      words: rows.map((places) => places.map((place) => ids[place] ?? 0)),
      logProbabilities: rows.map((places) => places.map((place) => logs[place] ?? Number.NaN)),
      attention:
        attention &&
        words.map((_, row) => {
          const length = this.#lengths[this.#sources[row] ?? 0] ?? time
          return Float32Array.from((weights as Float32Array).subarray(row * time, row * time + length))
        }),
    }
  }

  [Symbol.dispose](): void {
    this.#decoding.dispose()
  }
}
