// The label error rate: how many labels of a transcript are wrong, missing or too many.

import {
  argmax,
  arange,
  cast,
  concat,
  formatShape,
  less,
  reshape,
  RnnError,
  select,
  tensor,
  type Tensor,
} from '@rnn/core'
import type { Metric } from '../metrics/metric.ts'
import { checkBlank } from './ctc.ts'
import { collapsePath } from './greedy.ts'
import { checkForm, preparedLabels, type CtcTargets } from './labels.ts'

/**
 * The least number of labels that must be put in, taken out or replaced to make `b` of `a` (Levenshtein 1966).
 *
 * ```ts
 * editDistance([1, 2, 3], [1, 3, 4]) // → 2
 * ```
 */
export function editDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (before[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1])
      row.push(Math.min(replaced, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    before = row
  }
  return before[b.length] ?? 0
}

/** Options of {@link labelErrorRate}. */
export interface LabelErrorRateOptions<Name extends string = string> {
  /** The class that stands for "no label". Default: 0. */
  readonly blank?: number
  /** The name under which the value is found. Default: `labelErrorRate`. */
  readonly name?: Name
}

/**
 * The edit distance between best-path transcripts and targets over the number of labels in the targets (Graves et al. 2006, section 2.1); above 1 where a model writes too much. NaN for targets without
 * labels. Outputs and targets as for `ctc`.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [labelErrorRate()] })
 * metrics.labelErrorRate // 0.07
 * ```
 *
 * `count` throws E_SHAPE, E_DTYPE, E_INDEX_RANGE for outputs and targets that don't match.
 *
 * @throws E_VALUE for a blank that is none
 */
export function labelErrorRate<const Name extends string = 'labelErrorRate'>(
  options: LabelErrorRateOptions<Name> = {},
): Metric<Name, number, Tensor, CtcTargets> {
  const { blank = 0, name = 'labelErrorRate' as Name } = options
  const operation = 'labelErrorRate'
  checkBlank(operation, blank)
  return {
    name,
    better: 'less',
    combine: 'append',
    // Blocks one behind the other: rows, time steps, labels, the best paths (−1 past their ends), the targets (−1 past theirs).
    count(outputs, targets, { lengths }) {
      if (outputs.rank !== 3) {
        const problem = `the model's outputs have shape ${formatShape(outputs.shape)}, expected [batch, time, classes]`
        throw new RnnError({ code: 'E_SHAPE', operation, problem })
      }
      const [batch = 0, time = 0, classes = 0] = outputs.shape
      const { backend } = outputs
      checkForm(operation, targets, batch)
      const { labels, lengths: labelLengths } = preparedLabels(operation, targets, blank, classes)
      const width = labels.shape[1] ?? 0
      const path = argmax(outputs)
      const ended = (x: Tensor, ends: Tensor | undefined): Tensor => {
        if (ends === undefined) return x
        const steps = arange(x.shape[1] ?? 0, { backend, dtype: 'int32' })
        return select(less(steps, reshape(ends, [batch, 1])), x, -1)
      }
      const header = tensor(Int32Array.of(batch, time, width), { backend })
      const parts = [ended(path, lengths), ended(labels, labelLengths)].map((x) => reshape(cast(x, 'int32'), [x.size]))
      return concat([header, ...parts], 0)
    },
    value(blocks) {
      let [errors, wanted] = [0, 0]
      for (let at = 0; at < blocks.length;) {
        const [batch = 0, time = 0, width = 0] = blocks.subarray(at, at + 3)
        const paths = at + 3
        const targets = paths + batch * time
        at = targets + batch * width
        for (let row = 0; row < batch; row++) {
          const path = blocks.subarray(paths + row * time, paths + (row + 1) * time).filter((symbol) => symbol >= 0)
          const target = blocks
            .subarray(targets + row * width, targets + (row + 1) * width)
            .filter((label) => label >= 0)
          errors += editDistance(collapsePath(path, blank), target)
          wanted += target.length
        }
      }
      return errors / wanted
    },
  }
}
