// The confusion matrix: how often each class was taken for each.

import { cast, equal, matmul, oneHot, reshape, RnnError, select, type Shape, type Tensor } from '@rnn/core'
import type { JsonObject } from '../json.ts'
import type { LossContext } from '../losses/loss.ts'
import { checkDistributions, compareLabels } from './class-labels.ts'
import type { Metric } from './metric.ts'

/** Options of {@link confusionMatrix}. */
export interface ConfusionMatrixOptions {
  /** What the classes are called, in the order of their numbers. Default: their numbers. */
  readonly labels?: readonly string[]
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
}

/**
 * Counts every pair of right and predicted class, over samples or time steps within their lengths. Outputs and targets as for `accuracy`.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [confusionMatrix({ labels: ['good', 'bad'] })] })
 * metrics.confusionMatrix.count('good', 'bad') // how often good was taken for bad
 * ```
 *
 * `count` throws as that of `accuracy` does.
 */
export function confusionMatrix(options: ConfusionMatrixOptions = {}): Metric<'confusionMatrix', ConfusionMatrix> {
  const { labels: names, ignoreIndex = -1 } = options
  return {
    name: 'confusionMatrix',
    count: (outputs, targets, context) => countPairs('confusionMatrix', outputs, targets, context, ignoreIndex),
    value: (counts, shape) => new ConfusionMatrix(pairsOf('confusionMatrix', counts, shape), names),
  }
}

/** int32 `[classes + 1, classes]`: how often each right class (rows) and predicted class met in a batch; the last row is of targets that are no class. @throws as `compareLabels` does */
export function countPairs(
  operation: string,
  outputs: Tensor,
  targets: Tensor,
  context: LossContext,
  ignoreIndex: number,
): Tensor {
  const { labels, predicted, classes } = compareLabels(operation, outputs, targets, context, ignoreIndex)
  // A label of −1 is a row of zeros. The sums of one batch are exact in float32.
  const rows = (each: Tensor, width: number): Tensor => oneHot(reshape(each, [-1]), width)
  const right = rows(select(equal(labels, -2), classes, labels), classes + 1)
  return cast(matmul(right, rows(predicted, classes), { transposeA: true }), 'int32')
}

/** The counts of the classes among those of `countPairs`. @throws E_VALUE for targets that were no class */
export function pairsOf(operation: string, counts: Float32Array | Int32Array, [, classes = 0]: Shape): Int32Array {
  const rows = Int32Array.from(counts)
  const odd = rows.subarray(classes * classes).reduce((sum, count) => sum + count, 0)
  checkDistributions(operation, odd)
  return rows.subarray(0, classes * classes)
}

/** How often each class (rows) was predicted as each (columns). */
export class ConfusionMatrix {
  /** Row-major, right class × predicted class. */
  readonly counts: Int32Array
  readonly labels: readonly string[]

  constructor(counts: Int32Array, labels?: readonly string[]) {
    const classes = Math.round(Math.sqrt(counts.length))
    this.counts = counts
    this.labels = Array.from({ length: classes }, (_, i) => labels?.[i] ?? String(i))
  }

  /** How often `actual` was predicted as `predicted`; each a label or the number of a class. @throws E_VALUE for one that is neither */
  count(actual: string | number, predicted: string | number): number {
    return this.counts[this.#index(actual) * this.labels.length + this.#index(predicted)] ?? 0
  }

  /** Everything counted. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  /** The share on the diagonal; 0 where nothing was counted. */
  get accuracy(): number {
    const { total } = this
    return total === 0 ? 0 : this.labels.reduce((sum, _, i) => sum + this.count(i, i), 0) / total
  }

  /** Of those predicted as this class, the share that was right; 0 where none was. @throws E_VALUE as `count` does */
  precision(label: string | number): number {
    const predicted = this.labels.reduce((sum, _, i) => sum + this.count(i, label), 0)
    return predicted === 0 ? 0 : this.count(label, label) / predicted
  }

  /** Of those that are of this class, the share that was found; 0 where there are none. @throws E_VALUE as `count` does */
  recall(label: string | number): number {
    const actual = this.labels.reduce((sum, _, i) => sum + this.count(label, i), 0)
    return actual === 0 ? 0 : this.count(label, label) / actual
  }

  /** The rows of a table: a head of predicted labels, then the right label and its counts. */
  rows(): string[][] {
    const head = ['', ...this.labels]
    return [head, ...this.labels.map((label, i) => [label, ...this.labels.map((_, j) => String(this.count(i, j)))])]
  }

  /** The table as aligned text, right classes down, predicted classes across. */
  toString(): string {
    const rows = this.rows()
    const widths = rows.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
    return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n')
  }

  toJSON(): JsonObject {
    const { length } = this.labels
    return {
      labels: this.labels,
      counts: this.labels.map((_, i) => Array.from(this.counts.subarray(i * length, (i + 1) * length))),
    }
  }

  #index(label: string | number): number {
    const { labels } = this
    const index = typeof label === 'number' ? label : labels.indexOf(label)
    if (Number.isInteger(index) && index >= 0 && index < labels.length) return index
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'confusionMatrix',
      problem: `${typeof label === 'number' ? label : `'${label}'`} is no class`,
      fix: `use one of ${labels.map((each) => `'${each}'`).join(', ')}, or its number, 0 … ${labels.length - 1}`,
    })
  }
}
