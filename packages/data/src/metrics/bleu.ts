/** BLEU (Papineni et al. 2002) with the definitions of sacrebleu (Post 2018). */

import { checkWhole, DataError, shown, shownList } from '../errors.ts'
import { bleuTokenizers } from './bleu-tokenizers.ts'
import type { BleuTokenizer } from './bleu-tokenizers.ts'
import {
  countNgrams,
  overlap,
  referenceCount,
  rounded,
  segmentsOf,
  signatureVersion,
  trimEnd,
} from './reference-texts.ts'
import type { References, Segment } from './reference-texts.ts'

/**
 * What stands for the precision of an order without matches (Chen and Cherry 2014). `'exp'`: ½, ¼, ⅛ … of one match, as
 * mteval does; `'floor'`: `smoothingValue` matches; `'add-k'`: `smoothingValue` is added to matches and n-grams of every
 * order past the first; `'none'`: nothing, so that the score is 0.
 */
export type BleuSmoothing = 'exp' | 'floor' | 'add-k' | 'none'

/** Options of {@link bleu}. */
export interface BleuOptions {
  /** Default `'13a'`. */
  readonly tokenize?: BleuTokenizer
  /** Compares without regard to capitals. Default false. */
  readonly lowercase?: boolean
  /** Default `'exp'`. */
  readonly smoothing?: BleuSmoothing
  /** Default 0.1 for `'floor'`, 1 for `'add-k'`. */
  readonly smoothingValue?: number
  /** The longest n-grams that count. Default 4. */
  readonly maxOrder?: number
  /** Leaves out the orders for which every hypothesis is too short: for single sentences. Default false. */
  readonly effectiveOrder?: boolean
}

/** A BLEU score and what it was made of. */
export interface BleuScore {
  /** 0 to 100. */
  readonly score: number
  /** Of each order from 1 on, smoothed, 0 to 100. */
  readonly precisions: readonly number[]
  /** N-grams of the hypotheses that are in a reference, of each order. */
  readonly matches: readonly number[]
  /** N-grams of the hypotheses, of each order. */
  readonly totals: readonly number[]
  readonly brevityPenalty: number
  /** Tokens of all hypotheses. */
  readonly hypothesisLength: number
  /** Tokens of the references: of each hypothesis the one nearest in length, of equally near ones the shorter. */
  readonly referenceLength: number
  /** How it was computed, in the form of sacrebleu. */
  readonly signature: string
  /** Score, signature and parts in one line, as sacrebleu prints them. */
  readonly text: string
}

const smoothingDefaults: Readonly<Record<BleuSmoothing, number | undefined>> = {
  exp: undefined,
  floor: 0.1,
  'add-k': 1,
  none: undefined,
}

/**
 * The BLEU of a corpus, 0 to 100: the geometric mean of the precisions of n-grams times a penalty for being short, the
 * counts taken over all sentences. `references[i]` is the right translation of what `hypotheses[i]` translates, or a list
 * of several. The texts are to be as a person would write them, not cut into tokens; the score is 0 where nothing
 * matches. Throws `E_SHAPE` for different counts of hypotheses and references, `E_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { bleu } from '@rnn/data'
 * const { score, text } = bleu(['The cat sat on a mat.'], ['The cat sat on the mat.'])
 * score.toFixed(2) // → "48.89"
 * text // → "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0-rnn = 48.89 85.7/66.7/40.0/25.0 (BP = 1.000 ratio = 1.000 hyp_len = 7 ref_len = 7)"
 * ```
 */
