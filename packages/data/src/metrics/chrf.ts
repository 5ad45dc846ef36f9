/** chrF (Popović 2015) and chrF++ (Popović 2017) with the definitions of sacrebleu (Post 2018). */

import { checkWhole, DataError, shown } from '../errors.ts'
import {
  countNgrams,
  overlap,
  referenceCount,
  rounded,
  segmentsOf,
  signatureVersion,
  splitWords,
} from './reference-texts.ts'
import type { References } from './reference-texts.ts'

/** Options of {@link chrF}. */
export interface ChrFOptions {
  /** The longest n-grams of characters that count. Default 6. */
  readonly characterOrder?: number
  /** The longest n-grams of words that count. Default 0: chrF; 2 is chrF++. */
  readonly wordOrder?: number
  /** How much more recall counts than precision. Default 2. */
  readonly beta?: number
  /** Compares without regard to capitals. Default false. */
  readonly lowercase?: boolean
  /** Counts white space among the characters. Default false. */
  readonly whitespace?: boolean
  /**
   * The mean of the F-scores of all orders, a tiny number for those without n-grams, as chrF++.py does, instead of the
   * F-score of the mean precision and recall of those orders that have n-grams. Default false.
   */
  readonly epsilonSmoothing?: boolean
}

/** A chrF score. */
export interface ChrFScore {
  /** 0 to 100. */
  readonly score: number
  /** `chrF2`, `chrF2++` and the like. */
  readonly name: string
  /** How it was computed, in the form of sacrebleu. */
  readonly signature: string
  /** Name, signature and score in one line, as sacrebleu prints them. */
  readonly text: string
}

/** For one order: the n-grams of the hypothesis and of the reference, and those in both. */
interface OrderCounts {
  readonly hypothesis: number
  readonly reference: number
  readonly matches: number
}

/**
 * The chrF of a corpus, 0 to 100: the F-score of n-grams of characters (and of words, for chrF++), the counts taken over
 * all sentences. `references[i]` is the right text for `hypotheses[i]`, or a list of several, of which the one counts
 * that gives the sentence the best score. Throws `E_SHAPE` for different counts of hypotheses and references,
 * `E_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { chrF } from '@rnn/data'
 * chrF(['The cat sat on a mat.'], ['The cat sat on the mat.']).score.toFixed(2) // → "65.80"
 * chrF(['The cat sat on a mat.'], ['The cat sat on the mat.'], { wordOrder: 2 }).text // → "chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0-rnn = 68.44"
 * ```
 */
export function chrF(hypotheses: readonly string[], references: References, options: ChrFOptions = {}): ChrFScore {
  const { characterOrder = 6, wordOrder = 0, beta = 2, lowercase = false, whitespace = false } = options
  const { epsilonSmoothing = false } = options
  checkWhole(characterOrder, 'characterOrder', 1)
  checkWhole(wordOrder, 'wordOrder', 0)
  if (!(beta > 0 && beta < Infinity)) {
    throw new DataError('E_ARGUMENT', {
      problem: `chrF: beta is ${shown(beta)}, expected a number above 0`,
      got: beta,
      expected: 'a number above 0',
    })
  }
  const segments = segmentsOf(hypotheses, references, 'chrF')
  const fScore = (counts: readonly OrderCounts[]): number => scoreOf(counts, beta, epsilonSmoothing)
  const ngrams = (text: string): Map<string, number>[] => {
    const cased = lowercase ? text.toLowerCase() : text
    const letters = Array.from(whitespace ? cased : splitWords(cased).join(''))
    const words = wordOrder === 0 ? [] : wordsWithoutMarks(cased)
    return [
      ...Array.from({ length: characterOrder }, (_, i) => countNgrams(letters, i + 1, '')),
      ...Array.from({ length: wordOrder }, (_, i) => countNgrams(words, i + 1, ' ')),
    ]
  }

  let sums: OrderCounts[] = Array.from({ length: characterOrder + wordOrder }, () => ({
    hypothesis: 0,
    reference: 0,
    matches: 0,
  }))
  for (const { hypothesis, references: texts } of segments) {
    const own = ngrams(hypothesis)
    const candidates = texts.map((text) => compare(own, ngrams(text)))
    const best = candidates.reduce((first, next) => (fScore(next) > fScore(first) ? next : first))
    sums = sums.map((sum, order) => {
      const { hypothesis: left, reference, matches } = best[order] as OrderCounts
      return {
        hypothesis: sum.hypothesis + left,
        reference: sum.reference + reference,
        matches: sum.matches + matches,
      }
    })
  }
  const score = fScore(sums)
  const name = `chrF${beta}${'+'.repeat(wordOrder)}`
  const signature = `nrefs:${referenceCount(segments)}|case:${lowercase ? 'lc' : 'mixed'}|eff:${epsilonSmoothing ? 'no' : 'yes'}|nc:${characterOrder}|nw:${wordOrder}|space:${whitespace ? 'yes' : 'no'}|${signatureVersion}`
  return { score, name, signature, text: `${name}|${signature} = ${rounded(score, 2)}` }
}

/** The counts of each order. Where the reference is too short for an order, the hypothesis has none of it either. */
function compare(own: readonly Map<string, number>[], other: readonly Map<string, number>[]): OrderCounts[] {
  const size = (counts: Map<string, number>): number => [...counts.values()].reduce((total, count) => total + count, 0)
  return own.map((counts, order) => {
    const reference = other[order] as Map<string, number>
    return {
      hypothesis: reference.size === 0 ? 0 : size(counts),
      reference: size(reference),
      matches: overlap(counts, reference),
    }
  })
}

const epsilon = 1e-16

function scoreOf(counts: readonly OrderCounts[], beta: number, epsilonSmoothing: boolean): number {
  const factor = beta ** 2
  const ratios = counts.map(({ hypothesis, reference, matches }) => ({
    precision: hypothesis > 0 ? matches / hypothesis : epsilon,
    recall: reference > 0 ? matches / reference : epsilon,
    counts: hypothesis > 0 && reference > 0,
  }))
  const mean = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length
  if (epsilonSmoothing) {
    return 100 * mean(ratios.map(({ precision, recall }) => fBeta(precision, recall, factor) ?? epsilon))
  }
  const effective = ratios.filter((ratio) => ratio.counts)
  const precision = mean(effective.map((ratio) => ratio.precision))
  const recall = mean(effective.map((ratio) => ratio.recall))
  return 100 * (fBeta(precision, recall, factor) ?? 0)
}

/** The weighted harmonic mean of precision and recall, if one of them is not 0. */
function fBeta(precision: number, recall: number, factor: number): number | undefined {
  const sum = factor * precision + recall
  return sum > 0 ? ((1 + factor) * precision * recall) / sum : undefined
}

const marks = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')

/** Words, each with one mark of ASCII cut off: from its end, or else from its beginning. So chrF++.py does it. */
function wordsWithoutMarks(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    const letters = Array.from(word)
    const last = letters.at(-1) as string
    const first = letters[0] as string
    if (letters.length === 1) return [word]
    if (marks.has(last)) return [letters.slice(0, -1).join(''), last]
    if (marks.has(first)) return [first, letters.slice(1).join('')]
    return [word]
  })
}
