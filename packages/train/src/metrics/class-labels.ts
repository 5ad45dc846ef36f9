// What metrics of classification compare: the right class of each row and the predicted one.

import {
  abs,
  arange,
  argmax,
  cast,
  equal,
  formatShape,
  gather,
  greater,
  greaterEqual,
  lessEqual,
  logicalAnd,
  logicalNot,
  notEqual,
  reshape,
  RnnError,
  sameShape,
  select,
  sub,
  sum,
  type Tensor,
} from '@rnn/core'
import type { LossContext } from '../losses/loss.ts'
import { stepsThatCount } from '../losses/weighted-mean.ts'

/** int32 tensors of one shape, `[batch]` or `[batch, time]`. */
export interface ComparedLabels {
  /** The right class; −1 where the row doesn't count, −2 where its targets are no distribution over the classes: `checkDistributions` wants their number. */
  readonly labels: Tensor
  readonly predicted: Tensor
  readonly classes: number
}

/** How far from 1 a row may sum: more than probabilities in bfloat16 (2⁻⁸) or three of them in whole per cent (0.015) do. Labels of 0 and 1 sum to whole numbers. */
const SLACK = 1 / 64

/**
 * Classes from logits or probabilities `[…, classes]` and targets: class indices, int32 `[…]`, or one-hot rows (or probabilities) `[…, classes]`. A single
 * output is a logit of yes (class 1) against no (class 0), with targets 0 and 1.
 *
 * @throws E_SHAPE, E_DTYPE; E_INDEX_RANGE, at once or at the next read, for a class index that counts and is none; E_VALUE for a row that counts and is no
 * distribution, where the backend has its memory at hand
 */
export function compareLabels(
  operation: string,
  outputs: Tensor,
  targets: Tensor,
  context: LossContext,
  ignoreIndex: number,
): ComparedLabels {
  const rows = outputs.shape.slice(0, -1)
  const width = outputs.shape.at(-1) ?? 0
  const binary = width === 1
  const predicted = binary ? reshape(cast(greater(outputs, 0), 'int32'), rows) : argmax(outputs)
  const right = binary ? binaryLabels(operation, outputs, targets) : classLabels(operation, outputs, targets)
  const counts = ignoreIndex === -1 ? undefined : notEqual(right, ignoreIndex)
  const within = stepsThatCount(operation, rows, context)
  const mask = counts && within ? logicalAnd(counts, within) : (counts ?? within)
  const labels = mask === undefined ? right : select(mask, right, -1)
  const classes = binary ? 2 : width
  if (binary || !sameShape(targets.shape, outputs.shape)) {
    if (targets.dtype === 'int32') checkClassRange(operation, labels, classes)
    return { labels, predicted, classes }
  }
  const distributed = lessEqual(abs(sub(sum(cast(targets, 'float32'), { axis: -1 }), 1)), SLACK)
  const marked = select(logicalAnd(logicalNot(distributed), greaterEqual(labels, 0)), -2, labels)
  if (marked.backend.readSync !== undefined) checkDistributions(operation, oddRows(marked).dataSync()[0])
  return { labels: marked, predicted, classes }
}

/** The rows of −2 in what `compareLabels` gives, int32 `[]`. */
export function oddRows(labels: Tensor): Tensor {
  return sum(cast(equal(labels, -2), 'int32'))
}

/** Several labels at once are several questions: none of them is the right class. @throws E_VALUE where there are such rows */
export function checkDistributions(operation: string, rows = 0): void {
  if (rows === 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${rows} ${rows === 1 ? 'row' : 'rows'} of targets that count do not sum to 1`,
    fix: 'give class indices or one-hot rows; for several labels at once use binaryAccuracy, and lengths for rows that only fill up',
  })
}

/**
 * Reading a table of the classes at the labels finds those that are none: a metric must not take them for wrong answers.
 *
 * @throws E_INDEX_RANGE, at once or at the next read, for a label that is neither a class nor −1
 */
export function checkClassRange(operation: string, labels: Tensor, classes: number): void {
  try {
    gather(arange(classes, { backend: labels.backend }), labels)
  } catch (error) {
    if (!(error instanceof RnnError && error.code === 'E_INDEX_RANGE')) throw error
    throw new RnnError({
      code: 'E_INDEX_RANGE',
      operation,
      problem: `a target is none of the ${classes} classes: ${error.problem}`,
      fix: `use 0 … ${classes - 1}, and −1 or ignoreIndex for what doesn't count`,
      cause: error,
    })
  }
}

function classLabels(operation: string, outputs: Tensor, targets: Tensor): Tensor {
  const rows = outputs.shape.slice(0, -1)
  if (sameShape(targets.shape, outputs.shape))
    return argmax(targets.dtype === 'bool' ? cast(targets, 'int32') : targets)
  if (!sameShape(targets.shape, rows)) throw mismatch(operation, outputs, targets)
  if (targets.dtype === 'int32') return targets
  throw new RnnError({
    code: 'E_DTYPE',
    operation,
    problem: `class indices are ${targets.dtype}, expected int32`,
    fix: 'put them into an Int32Array',
  })
}

function binaryLabels(operation: string, outputs: Tensor, targets: Tensor): Tensor {
  const rows = outputs.shape.slice(0, -1)
  if (!sameShape(targets.shape, outputs.shape) && !sameShape(targets.shape, rows))
    throw mismatch(operation, outputs, targets)
  const flat = reshape(targets, rows)
  return flat.dtype === 'int32' ? flat : cast(flat.dtype === 'bool' ? flat : greaterEqual(flat, 0.5), 'int32')
}

function mismatch(operation: string, outputs: Tensor, targets: Tensor): RnnError {
  const rows = formatShape(outputs.shape.slice(0, -1))
  return new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `targets have shape ${formatShape(targets.shape)}, the model's outputs ${formatShape(outputs.shape)}`,
    fix: `give class indices, int32 ${rows}, or one-hot rows, ${formatShape(outputs.shape)}`,
  })
}
