// Beam search: the likeliest hypotheses side by side (Graves 2012; Sutskever et al. 2014).

import { RnnError } from '@rnn/core'
import { checkWhole } from '../checks.ts'
import type { EncoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { grow, hypothesisOf, type Chain, type Hypothesis } from './hypothesis.ts'
import { checkDecoding, type DecodingInput, type DecodingOptions } from './options.ts'
import { DecodingSteps, type Candidates } from './steps.ts'

/** Options of `beamSearch`. */
export interface BeamSearchOptions extends DecodingOptions {
  /** Hypotheses that go on at each step. */
  readonly width: number
  /** Hypotheses given back for each source, at most `width`. Default: 1. */
  readonly nBest?: number
  /** α of Wu et al. (2016): hypotheses are ranked by ln p / ((5 + length) / 6)^α, the end counted as a word. 0 prefers short ones. Default: 1. */
  readonly lengthPenalty?: number
}

/**
 * Searches for the likeliest targets, all sources at once. A source's search ends when no hypothesis that goes on could still be among the best.
 *
 * @returns for each source its hypotheses, the best first: at least one, at most `nBest`
 * @throws as `greedy`
 */
export async function beamSearch(
  model: EncoderDecoder,
  input: DecodingInput,
  options: BeamSearchOptions,
): Promise<Hypothesis[][]> {
  checkDecoding('beamSearch', input, options)
  checkBeam(options)
  const { width, startId, maxLength } = options
  using steps = new DecodingSteps('beamSearch', model, input, options)
  const searches = Array.from({ length: input.source.shape[0] ?? 0 }, () => new Search(model, options))
  let going = searches
  for (let length = 1; going.length > 0 && length <= maxLength + 1; length++) {
    // The first step has one row for each source, the others `width`.
    const perSource = length === 1 ? 1 : width
    const words = going.flatMap((search) => search.fed(perSource, startId))
    const next = await steps.next(words, width + 1)
    const rows: number[] = []
    const still: Search[] = []
    going.forEach((search, i) => {
      const origins = search.advance(next, i * perSource)
      if (search.over) return
      still.push(search)
      rows.push(...origins)
    })
    going = still
    if (going.length > 0) steps.keep(rows)
  }
  return searches.map((search) => search.results())
}

function checkBeam({ width, nBest = 1, lengthPenalty = 1 }: BeamSearchOptions): void {
  checkWhole('beamSearch', 'width', width, 1)
  checkWhole('beamSearch', 'nBest', nBest, 1)
  if (nBest > width) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'beamSearch',
      problem: `nBest is ${nBest}, width ${width}`,
      fix: 'a beam gives as many hypotheses as it is wide: raise width',
    })
  }
  if (!Number.isFinite(lengthPenalty)) {
    throw new RnnError({ code: 'E_VALUE', operation: 'beamSearch', problem: `lengthPenalty is ${lengthPenalty}` })
  }
}

interface Candidate {
  readonly chain: Chain
  /** The row that it goes on from. */
  readonly row: number
}

/** The search of one source. */
class Search {
  readonly #options: BeamSearchOptions
  readonly #attends: boolean
  /** Hypotheses that go on; `undefined` before the first word. */
  #live: readonly (Chain | undefined)[] = [undefined]
  #ended: { readonly chain: Chain; readonly score: number }[] = []
  /** No better hypothesis can come. */
  over = false

  constructor(model: EncoderDecoder, options: BeamSearchOptions) {
    this.#options = options
    this.#attends = options.attention === true && model.attention !== undefined
  }

  /** The words to feed, `count` of them: a beam that is not full yet repeats its first row, whose results are not looked at. */
  fed(count: number, startId: number): number[] {
    return Array.from({ length: count }, (_, i) => (this.#live[i] ?? this.#live[0])?.word ?? startId)
  }

  /** Takes what came after its rows, the first of which is `first`; returns the rows that its hypotheses go on from, `width` of them. */
  advance(next: Candidates, first: number): number[] {
    const { width, endId, maxLength } = this.#options
    const going: Candidate[] = []
    let others = 0
    for (const { chain, row } of this.#ranked(next, first)) {
      if (others === width) break
      if (chain.word === endId) this.#ended.push({ chain, score: this.#score(chain) })
      else {
        others++
        // One word too long takes its place, as it does in a greedy search, but goes no further.
        if (chain.length <= maxLength) going.push({ chain, row })
      }
    }
    this.#ended = this.#ended.toSorted((a, b) => b.score - a.score).slice(0, width)
    if (going.length === 0 || this.#decided(going)) {
      this.over = true
      return []
    }
    this.#live = going.map(({ chain }) => chain)
    return Array.from({ length: width }, (_, i) => (going[i] ?? going[0])?.row ?? first)
  }

  /** The best; where too few have ended, those that the longest length cut off come after them. */
  results(): Hypothesis[] {
    const { nBest = 1 } = this.#options
    // A hypothesis that was ended at the last moment is not cut off as well.
    const before = new Set(this.#ended.map(({ chain }) => chain.before))
    const cut = this.#live
      .filter((chain) => !before.has(chain))
      .map((chain) => ({ chain, score: chain === undefined ? 0 : this.#score(chain) }))
      .toSorted((a, b) => b.score - a.score)
    const ended = this.#ended.map(({ chain, score }) => hypothesisOf(chain, true, score, this.#attends))
    const rest = cut.map(({ chain, score }) => hypothesisOf(chain, false, score, this.#attends))
    return [...ended, ...rest].slice(0, nBest)
  }

  /** All that may come next, the likeliest first; among equals the earlier row, then the likelier word. */
  #ranked(next: Candidates, first: number): Candidate[] {
    const candidates = this.#live.flatMap((before, i) => {
      const row = first + i
      const logs = next.logProbabilities[row] ?? []
      return (next.words[row] ?? []).map((word, j) => ({
        chain: grow(before, word, logs[j] ?? Number.NEGATIVE_INFINITY, next.attention?.[row]),
        row,
      }))
    })
    return candidates.toSorted((a, b) => b.chain.logProbability - a.chain.logProbability)
  }

  /** Whether as many as are wanted have ended, and none that goes on can come out better. */
  #decided(going: readonly Candidate[]): boolean {
    const { nBest = 1, maxLength, lengthPenalty = 1 } = this.#options
    const worst = this.#ended[nBest - 1]
    const best = going[0]
    if (worst === undefined || best === undefined) return false
    // A logarithm only falls as words are added; what it is divided by is largest (for α < 0: smallest) at the greatest length.
    const length = lengthPenalty > 0 ? maxLength + 1 : best.chain.length + 1
    return best.chain.logProbability / penalty(length, lengthPenalty) <= worst.score
  }

  #score({ logProbability, length }: Chain): number {
    return logProbability / penalty(length, this.#options.lengthPenalty ?? 1)
  }
}

/** Wu et al. 2016, equation 14. */
function penalty(length: number, alpha: number): number {
  return ((5 + length) / 6) ** alpha
}