export function bleu(hypotheses: readonly string[], references: References, options: BleuOptions = {}): BleuScore {
  const { tokenize = '13a', lowercase = false, smoothing = 'exp', maxOrder = 4, effectiveOrder = false } = options
  checkChoice('tokenize', tokenize, Object.keys(bleuTokenizers))
  checkChoice('smoothing', smoothing, Object.keys(smoothingDefaults))
  checkWhole(maxOrder, 'maxOrder', 1)
  const smoothingValue = options.smoothingValue ?? smoothingDefaults[smoothing]
  const segments = segmentsOf(hypotheses, references, 'bleu')
  const tokensOf = (text: string): string[] => bleuTokenizers[tokenize](trimEnd(lowercase ? text.toLowerCase() : text))

  const sums = { matches: zeros(maxOrder), totals: zeros(maxOrder), hypothesisLength: 0, referenceLength: 0 }
  for (const segment of segments) addSegment(sums, segment, tokensOf)
  const { hypothesisLength, referenceLength } = sums
  const brevityPenalty =
    hypothesisLength >= referenceLength
      ? 1
      : hypothesisLength === 0
        ? 0
        : Math.exp(1 - referenceLength / hypothesisLength)
  const precisions = smoothedPrecisions(sums.matches, sums.totals, smoothing, smoothingValue)
  // Orders without n-grams are the last ones; with add-k no order past the first is without.
  const effective = sums.totals.filter((total) => total > 0 || smoothing === 'add-k').length
  const orders = effectiveOrder ? Math.max(1, effective) : maxOrder
  const logs = precisions.slice(0, orders).map(Math.log)
  const score = brevityPenalty * Math.exp(logs.reduce((total, value) => total + value, 0) / orders)

  const smooth = smoothingValue === undefined ? smoothing : `${smoothing}[${rounded(smoothingValue, 2)}]`
  const signature = `nrefs:${referenceCount(segments)}|case:${lowercase ? 'lc' : 'mixed'}|eff:${effectiveOrder ? 'yes' : 'no'}|tok:${tokenize}|smooth:${smooth}|${signatureVersion}`
  const ratio = referenceLength === 0 ? 0 : hypothesisLength / referenceLength
  const parts = `${precisions.map((precision) => rounded(precision, 1)).join('/')} (BP = ${rounded(brevityPenalty, 3)} ratio = ${rounded(ratio, 3)} hyp_len = ${hypothesisLength} ref_len = ${referenceLength})`
  const text = `BLEU|${signature} = ${rounded(score, 2)} ${parts}`
  return { score, precisions, ...sums, brevityPenalty, signature, text }
}

interface Sums {
  readonly matches: number[]
  readonly totals: number[]
  hypothesisLength: number
  referenceLength: number
}

function addSegment(sums: Sums, { hypothesis, references }: Segment, tokensOf: (text: string) => string[]): void {
  const tokens = tokensOf(hypothesis)
  const others = references.map(tokensOf)
  sums.hypothesisLength += tokens.length
  sums.referenceLength += others
    .map(({ length }) => length)
    .reduce((best, length) => {
      const closer = Math.abs(length - tokens.length) - Math.abs(best - tokens.length)
      return closer < 0 || (closer === 0 && length < best) ? length : best
    })
  for (const order of sums.matches.keys()) {
    const counts = countNgrams(tokens, order + 1, ' ')
    // Of several references, the one that has an n-gram most often says how often it may be there.
    const allowed = new Map<string, number>()
    for (const other of others) {
      for (const [key, count] of countNgrams(other, order + 1, ' '))
        allowed.set(key, Math.max(count, allowed.get(key) ?? 0))
    }
    sums.matches[order] = (sums.matches[order] as number) + overlap(counts, allowed)
    sums.totals[order] = (sums.totals[order] as number) + Math.max(0, tokens.length - order)
  }
}

/** The precisions of all orders in per cent; 0 where there are no n-grams, and everywhere if nothing matches at all. */
function smoothedPrecisions(
  matches: readonly number[],
  totals: readonly number[],
  smoothing: BleuSmoothing,
  value = 0,
): number[] {
  if (matches.every((count) => count === 0)) return matches.map(() => 0)
  let share = 1
  return matches.map((found, order) => {
    const added = smoothing === 'add-k' && order > 0 ? value : 0
    const count = found + added
    const total = (totals[order] as number) + added
    if (total === 0) return 0
    if (count > 0) return (100 * count) / total
    if (smoothing === 'exp') share /= 2
    return (100 * (smoothing === 'exp' ? share : smoothing === 'floor' ? value : 0)) / total
  })
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0)
}

function checkChoice(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return
  throw new DataError('E_ARGUMENT', {
    problem: `bleu: ${name} is ${shown(value)}, expected one of ${shownList(known)}`,
    got: value,
    expected: known,
  })
}
