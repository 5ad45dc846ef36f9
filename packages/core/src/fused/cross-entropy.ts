// Softmax cross-entropy with class indices, row by row, without keeping probabilities.

import type { CrossEntropyForwardOp } from '../contract/fused-ops.ts'
import { RnnError } from '../errors.ts'
import { execute, run } from '../execute.ts'
import { add, greaterEqual, mul } from '../ops/binary.ts'
import { checkDType, checkShape, checkTensors } from '../ops/checks.ts'
import { ones } from '../ops/creation.ts'
import { gather, oneHot } from '../ops/gather.ts'
import { sum } from '../ops/reduce.ts'
import { select } from '../ops/select.ts'
import { logSoftmax } from '../ops/softmax.ts'
import { neg } from '../ops/unary.ts'
import { reshape } from '../ops/views.ts'
import { recorderOf } from '../recorder.ts'
import { scope } from '../scope.ts'
import { sizeOf } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, countFused, floatOf, signatureOf } from './choose.ts'

/** Options of `softmaxCrossEntropy`. */
export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes (Szegedy et al. 2016). Default: 0. */
  readonly labelSmoothing?: number
  /** float32 `[V]`: multiplies the loss of each class. */
  readonly classWeights?: Tensor | undefined
}

/**
 * Cross-entropy of softmax(logits) with class labels, for each row; not averaged.
 *
 * @param logits float32 `[…, V]`
 * @param labels int32 `[…]`; −1 stands for "ignore": loss 0, gradient 0, whatever the logits, NaN as well
 * @returns float32 `[…]`
 * @throws E_INDEX_RANGE, at once or at the next read, for any other label outside 0 … V−1
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, classWeights } = options
  const operation = 'softmaxCrossEntropy'
  checkTensors(operation, [logits, labels, classWeights])
  checkDType(operation, 'logits', logits, 'float32')
  checkDType(operation, 'labels', labels, 'int32')
  if (logits.rank === 0)
    throw new RnnError({ code: 'E_SHAPE', operation, problem: 'logits are a scalar, expected […, classes]' })
  const classes = logits.shape.at(-1) ?? 0
  checkShape(operation, 'labels', labels, logits.shape.slice(0, -1))
  checkCrossEntropyOptions(operation, classes, options)
  return scope(logits.backend, () => {
    const rows = sizeOf(labels.shape)
    const flat = [reshape(logits, [rows, classes]), reshape(labels, [rows])] as const
    const loss =
      fusedForward(...flat, classWeights ?? null, labelSmoothing) ?? composite(...flat, classWeights, labelSmoothing)
    return reshape(loss, labels.shape)
  })
}

/** @throws E_SHAPE, E_DTYPE, E_VALUE */
export function checkCrossEntropyOptions(operation: string, classes: number, options: CrossEntropyOptions): void {
  const { labelSmoothing = 0, classWeights } = options
  if (classWeights !== undefined) {
    checkDType(operation, 'classWeights', classWeights, 'float32')
    checkShape(operation, 'classWeights', classWeights, [classes])
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `labelSmoothing ${labelSmoothing}`,
      fix: 'use 0 … below 1',
    })
  }
}

function fusedForward(
  logits: Tensor,
  labels: Tensor,
  classWeights: Tensor | null,
  labelSmoothing: number,
): Tensor | undefined {
  const { backend } = logits
  const [rows = 0] = labels.shape
  const attributes = { labelSmoothing }
  const [x, y, w] = [signatureOf(logits), signatureOf(labels), signatureOf(classWeights)] as const
  const perRow = floatOf([rows])
  const supported = chooseFused(
    backend,
    { op: 'crossEntropyForward', inputs: [x, y, w], outputs: [perRow, perRow], attributes },
    recorderOf('softmaxCrossEntropy', [logits]) && {
      op: 'crossEntropyBackward',
      inputs: [perRow, x, y, w, perRow],
      outputs: [floatOf(logits.shape)],
      attributes,
    },
  )
  if (!supported) return undefined
  const loss = allocateTensor(backend, [rows], 'float32')
  const logSumExp = allocateTensor(backend, [rows], 'float32')
  execute(
    { op: 'crossEntropyForward', inputs: [logits, labels, classWeights], outputs: [loss, logSumExp], attributes },
    'softmaxCrossEntropy',
  )
  return loss
}

function composite(logits: Tensor, labels: Tensor, classWeights: Tensor | undefined, labelSmoothing: number): Tensor {
  const [rows = 0, classes = 0] = logits.shape
  const { backend } = logits
  const kept = reshape(greaterEqual(labels, 0), [rows, 1])
  // Before the arithmetic: the logits of an ignored row may be NaN, and so would be its gradient.
  const surprise = neg(logSoftmax(select(kept, logits, 0)))
  // Gathering the weights checks the range of the labels, and gives 0 for −1.
  const weights = classWeights ?? ones([classes], { backend })
  const isTarget = greaterEqual(oneHot(labels, classes), 1)
  const own = mul(gather(weights, labels), sum(select(isTarget, surprise, 0), { axis: 1 }))
  if (labelSmoothing === 0) return own
  const spread = sum(classWeights === undefined ? surprise : mul(surprise, classWeights), { axis: 1 })
  return add(mul(own, 1 - labelSmoothing), mul(select(reshape(kept, [rows]), spread, 0), labelSmoothing / classes))
}

/** Gradient of the row losses with respect to the logits `[N, V]`; see `CrossEntropyBackwardOp`. For tapes. */
export function crossEntropyBackward(
  forward: Pick<CrossEntropyForwardOp<Tensor>, 'inputs' | 'attributes'>,
  logSumExp: Tensor,
  gradLoss: Tensor,
): Tensor {
  const [logits, labels, classWeights] = forward.inputs
  const gradLogits = allocateTensor(logits.backend, logits.shape, 'float32')
  countFused(logits.backend, 'crossEntropyBackward', true)
  run({
    op: 'crossEntropyBackward',
    inputs: [gradLoss, logits, labels, classWeights, logSumExp],
    outputs: [gradLogits],
    attributes: forward.attributes,
  })
  return gradLogits
}
