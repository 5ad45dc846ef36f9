// Best-path decoding of CTC outputs: the likeliest symbol of each time step.

import type { HostArray } from '@rnn/layers'
import { frameScores, type CtcDecoding, type CtcDecodingOptions } from './frame-scores.ts'

/**
 * The labels of the likeliest alignment of each row (Graves et al. 2006, section 3.2): the largest output of each time step, repeats taken for one, without blanks. Not
 * always the likeliest labels, as those may have many alignments: see {@link ctcBeamSearch}. The probability is that of the alignment.
 *
 * ```ts
 * const outputs = await model.predict({ inputs, lengths })
 * const [{ labels }] = ctcGreedy(outputs, { lengths })
 * ```
 *
 * @param outputs logits `[batch, time, classes]`
 * @throws E_SHAPE, E_VALUE for what doesn't fit, E_NOT_FINITE for logits that are NaN or +∞
 */
export function ctcGreedy(outputs: HostArray, options: CtcDecodingOptions = {}): CtcDecoding[] {
  const { blank = 0 } = options
  return frameScores('ctcGreedy', outputs, options).map((frames) => {
    const path = frames.map((scores) => scores.indexOf(scores.reduce((most, x) => Math.max(most, x), -Infinity)))
    const logProbability = path.reduce((sum, symbol, t) => sum + (frames[t]?.[symbol] ?? 0), 0)
    return { labels: collapsePath(path, blank), logProbability }
  })
}

/** The labels of an alignment: what stands next to its like is one, blanks are none. */
export function collapsePath(path: ArrayLike<number>, blank: number): number[] {
  return Array.from(path).filter((symbol, t) => symbol !== blank && symbol !== path[t - 1])
}
