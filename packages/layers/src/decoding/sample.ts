// Sampling: words drawn by their probabilities, with temperature, top-k (Fan et al. 2018) and top-p (Holtzman et al. 2020).

import { hostUniform, key, RnnError, splitKey } from '@rnn/core'
import { checkWhole } from '../checks.ts'
import type { EncoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { grow, hypothesisOf, type Chain, type Hypothesis } from './hypothesis.ts'
import { checkDecoding, type DecodingInput, type DecodingOptions } from './options.ts'
import { DecodingSteps, type Candidates, type Distributions } from './steps.ts'

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
  const { topK = Number.POSITIVE_INFINITY } = options
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
    const words = live.map(({ chain }) => chain?.word ?? startId)
    const next = Number.isFinite(topK)
      ? nucleiOf(await steps.next(words, topK, temperature), topP)
      : nucleiOfAll(await steps.all(words, temperature), topP)
    const going: number[] = []
    live = live.flatMap((walk, row) => {
      const logs = next.logProbabilities[row] ?? []
      const drawn = choose(logs, walk.draw())
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

/** Of the likeliest words, in descending order, the first few that make `topP` of them. */
function nucleiOf({ words, logProbabilities, attention }: Candidates, topP: number): Candidates {
  if (topP === 1) return { words, logProbabilities, attention }
  const sizes = logProbabilities.map((logs) => nucleusSize(logs, topP * sumOf(logs, logs[0] ?? 0)))
  return {
    words: words.map((each, row) => each.slice(0, sizes[row])),
    logProbabilities: logProbabilities.map((each, row) => each.slice(0, sizes[row])),
    attention,
  }
}

/** As `nucleiOf`, of all words, which are in no order. For 1 they stay so: to sort 8,000 words of each row takes longer than a step of the model. */
function nucleiOfAll({ logProbabilities, attention }: Distributions, topP: number): Candidates {
  const kept = logProbabilities.map((logs) => {
    const largest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY)
    const wanted = topP * sumOf(logs, largest)
    // V words below (1 − topP) / V of the whole make less than 1 − topP of it: the others make topP.
    const least = largest + Math.log(((1 / topP - 1) * wanted) / logs.length)
    const words: number[] = []
    logs.forEach((log, word) => log > Number.NEGATIVE_INFINITY && log >= least && words.push(word))
    if (topP === 1) return words
    words.sort((a, b) => (logs[b] ?? 0) - (logs[a] ?? 0))
    return words.slice(
      0,
      nucleusSize(
        words.map((word) => logs[word] ?? 0),
        wanted,
      ),
    )
  })
  return {
    words: kept,
    logProbabilities: kept.map((words, row) => words.map((word) => logProbabilities[row]?.[word] ?? 0)),
    attention,
  }
}

/** The sum of probabilities, in units of that of which `largest` is the logarithm: none so small that it vanishes beside the others. */
function sumOf(logs: ArrayLike<number>, largest: number): number {
  let sum = 0
  for (let i = 0; i < logs.length; i++) sum += Math.exp((logs[i] ?? 0) - largest)
  return sum
}

/** How many come together until they make `wanted`, in units of the first. @param logs in descending order */
function nucleusSize(logs: readonly number[], wanted: number): number {
  let size = 0
  let sum = 0
  while (size < logs.length && (size === 0 || sum < wanted)) sum += Math.exp((logs[size++] ?? 0) - (logs[0] ?? 0))
  return size
}

/** The place of a draw `u` in [0, 1) among logarithms of probabilities. */
function choose(logs: readonly number[], u: number): number {
  const largest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY)
  let left = u * sumOf(logs, largest)
  for (let i = 0; i < logs.length; i++) {
    left -= Math.exp((logs[i] ?? 0) - largest)
    if (left < 0) return i
  }
  return Math.max(logs.length - 1, 0)
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
