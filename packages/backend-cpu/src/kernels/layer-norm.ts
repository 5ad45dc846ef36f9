// Layer normalisation over the last axis (Ba, Kiros, Hinton 2016) and its gradient.

import { sizeOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const layerNormForward: Kernel<'layerNormForward'> = (call, context) => {
  const [x, gain, bias] = call.inputs
  const [y, mean, rstd] = call.outputs
  const length = x.shape.at(-1)!
  const rows = sizeOf(mean.shape)
  const [xv, yv, means, rstds] = [context.floats(x), context.floats(y), context.floats(mean), context.floats(rstd)]
  const gains = gain && context.floats(gain)
  const biases = bias && context.floats(bias)
  const gainStart = gain ? startOf(gain) : 0
  const biasStart = bias ? startOf(bias) : 0
  for (let row = 0; row < rows; row++) {
    const p = startOf(x) + row * length
    const o = startOf(y) + row * length
    let sum = 0
    for (let j = 0; j < length; j++) sum += xv[p + j]!
    const rowMean = sum / length
    // Two passes: the difference of sums of squares would cancel where the mean is far from zero.
    let squares = 0
    for (let j = 0; j < length; j++) squares += (xv[p + j]! - rowMean) ** 2
    const rowRstd = 1 / Math.sqrt(squares / length + call.attributes.epsilon)
    means[startOf(mean) + row] = rowMean
    rstds[startOf(rstd) + row] = rowRstd
    for (let j = 0; j < length; j++) {
      const normal = (xv[p + j]! - rowMean) * rowRstd
      const scaled = gains ? normal * gains[gainStart + j]! : normal
      yv[o + j] = biases ? scaled + biases[biasStart + j]! : scaled
    }
  }
}

/** With x̂ = (x − mean)·rstd and g = gradY·gain: gradX = rstd·(g − mean(g) − x̂·mean(g·x̂)), gradGain = Σ gradY·x̂, gradBias = Σ gradY. */
export const layerNormBackward: Kernel<'layerNormBackward'> = (call, context) => {
  const [gradY, x, gain, mean, rstd] = call.inputs
  const [gradX, gradGain, gradBias] = call.outputs
  const length = x.shape.at(-1)!
  const rows = sizeOf(mean.shape)
  const [upstream, xv, out] = [context.floats(gradY), context.floats(x), context.floats(gradX)]
  const [means, rstds] = [context.floats(mean), context.floats(rstd)]
  const gains = gain && context.floats(gain)
  const gainStart = gain ? startOf(gain) : 0
  const gainSums = context.scratch.sums('sums', length)
  const biasSums = context.scratch.sums('moreSums', length)
  gainSums.fill(0, 0, length)
  biasSums.fill(0, 0, length)
  for (let row = 0; row < rows; row++) {
    const p = startOf(x) + row * length
    const q = startOf(gradY) + row * length
    const o = startOf(gradX) + row * length
    const rowMean = means[startOf(mean) + row]!
    const rowRstd = rstds[startOf(rstd) + row]!
    let sum = 0
    let projection = 0
    for (let j = 0; j < length; j++) {
      const grad = upstream[q + j]!
      const normal = (xv[p + j]! - rowMean) * rowRstd
      gainSums[j] = gainSums[j]! + grad * normal
      biasSums[j] = biasSums[j]! + grad
      const scaled = gains ? grad * gains[gainStart + j]! : grad
      sum += scaled
      projection += scaled * normal
    }
    sum /= length
    projection /= length
    for (let j = 0; j < length; j++) {
      const normal = (xv[p + j]! - rowMean) * rowRstd
      const scaled = gains ? upstream[q + j]! * gains[gainStart + j]! : upstream[q + j]!
      out[o + j] = rowRstd * (scaled - sum - normal * projection)
    }
  }
  if (gradGain) storeAll(gainSums, context.floats(gradGain), startOf(gradGain), length)
  if (gradBias) storeAll(biasSums, context.floats(gradBias), startOf(gradBias), length)
}

function storeAll(from: Float64Array, to: Float32Array, o: number, count: number): void {
  for (let j = 0; j < count; j++) to[o + j] = from[j]!
}
