// Prefix beam search over CTC outputs (Hannun, Maas, Jurafsky & Ng 2014): the likeliest labels over all their alignments, and with a language model those it likes.

import { RnnError } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { frameScores, type CtcDecoding, type CtcDecodingOptions } from './frame-scores.ts'

/** Options of {@link ctcBeamSearch}. */
export interface CtcBeamSearchOptions extends CtcDecodingOptions {
  /** Prefixes that are followed from one time step to the next, from 1 on; with Infinity the search is exact, and takes forever for long rows. Default: 16. */
  readonly beamWidth?: number
  /**
   * What a language model adds to the score when `label` follows `prefix`: the logarithm of a weight, as `0.8 * Math.log(p) + 1`, where the constant makes up for the length. Called once for
   * each prefix and label. Default: nothing.
   */
  readonly score?: (prefix: readonly number[], label: number) => number
}

/** One of the label sequences that a search ends with. */
export interface CtcHypothesis extends CtcDecoding {
  /** What they are ranked by: `logProbability` and what the language model adds. */
  readonly score: number
}

/** A prefix in the tree of all that were met. */
interface Prefix {
  readonly labels: readonly number[]
  /** The sum of what the language model adds. */
  readonly bonus: number
  readonly longer: Map<number, Prefix>
}

/** The probabilities of a prefix at a time step, as logarithms: of alignments that end in a blank, and of those that end in its last label. */
interface Ends {
  blank: number
  label: number
}

/**
 * The best label sequences of each row, best first. Alignments of the same labels are added up as far as the beam holds them.
 *
 * ```ts
 * const outputs = await model.predict({ inputs, lengths })
 * const [[best]] = ctcBeamSearch(outputs, { lengths, beamWidth: 32 })
 * ```
 *
 * @param outputs logits `[batch, time, classes]`
 * @returns for each row at most `beamWidth` hypotheses
 * @throws E_SHAPE, E_VALUE for what doesn't fit, E_NOT_FINITE for logits that are NaN or +∞ and for a language model that gives NaN
 */
export function ctcBeamSearch(outputs: HostArray, options: CtcBeamSearchOptions = {}): CtcHypothesis[][] {
  const { blank = 0, beamWidth = 16, score } = options
  if (!(beamWidth === Infinity || (Number.isInteger(beamWidth) && beamWidth >= 1))) {
    const problem = `beamWidth ${beamWidth}`
    throw new RnnError({ code: 'E_VALUE', operation: 'ctcBeamSearch', problem, fix: 'use a whole number from 1 on' })
  }
  return frameScores('ctcBeamSearch', outputs, options).map((frames) => searchRow(frames, blank, beamWidth, score))
}

function searchRow(
  frames: readonly Float64Array[],
  blank: number,
  beamWidth: number,
  score: CtcBeamSearchOptions['score'],
): CtcHypothesis[] {
  let beam = new Map<Prefix, Ends>([
    [
      { labels: [], bonus: 0, longer: new Map() },
      { blank: 0, label: -Infinity },
    ],
  ])
  for (const scores of frames) {
    const next = new Map<Prefix, Ends>()
    for (const [prefix, ends] of beam) spread(prefix, ends, scores, blank, next, score)
    beam = new Map(ranked(next).slice(0, beamWidth))
  }
  return ranked(beam).map(([{ labels, bonus }, ends]) => {
    const logProbability = total(ends)
    return { labels, logProbability, score: logProbability + bonus }
  })
}

/** Adds what a prefix comes to in the next time step. */
function spread(
  prefix: Prefix,
  before: Ends,
  scores: Float64Array,
  blank: number,
  next: Map<Prefix, Ends>,
  score: CtcBeamSearchOptions['score'],
): void {
  const all = total(before)
  const last = prefix.labels.at(-1)
  scores.forEach((probability, symbol) => {
    if (probability === -Infinity) return
    if (symbol === blank) {
      const ends = endsOf(next, prefix)
      ends.blank = logAdd(ends.blank, all + probability)
      return
    }
    // A label that stands next to its like is that one; a second one needs a blank before it.
    if (symbol === last) {
      const ends = endsOf(next, prefix)
      ends.label = logAdd(ends.label, before.label + probability)
    }
    const from = symbol === last ? before.blank : all
    if (from === -Infinity) return
    const ends = endsOf(next, longer(prefix, symbol, score))
    ends.label = logAdd(ends.label, from + probability)
  })
}

function longer(prefix: Prefix, label: number, score: CtcBeamSearchOptions['score']): Prefix {
  const known = prefix.longer.get(label)
  if (known !== undefined) return known
  const added = score?.(prefix.labels, label) ?? 0
  if (Number.isNaN(added)) {
    const problem = `the score of ${label} after [${prefix.labels.join(', ')}] is NaN`
    throw new RnnError({ code: 'E_NOT_FINITE', operation: 'ctcBeamSearch', problem })
  }
  const made = { labels: [...prefix.labels, label], bonus: prefix.bonus + added, longer: new Map<number, Prefix>() }
  prefix.longer.set(label, made)
  return made
}

function endsOf(beam: Map<Prefix, Ends>, prefix: Prefix): Ends {
  const known = beam.get(prefix)
  if (known !== undefined) return known
  const made = { blank: -Infinity, label: -Infinity }
  beam.set(prefix, made)
  return made
}

/** Best first; among equals those that were met first. */
function ranked(beam: Map<Prefix, Ends>): [Prefix, Ends][] {
  return [...beam].toSorted(([a, endsA], [b, endsB]) => {
    const [left, right] = [total(endsA) + a.bonus, total(endsB) + b.bonus]
    return left === right ? 0 : right - left
  })
}

function total({ blank, label }: Ends): number {
  return logAdd(blank, label)
}

function logAdd(a: number, b: number): number {
  const largest = Math.max(a, b)
  return largest === -Infinity ? largest : largest + Math.log1p(Math.exp(Math.min(a, b) - largest))
}
