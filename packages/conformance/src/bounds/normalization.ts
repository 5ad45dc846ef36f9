// Error bounds of softmax, cross-entropy, layer norm and normal numbers: the errors of their parts, carried through to first order.

import { threefry2x32 } from '@rnn/core'
import type { HostCallOf } from '../host-tensor.ts'
import {
  accumulation,
  DIVISION,
  exponential,
  INVERSE_SQUARE_ROOT,
  logarithm,
  ROUNDING,
  SQUARE_ROOT,
  UNIT_ROUNDOFF,
} from '../tolerances.ts'
import type { Bound } from './bound.ts'

/** Relative error of exp(d) when d is a difference that was rounded, in units of u. */
function shiftedExponential(d: number): number {
  return Number.isFinite(d) ? exponential(d) + ROUNDING * Math.abs(d) : 0
}

/** A row's sum of exp(x − max): the sum, and its relative error in units of u. */
function sumOfExponentials(row: Float64Array): {
  readonly largest: number
  readonly sum: number
  readonly error: number
} {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity)
  let sum = 0
  let error = 0
  for (const x of row) {
    const term = Math.exp(x - largest)
    sum += term
    error += term * shiftedExponential(x - largest)
  }
  return { largest, sum, error: error / sum + accumulation(row.length) }
}

/** Absolute error of log-sum-exp, in units of u. */
function logSumExpError(row: Float64Array): number {
  const { largest, sum, error } = sumOfExponentials(row)
  const log = Math.log(sum)
  return error + logarithm(sum, log) + ROUNDING * Math.abs(largest + log)
}

export function softmaxBound(call: HostCallOf<'softmax'>): Bound {
  const [x] = call.inputs
  const [out] = call.outputs
  const length = x.shape.at(-1) ?? 1
  const bound = new Float64Array(out.values.length)
  for (let start = 0; start < bound.length; start += length) {
    const row = x.values.subarray(start, start + length)
    const { largest, sum, error } = sumOfExponentials(row)
    const log = Math.log(sum)
    const ofLog = error + logarithm(sum, log)
    row.forEach((value, j) => {
      const d = value - largest
      if (!Number.isFinite(d)) return
      const y = out.values[start + j]!
      const units = call.attributes.log
        ? ofLog + ROUNDING * (Math.abs(d) + Math.abs(y))
        : (shiftedExponential(d) + error + DIVISION) * y
      bound[start + j] = units * UNIT_ROUNDOFF
    })
  }
  return bound
}

export function crossEntropyForwardBounds(call: HostCallOf<'crossEntropyForward'>): readonly Bound[] {
  const [logits, labels, classWeights] = call.inputs
  const [loss, logSumExp] = call.outputs
  const { labelSmoothing } = call.attributes
  const classes = logits.shape[1]!
  const rowOf = (row: number): Float64Array => logits.values.subarray(row * classes, (row + 1) * classes)
  const lossBound = loss.values.map((_, row) => {
    const label = labels.values[row]!
    if (label === -1) return 0
    const x = rowOf(row)
    const lse = logSumExp.values[row]!
    const lseError = logSumExpError(x)
    const weight = (c: number): number => Math.abs(classWeights?.values[c] ?? 1)
    // lse − x[c], times its weight and its share.
    const term = (c: number): number => lseError + 4 * ROUNDING * (Math.abs(lse) + Math.abs(x[c]!))
    let units = (1 - labelSmoothing) * weight(label) * term(label)
    if (labelSmoothing > 0) {
      const spread = x.reduce(
        (sum, logit, c) => sum + weight(c) * (term(c) + accumulation(classes) * Math.abs(lse - logit)),
        0,
      )
      units += (labelSmoothing / classes) * spread
    }
    return units * UNIT_ROUNDOFF
  })
  return [lossBound, logSumExp.values.map((_, row) => logSumExpError(rowOf(row)) * UNIT_ROUNDOFF)]
}

export function crossEntropyBackwardBound(call: HostCallOf<'crossEntropyBackward'>): Bound {
  const [gradLoss, logits, labels, classWeights, logSumExp] = call.inputs
  const [gradLogits] = call.outputs
  const { labelSmoothing } = call.attributes
  const classes = logits.shape[1]!
  const weight = (c: number): number => Math.abs(classWeights?.values[c] ?? 1)
  let spread = 0
  for (let c = 0; c < classes; c++) spread += (weight(c) * labelSmoothing) / classes
  return gradLogits.values.map((_, i) => {
    const row = Math.floor(i / classes)
    const label = labels.values[row]!
    if (label === -1) return 0
    const share = (c: number): number => weight(c) * (labelSmoothing / classes + (c === label ? 1 - labelSmoothing : 0))
    const total = spread + weight(label) * (1 - labelSmoothing)
    const d = logits.values[i]! - logSumExp.values[row]!
    const own = Math.exp(d) * total * (shiftedExponential(d) + accumulation(classes) + 4 * ROUNDING)
    return Math.abs(gradLoss.values[row]!) * (own + 4 * ROUNDING * share(i % classes)) * UNIT_ROUNDOFF
  })
}

