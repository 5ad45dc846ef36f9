// Greedy decoding: the likeliest word at each step.

import type { EncoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { grow, hypothesisOf, type Chain, type Hypothesis } from './hypothesis.ts'
import { checkDecoding, type DecodingInput, type DecodingOptions } from './options.ts'
import { DecodingSteps } from './steps.ts'

/**
 * Writes the likeliest word at each step, all sources at once; those that have ended take no more part.
 *
 * @returns a hypothesis for each source, in their order
 * @throws E_VALUE, E_SHAPE, E_DTYPE for options and input that make no sense, E_INDEX_RANGE for an id outside its vocabulary, E_NOT_BUILT, E_ABORTED, E_NOT_FINITE for weights that have
 * become NaN
 */
export async function greedy(
  model: EncoderDecoder,
  input: DecodingInput,
  options: DecodingOptions,
): Promise<Hypothesis[]> {
  checkDecoding('greedy', input, options)
  const { startId, endId, maxLength, attention = false } = options
  const attends = attention && model.attention !== undefined
  const found: Hypothesis[] = []
  using steps = new DecodingSteps('greedy', model, input, options)
  const count = input.source.shape[0] ?? 0
  let live: { readonly source: number; readonly chain: Chain | undefined }[] = Array.from(
    { length: count },
    (_, source) => ({
      source,
      chain: undefined,
    }),
  )
  while (live.length > 0) {
    const next = await steps.next(
      live.map(({ chain }) => chain?.word ?? startId),
      1,
    )
    const going: number[] = []
    live = live.flatMap(({ source, chain }, row) => {
      const word = next.words[row]?.[0] ?? endId
      const grown = grow(chain, word, next.logProbabilities[row]?.[0] ?? 0, next.attention?.[row])
      const ended = word === endId
      if (ended || grown.length >= maxLength + 1) {
        // One word too long: the longest hypothesis is the one before.
        const last = ended ? grown : chain
        found[source] = hypothesisOf(last, ended, last?.logProbability ?? 0, attends)
        return []
      }
      going.push(row)
      return [{ source, chain: grown }]
    })
    if (live.length > 0) steps.keep(going)
  }
  return found
}
