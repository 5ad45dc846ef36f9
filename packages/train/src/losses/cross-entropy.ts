// Softmax cross-entropy over logits: one class out of many, for each sample or each time step.

import {
  add,
  broadcastTo,
  cast,
  deferredCrossEntropy,
  div,
  formatShape,
  gather,
  greater,
  greaterEqual,
  isDeferredLogits,
  logicalAnd,
  logSoftmax,
  mul,
  neg,
  notEqual,
  ones,
  reshape,
  RnnError,
  sameShape,
  select,
  softmaxCrossEntropy,
  sum,
  tensor,
  type DeferredLogits,
  type Tensor,
} from '@rnn/core'
import type { Loss, LossContext, MeasuredLoss } from './loss.ts'
import { meanLoss } from './loss.ts'
import { masked, quotient, rowWeights, weightedMean } from './weighted-mean.ts'

/** Options of {@link crossEntropy}. */
export interface CrossEntropyLossOptions {
  /** Share of the target that is spread evenly over all classes (Szegedy et al. 2016), 0 … below 1. Default: 0. */
  readonly labelSmoothing?: number
  /** Class indices with this value don't count. Default: −1, which never counts. (PyTorch's default is −100.) */
  readonly ignoreIndex?: number
  /** The weight of each class. Default: 1 each. */
  readonly classWeights?: readonly number[] | Float32Array
}

/** Checked options. */
interface Settings {
  readonly labelSmoothing: number
  readonly ignoreIndex: number
  readonly classWeights: Float32Array | undefined
}

/**
 * Cross-entropy of softmax(outputs) with the targets, averaged as PyTorch's `CrossEntropyLoss` does.
 *
 * Outputs are logits, `[batch, classes]` or `[batch, time, classes]`, or `DeferredLogits` of that shape, which never exist all at once (for these: class indices only). Targets are either class indices, int32 of that shape without the classes, or
 * probabilities (one-hot rows are some) of that shape, float32, int32 or bool.
 *
 * - Class indices: `Σ losses / Σ classWeights[target]` over all that count, the losses having their class weights on.
 * - Probabilities: `−Σ_c w[c]·t[c]·log p[c]`, divided by the number of rows that count, whatever the class weights.
 * - What doesn't count: ignored indices, time steps past a row's length, samples of weight 0. A batch in which nothing counts has loss 0.
 * - Sample weights multiply the losses and the weights that they are divided by (Keras divides by the number of samples instead).
 *
 * ```ts
 * await fit(model, trainSet, { loss: crossEntropy({ labelSmoothing: 0.1 }), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE, E_DTYPE when outputs and targets don't match; E_INDEX_RANGE, at once or at the next read, for a class index that is none
 */
export function crossEntropy(options: CrossEntropyLossOptions = {}): Loss<Tensor | DeferredLogits> {
  const { labelSmoothing = 0, ignoreIndex = -1, classWeights } = options
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) throw invalid(`labelSmoothing ${labelSmoothing}`, 'use 0 … below 1')
  if (!Number.isInteger(ignoreIndex)) throw invalid(`ignoreIndex ${ignoreIndex}`, 'use a whole number')
  const weights = classWeights && Float32Array.from(classWeights)
  if (weights?.some((weight) => !(weight >= 0 && weight < Infinity))) {
    throw invalid(`classWeights [${String(weights)}]`, 'use numbers from 0 on')
  }
  const settings: Settings = { labelSmoothing, ignoreIndex, classWeights: weights }
  const configuration = {
    labelSmoothing,
    ignoreIndex,
    classWeights: weights === undefined ? null : Array.from(weights),
  }
  return meanLoss('crossEntropy', configuration, (logits, targets, context) => {
    if (isDeferredLogits(logits)) return fromDeferred(logits, targets, settings, context)
    const rows = logits.shape.slice(0, -1)
    if (sameShape(targets.shape, logits.shape)) return fromProbabilities(logits, targets, settings, context)
    if (sameShape(targets.shape, rows) && targets.dtype === 'int32')
      return fromIndices(logits, targets, settings, context)
    throw mismatch(logits, targets)
  })
}