export function layerNormForwardBounds(call: HostCallOf<'layerNormForward'>): readonly Bound[] {
  const [x, gain, bias] = call.inputs
  const [y, mean, rstd] = call.outputs
  const n = x.shape.at(-1)!
  const meanError = mean.values.map((_, row) => {
    const magnitude = x.values.subarray(row * n, (row + 1) * n).reduce((sum, value) => sum + Math.abs(value), 0) / n
    return (accumulation(n) + DIVISION) * magnitude * UNIT_ROUNDOFF
  })
  // The deviations sum to zero, so an error of the mean enters the variance squared only. Two passes (or Welford's) are demanded: E[x²] − mean² cancels.
  const scaleError = rstd.values.map((scale, row) => {
    const ofVariance = (accumulation(n) + DIVISION + 4 * ROUNDING) * UNIT_ROUNDOFF + (meanError[row]! * scale) ** 2
    return ofVariance / 2 + (INVERSE_SQUARE_ROOT + SQUARE_ROOT) * UNIT_ROUNDOFF // 1/sqrt in one step or in two
  })
  const yBound = y.values.map((value, i) => {
    const row = Math.floor(i / n)
    const scale = rstd.values[row]! * Math.abs(gain?.values[i % n] ?? 1)
    const deviation = Math.abs(x.values[i]! - mean.values[row]!)
    const shift = Math.abs(bias?.values[i % n] ?? 0)
    const roundings = ROUNDING * UNIT_ROUNDOFF * (3 * deviation * scale + Math.abs(value) + shift)
    return meanError[row]! * scale + deviation * scale * scaleError[row]! + roundings
  })
  return [yBound, meanError, rstd.values.map((scale, row) => scale * scaleError[row]!)]
}

export function layerNormBackwardBounds(call: HostCallOf<'layerNormBackward'>): readonly (Bound | null)[] {
  const [gradY, x, gain, mean, rstd] = call.inputs
  const [gradX, gradGain, gradBias] = call.outputs
  const n = x.shape.at(-1)!
  const rows = mean.values.length
  const normal = (i: number): number => {
    const row = Math.floor(i / n)
    return Math.abs(x.values[i]! - mean.values[row]!) * rstd.values[row]!
  }
  const upstream = (i: number): number => Math.abs(gradY.values[i]! * (gain?.values[i % n] ?? 1))
  const xBound = gradX.values.map((_, i) => {
    const row = Math.floor(i / n)
    let [average, alongNormal] = [0, 0]
    for (let j = row * n; j < (row + 1) * n; j++) {
      average += upstream(j) / n
      alongNormal += (upstream(j) * normal(j)) / n
    }
    const units = accumulation(n) + DIVISION + 6 * ROUNDING
    return rstd.values[row]! * (upstream(i) + average + normal(i) * alongNormal) * units * UNIT_ROUNDOFF
  })
  const byColumn = (term: (i: number) => number, units: number): Float64Array =>
    Float64Array.from({ length: n }, (_, j) => {
      let sum = 0
      for (let row = 0; row < rows; row++) sum += term(row * n + j)
      return sum * units * UNIT_ROUNDOFF
    })
  return [
    xBound,
    gradGain && byColumn((i) => Math.abs(gradY.values[i]!) * normal(i), accumulation(rows) + 3 * ROUNDING),
    gradBias && byColumn((i) => Math.abs(gradY.values[i]!), accumulation(rows)),
  ]
}

/**
 * A normal number is r·cos(2πv) with r = sqrt(−2 ln u): the error of the logarithm becomes δ/r, the rounding of 2πv (below 7, so up to 14u) moves the cosine
 * by as much, and a cosine of one's own is good to 4 ulp.
 */
export function randomBound(call: HostCallOf<'random'>): Bound {
  if (call.attributes.kind !== 'normal') return 'bits'
  const [key] = call.inputs
  const block = new Int32Array(2)
  return call.outputs[0].values.map((_, i) => {
    threefry2x32(key.values[0]!, key.values[1]!, i, 0, block)
    const u = ((block[0]! >>> 8) + 1) * 2 ** -24
    const radius = Math.sqrt(-2 * Math.log(u))
    const ofLogarithm = logarithm(u, Math.log(u)) * UNIT_ROUNDOFF
    // Near u = 1 the root of the error itself is the bound.
    const ofRadius = Math.min(ofLogarithm / radius, Math.sqrt(2 * ofLogarithm))
    return ofRadius + (SQUARE_ROOT + 14 + 8 + ROUNDING) * radius * UNIT_ROUNDOFF
  })
}
