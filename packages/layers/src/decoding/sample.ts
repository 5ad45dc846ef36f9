// Sampling: words drawn by their probabilities, with temperature, top-k (Fan et al. 2018) and top-p (Holtzman et al. 2020).

import { hostUniform, key, RnnError, splitKey } from '@rnn/core'
import { checkWhole } from '../checks.ts'
import type { EncoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { grow, hypothesisOf, type Chain, type Hypothesis } from './hypothesis.ts'
import { checkDecoding, type DecodingInput, type DecodingOptions } from './options.ts'
import { DecodingSteps } from './steps.ts'

/** Options of `sample`. */
export interface SampleOptions extends DecodingOptions {
  /** Decides everything random: the same seed draws the same words for a source, whatever stands beside it. */
  readonly seed: number
  /** Hypotheses for each source. Default: 1. */
  readonly samples?: number
  /** Divides the logits: below 1 prefers likely words, above 1 levels. Default: 1. */
  readonly temperature?: number
  /** Draws from this many likeliest words. Default: all. */
  readonly topK?: number
  /** Draws from the fewest likeliest words whose probabilities add up to this share. Default: 1, all. */
  readonly topP?: number
}

/**
 * Draws targets, all sources at once.
 *
 * @returns for each source its hypotheses, in the order in which they were drawn; `logProbability` is of the tempered model, before top-k and top-p
 * @throws as `greedy`
 */
export async function sample(
  model: EncoderDecoder,
  input: DecodingInput,
  options: SampleOptions,
): Promise<Hypothesis[][]> {
  checkDecoding('sample', input, options)
  checkSampling(options)
  const { startId, endId, maxLength, seed, samples = 1, temperature = 1, topP = 1, attention = false } = options
  const { topK = model.target.options.vocabularySize } = options
  const attends = attention && model.attention !== undefined
  const sources = input.source.shape[0] ?? 0
  const found: Hypothesis[][] = Array.from({ length: sources }, () => [])
  using steps = new DecodingSteps('sample', model, input, options)
  steps.keep(Array.from({ length: sources * samples }, (_, row) => Math.floor(row / samples)))
  interface Walk {
    readonly source: number
    readonly number: number
    readonly draw: () => number
    readonly chain: Chain | undefined
  }
  let live: Walk[] = Array.from({ length: sources * samples }, (_, row) => ({
    source: Math.floor(row / samples),
    number: row % samples,
    draw: hostUniform(splitKey(splitKey(key(seed), Math.floor(row / samples)), row % samples)),
    chain: undefined,
  }))
  while (live.length > 0) {
    const next = await steps.next(
      live.map(({ chain }) => chain?.word ?? startId),
      topK,
      temperature,
    )
    const going: number[] = []
    live = live.flatMap((walk, row) => {
      const logs = next.logProbabilities[row] ?? []
      const drawn = choose(logs, topP, walk.draw())
      const word = next.words[row]?.[drawn] ?? endId
      const grown = grow(walk.chain, word, logs[drawn] ?? 0, next.attention?.[row])
      const ended = word === endId
      if (ended || grown.length >= maxLength + 1) {
        const last = ended ? grown : walk.chain
        const hypotheses = found[walk.source] ?? []
        hypotheses[walk.number] = hypothesisOf(last, ended, last?.logProbability ?? 0, attends)
        return []
      }
      going.push(row)
      return [{ ...walk, chain: grown }]
    })
    if (live.length > 0) steps.keep(going)
  }
  return found
}

/** The place of a draw `u` in [0, 1) among logarithms of probabilities, in descending order, of which the first few that make `topP` count. */
function choose(logs: readonly number[], topP: number, u: number): number {
  const largest = logs[0] ?? 0
  const weights = logs.map((log) => Math.exp(log - largest))
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  let kept = 0
  let sum = 0
  while (kept < weights.length && (kept === 0 || sum < topP * whole)) sum += weights[kept++] ?? 0
  let left = u * sum
  for (let i = 0; i < kept; i++) {
    left -= weights[i] ?? 0
    if (left < 0) return i
  }
  return Math.max(kept - 1, 0)
}

function checkSampling({ samples = 1, temperature = 1, topK, topP = 1, seed }: SampleOptions): void {
  checkWhole('sample', 'samples', samples, 1)
  if (topK !== undefined) checkWhole('sample', 'topK', topK, 1)
  const wrong = !Number.isSafeInteger(seed)
    ? (['seed', seed, 'give a whole number'] as const)
    : !(temperature > 0 && temperature < Infinity)
      ? (['temperature', temperature, 'give a number above 0; greedy takes the likeliest word'] as const)
      : !(topP > 0 && topP <= 1)
        ? (['topP', topP, 'give a share above 0 and up to 1'] as const)
        : undefined
  if (wrong === undefined) return
  const [name, value, fix] = wrong
  throw new RnnError({ code: 'E_VALUE', operation: 'sample', problem: `${name} is ${String(value)}`, fix })
}