function fromIndices(logits: Tensor, targets: Tensor, settings: Settings, context: LossContext): MeasuredLoss {
  const { labelSmoothing } = settings
  const weights = weightTensor(logits, logits.shape.at(-1), settings)
  const { labels, factors, targetWeights } = countedLabels(targets, weights, settings, context)
  const losses = softmaxCrossEntropy(logits, labels, { labelSmoothing, classWeights: weights })
  if (factors === undefined) return quotient(sum(losses), sum(targetWeights))
  return quotient(sum(mul(losses, factors)), sum(mul(targetWeights, factors)))
}

/** As `fromIndices`, for logits that are computed by pieces. What the sum is divided by goes in before it: then the gradients need no pass of their own for it. */
function fromDeferred(logits: DeferredLogits, targets: Tensor, settings: Settings, context: LossContext): MeasuredLoss {
  const { features, kernel, transposeKernel } = logits
  const rows = features.shape.slice(0, -1)
  if (!sameShape(targets.shape, rows) || targets.dtype !== 'int32') throw mismatch(features, targets)
  const { labelSmoothing } = settings
  const weights = weightTensor(features, kernel.shape[transposeKernel ? 0 : 1], settings)
  const { labels, factors, targetWeights } = countedLabels(targets, weights, settings, context)
  const total = sum(factors === undefined ? targetWeights : mul(targetWeights, factors))
  const share = div(factors ?? ones(rows, { backend: features.backend }), select(greater(total, 0), total, 1))
  const options = { labelSmoothing, classWeights: weights, rowWeights: broadcastTo(share, rows) }
  return { mean: deferredCrossEntropy(logits, labels, options), weight: total }
}

/** The labels with −1 for what doesn't count, and what each row and its class weigh. */
function countedLabels(
  targets: Tensor,
  classWeights: Tensor | undefined,
  { ignoreIndex }: Settings,
  context: LossContext,
): { labels: Tensor; factors: Tensor | undefined; targetWeights: Tensor } {
  const counts = ignoreIndex === -1 ? undefined : notEqual(targets, ignoreIndex)
  const { counted, factors } = rowWeights('crossEntropy', targets.shape, context)
  const mask = counts && counted ? logicalAnd(counts, counted) : (counts ?? counted)
  const labels = mask === undefined ? targets : select(mask, targets, -1)
  const targetWeights =
    classWeights === undefined ? cast(greaterEqual(labels, 0), 'float32') : gather(classWeights, labels)
  return { labels, factors, targetWeights }
}

function fromProbabilities(logits: Tensor, targets: Tensor, settings: Settings, context: LossContext): MeasuredLoss {
  const { labelSmoothing } = settings
  const classes = logits.shape.at(-1) ?? 1
  const rows = logits.shape.slice(0, -1)
  const weights = rowWeights('crossEntropy', rows, context)
  const counted = weights.counted && reshape(weights.counted, [...weights.counted.shape, 1])
  const classWeights = weightTensor(logits, logits.shape.at(-1), settings)
  const hard = masked(cast(targets, 'float32'), counted)
  const soft = labelSmoothing === 0 ? hard : add(mul(hard, 1 - labelSmoothing), labelSmoothing / classes)
  const wanted = classWeights === undefined ? soft : mul(soft, classWeights)
  return weightedMean(neg(sum(mul(logSoftmax(masked(logits, counted)), wanted), { axis: -1 })), weights)
}

function weightTensor(logits: Tensor, classes: number | undefined, { classWeights }: Settings): Tensor | undefined {
  if (classWeights === undefined) return undefined
  if (classes === classWeights.length) return tensor(classWeights, { backend: logits.backend })
  throw new RnnError({
    code: 'E_SHAPE',
    operation: 'crossEntropy',
    problem: `${classWeights.length} class weights for ${classes} classes (outputs ${formatShape(logits.shape)})`,
  })
}

function mismatch(logits: Tensor, targets: Tensor): RnnError {
  const rows = formatShape(logits.shape.slice(0, -1))
  const indices = sameShape(targets.shape, logits.shape.slice(0, -1))
  return new RnnError({
    code: indices ? 'E_DTYPE' : 'E_SHAPE',
    operation: 'crossEntropy',
    problem: `targets are ${targets.dtype} ${formatShape(targets.shape)}, the model's outputs ${formatShape(logits.shape)}`,
    fix: indices
      ? 'class indices are int32: put them into an Int32Array'
      : `give class indices, int32 ${rows}, or probabilities, ${formatShape(logits.shape)}`,
  })
}

function invalid(problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_VALUE', operation: 'crossEntropy', problem, fix })
}
