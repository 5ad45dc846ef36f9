// The confusion matrix: how often each class was taken for each.

import { cast, matmul, oneHot, reshape, type Tensor } from '@rnn/core'
import type { JsonObject } from '../json.ts'
import type { LossContext } from '../losses/loss.ts'
import { compareLabels } from './class-labels.ts'
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
    value: (counts) => new ConfusionMatrix(Int32Array.from(counts), names),
  }
}

/** int32 `[classes, classes]`: how often each right class (rows) and predicted class met in a batch. @throws as `compareLabels` does */
export function countPairs(
  operation: string,
  outputs: Tensor,
  targets: Tensor,
  context: LossContext,
  ignoreIndex: number,
): Tensor {
  const { labels, predicted, classes } = compareLabels(operation, outputs, targets, context, ignoreIndex)
  // A label of −1 is a row of zeros. The sums of one batch are exact in float32.
  const rows = (each: Tensor): Tensor => oneHot(reshape(each, [-1]), classes)
  return cast(matmul(rows(labels), rows(predicted), { transposeA: true }), 'int32')
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

  /** How often `actual` was predicted as `predicted`; each a label or the number of a class. */
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

  /** Of those predicted as this class, the share that was right; 0 where none was. */
  precision(label: string | number): number {
    const predicted = this.labels.reduce((sum, _, i) => sum + this.count(i, label), 0)
    return predicted === 0 ? 0 : this.count(label, label) / predicted
  }

  /** Of those that are of this class, the share that was found; 0 where there are none. */
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
    return typeof label === 'number' ? label : this.labels.indexOf(label)
  }
}
