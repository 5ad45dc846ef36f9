// The reference for layer norm and cross-entropy.

import type { HostCallOf } from '../host-tensor.ts'
import { checkIndices } from './layout.ts'

export function layerNormForward(call: HostCallOf<'layerNormForward'>): void {
  const [x, gain, bias] = call.inputs
  const [y, mean, rstd] = call.outputs
  const n = x.shape.at(-1)!
  for (let row = 0; row < mean.values.length; row++) {
    const values = x.values.subarray(row * n, (row + 1) * n)
    const average = values.reduce((sum, value) => sum + value, 0) / n
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / n
    const scale = 1 / Math.sqrt(variance + call.attributes.epsilon)
    mean.values[row] = average
    rstd.values[row] = scale
    values.forEach((value, j) => {
      y.values[row * n + j] = (value - average) * scale * (gain?.values[j] ?? 1) + (bias?.values[j] ?? 0)
    })
  }
}

export function layerNormBackward(call: HostCallOf<'layerNormBackward'>): void {
  const [gradY, x, gain, mean, rstd] = call.inputs
  const [gradX, gradGain, gradBias] = call.outputs
  const n = x.shape.at(-1)!
  gradGain?.values.fill(0)
  gradBias?.values.fill(0)
  for (let row = 0; row < mean.values.length; row++) {
    const scale = rstd.values[row]!
    const normal = Float64Array.from({ length: n }, (_, j) => (x.values[row * n + j]! - mean.values[row]!) * scale)
    const upstream = Float64Array.from({ length: n }, (_, j) => gradY.values[row * n + j]! * (gain?.values[j] ?? 1))
    const average = upstream.reduce((sum, g) => sum + g, 0) / n
    const alongNormal = upstream.reduce((sum, g, j) => sum + g * normal[j]!, 0) / n
    for (let j = 0; j < n; j++) {
      gradX.values[row * n + j] = scale * (upstream[j]! - average - normal[j]! * alongNormal)
      if (gradGain) gradGain.values[j]! += gradY.values[row * n + j]! * normal[j]!
      if (gradBias) gradBias.values[j]! += gradY.values[row * n + j]!
    }
  }
}

export function crossEntropyForward(call: HostCallOf<'crossEntropyForward'>): void {
  const [logits, labels, classWeights] = call.inputs
  const [loss, logSumExp] = call.outputs
  const { labelSmoothing } = call.attributes
  const classes = logits.shape[1]!
  checkIndices('crossEntropy', labels, classes)
  for (let row = 0; row < loss.values.length; row++) {
    const x = logits.values.subarray(row * classes, (row + 1) * classes)
    const largest = x.reduce((a, b) => Math.max(a, b), -Infinity)
    const lse = largest + Math.log(x.reduce((sum, value) => sum + Math.exp(value - largest), 0))
    const weight = (c: number): number => classWeights?.values[c] ?? 1
    logSumExp.values[row] = lse
    const label = labels.values[row]!
    if (label === -1) {
      loss.values[row] = 0
      continue
    }
    let value = (1 - labelSmoothing) * weight(label) * (lse - x[label]!)
    if (labelSmoothing > 0) {
      value += (labelSmoothing / classes) * x.reduce((sum, logit, c) => sum + weight(c) * (lse - logit), 0)
    }
    loss.values[row] = value
  }
}

export function crossEntropyBackward(call: HostCallOf<'crossEntropyBackward'>): void {
  const [gradLoss, logits, labels, classWeights, logSumExp] = call.inputs
  const [gradLogits] = call.outputs
  const { labelSmoothing } = call.attributes
  const classes = logits.shape[1]!
  checkIndices('crossEntropy', labels, classes)
  for (let row = 0; row < gradLoss.values.length; row++) {
    const label = labels.values[row]!
    const target = Float64Array.from({ length: classes }, (_, c) => {
      const weight = classWeights?.values[c] ?? 1
      return (labelSmoothing / classes) * weight + (c === label ? (1 - labelSmoothing) * weight : 0)
    })
    const total = target.reduce((sum, share) => sum + share, 0)
    for (let c = 0; c < classes; c++) {
      const probability = Math.exp(logits.values[row * classes + c]! - logSumExp.values[row]!)
      const gradient = gradLoss.values[row]! * (probability * total - target[c]!)
      gradLogits.values[row * classes + c] = label === -1 ? 0 : gradient
    }
  }
}
