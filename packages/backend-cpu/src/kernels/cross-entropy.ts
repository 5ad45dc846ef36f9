// Softmax cross-entropy by row, with label smoothing, class weights and ignored rows, and its gradient.

import type { Operand } from '@rnn/core'
import type { Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { exp } from '../math.ts'
import { checkIndices } from './gather.ts'
import type { IndexWords } from './gather.ts'
import { rowMaximum, rowSumExp } from './rows.ts'

const LABELS: IndexWords = { index: 'label', from: (rows) => `${rows} classes`, none: 'to ignore the row' }

export const crossEntropyForward: Kernel<'crossEntropyForward'> = (call, context) => {
  const [logits, labels, classWeights] = call.inputs
  const [loss, logSumExp] = call.outputs
  const { labelSmoothing } = call.attributes
  const [rows, classes] = logits.shape as readonly [number, number]
  const x = context.floats(logits)
  const places = context.ints(labels)
  checkIndices('crossEntropy', places, labels, classes, LABELS)
  const weights = classWeights && context.floats(classWeights)
  const weightStart = classWeights ? startOf(classWeights) : 0
  const losses = context.floats(loss)
  const sums = context.floats(logSumExp)
  for (let row = 0; row < rows; row++) {
    const p = startOf(logits) + row * classes
    const largest = rowMaximum(x, p, classes)
    // A row of −∞ alone: shifting by its maximum would give NaN.
    const shift = largest === -Infinity ? 0 : largest
    const lse = shift + Math.log(rowSumExp(x, p, classes, shift))
    sums[startOf(logSumExp) + row] = lse
    const label = places[startOf(labels) + row]!
    let value = 0
    if (label >= 0) {
      value = (1 - labelSmoothing) * (weights ? weights[weightStart + label]! : 1) * (lse - x[p + label]!)
      if (labelSmoothing !== 0) {
        value += (labelSmoothing / classes) * weightedDistance(x, p, classes, lse, weights, weightStart)
      }
    }
    losses[startOf(loss) + row] = value
  }
}

/** Σ_c w[c]·(lse − x[c]). */
function weightedDistance(
  x: Float32Array,
  p: number,
  classes: number,
  lse: number,
  weights: Float32Array | null,
  weightStart: number,
): number {
  let sum = 0
  if (weights) for (let c = 0; c < classes; c++) sum += weights[weightStart + c]! * (lse - x[p + c]!)
  else for (let c = 0; c < classes; c++) sum += lse - x[p + c]!
  return sum
}

/**
 * With q[c] = (1−ε)·w[y]·[c = y] + ε/V·w[c]: d loss / d x[c] = softmax(x)[c]·Σq − q[c].
 */
export const crossEntropyBackward: Kernel<'crossEntropyBackward'> = (call, context) => {
  const [gradLoss, logits, labels, classWeights, logSumExp] = call.inputs
  const [gradLogits] = call.outputs
  const { labelSmoothing } = call.attributes
  const [rows, classes] = logits.shape as readonly [number, number]
  const [x, out] = [context.floats(logits), context.floats(gradLogits)]
  const places = context.ints(labels)
  checkIndices('crossEntropy', places, labels, classes, LABELS)
  const [upstream, sums] = [context.floats(gradLoss), context.floats(logSumExp)]
  const weights = classWeights && context.floats(classWeights)
  const weightStart = classWeights ? startOf(classWeights) : 0
  const smooth = labelSmoothing / classes
  const smoothTotal = smooth * totalWeight(classes, classWeights, context)
  for (let row = 0; row < rows; row++) {
    const o = startOf(gradLogits) + row * classes
    const label = places[startOf(labels) + row]!
    if (label < 0) {
      out.fill(0, o, o + classes)
      continue
    }
    const grad = upstream[startOf(gradLoss) + row]!
    const p = startOf(logits) + row * classes
    const hit = (1 - labelSmoothing) * (weights ? weights[weightStart + label]! : 1)
    softmaxTimes(x, p, out, o, classes, sums[startOf(logSumExp) + row]!, grad * (hit + smoothTotal))
    if (smooth !== 0) {
      if (weights)
        for (let c = 0; c < classes; c++) out[o + c] = out[o + c]! - grad * smooth * weights[weightStart + c]!
      else for (let c = 0; c < classes; c++) out[o + c] = out[o + c]! - grad * smooth
    }
    out[o + label] = out[o + label]! - grad * hit
  }
}

function totalWeight(classes: number, classWeights: Operand | null, context: KernelContext): number {
  if (!classWeights) return classes
  const weights = context.floats(classWeights)
  let total = 0
  for (let c = 0; c < classes; c++) total += weights[startOf(classWeights) + c]!
  return total
}

function softmaxTimes(
  x: Float32Array,
  p: number,
  out: Float32Array,
  o: number,
  classes: number,
  lse: number,
  factor: number,
): void {
  for (let c = 0; c < classes; c++) out[o + c] = exp(x[p + c]! - lse) * factor
}
