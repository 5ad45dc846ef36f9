// The area under the ROC curve: how well scores put yes above no, whatever the threshold.

import { cast, formatShape, reshape, RnnError, slice, stack, sub, type Tensor } from '@rnn/core'
import { checkDistributions, compareLabels } from './class-labels.ts'
import type { Metric } from './metric.ts'

/** Options of {@link auc}. */
export interface AucOptions<Name extends string = string> {
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
  /** The name under which the value is found. Default: `auc`. */
  readonly name?: Name
}

/**
 * The area under the receiver operating characteristic: the chance that a random yes has a higher score than a random no, ties counting half (Hanley & McNeil 1982). Exact, not by thresholds:
 * the scores of an epoch are kept, eight bytes a row. NaN where only one of yes and no was seen, and where a score is NaN.
 *
 * Outputs are scores of yes (logits or probabilities), `[batch, 1]` or `[batch, time, 1]`, or those of no and yes, `[…, 2]`; targets 0 and 1, or one-hot rows of two (not two labels of their own: these have an `auc` each). Time steps past a row's
 * length don't count; sample weights play no part.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [auc()] })
 * metrics.auc // 0.97
 * ```
 *
 * `count` throws E_SHAPE, E_DTYPE, E_INDEX_RANGE for outputs and targets that don't match, and it or `value` E_VALUE for rows of targets that don't sum to 1.
 */
export function auc<const Name extends string = 'auc'>(options: AucOptions<Name> = {}): Metric<Name, number> {
  const { ignoreIndex = -1, name = 'auc' as Name } = options
  return {
    name,
    better: 'more',
    combine: 'append',
    count(outputs, targets, context) {
      const scores = scoresOfYes(outputs)
      const { labels } = compareLabels('auc', outputs, targets, context, ignoreIndex)
      return stack([reshape(scores, [scores.size]), cast(reshape(labels, [labels.size]), 'float32')], 1)
    },
    value: areaUnderCurve,
  }
}

function scoresOfYes(outputs: Tensor): Tensor {
  const width = outputs.shape.at(-1)
  if (width === 1) return outputs
  if (width === 2) return sub(slice(outputs, -1, 1, 1), slice(outputs, -1, 0, 1))
  throw new RnnError({
    code: 'E_SHAPE',
    operation: 'auc',
    problem: `the model's outputs have shape ${formatShape(outputs.shape)}`,
    fix: 'it takes one score of yes, […, 1], or scores of no and yes, […, 2]',
  })
}

/** From rows of score and label (1, 0, −1 for what doesn't count, −2 for what is no label), by the ranks of yes (Mann & Whitney 1947). */
function areaUnderCurve(rows: ArrayLike<number>): number {
  const pairs: (readonly [score: number, yes: boolean])[] = []
  let odd = 0
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const [score = 0, label = -1] = [rows[i], rows[i + 1]]
    if (label >= 0) pairs.push([score, label === 1])
    if (label === -2) odd++
  }
  checkDistributions('auc', odd)
  if (pairs.some(([score]) => Number.isNaN(score))) return Number.NaN
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  let [positives, negatives, won] = [0, 0, 0]
  for (let from = 0; from < pairs.length;) {
    let [yes, to] = [0, from]
    for (; to < pairs.length && pairs[to]?.[0] === pairs[from]?.[0]; to++) if (pairs[to]?.[1] === true) yes++
    const no = to - from - yes
    won += yes * (negatives + no / 2)
    positives += yes
    negatives += no
    from = to
  }
  return won / (positives * negatives)
}
