// The reference for sums, extremes, products of matrices and softmax.

import { stridesOf, type ReduceKind } from '@rnn/core'
import { positionOf, type HostCallOf, type HostTensor } from '../host-tensor.ts'

export function reduce(call: HostCallOf<'reduce'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind, axes } = call.attributes
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
  const strides = stridesOf(kept)
  out.values.fill(startOf(kind, x.dtype))
  x.values.forEach((value, i) => {
    const at = positionOf(x.shape, i)
    const o = at.reduce((sum, place, axis) => sum + (axes.includes(axis) ? 0 : place * strides[axis]!), 0)
    out.values[o] = FOLDS[kind](out.values[o]!, value, x.dtype === 'int32')
  })
  if (kind === 'mean') {
    const count = x.values.length / out.values.length
    out.values.forEach((total, o) => (out.values[o] = total / count))
  }
}

function startOf(kind: ReduceKind, dtype: string): number {
  if (kind === 'sum' || kind === 'mean') return 0
  if (kind === 'product') return 1
  const [least, most] =
    dtype === 'float32' ? [-Infinity, Infinity] : dtype === 'bool' ? [0, 1] : [-(2 ** 31), 2 ** 31 - 1]
  return kind === 'max' ? least : most
}

const FOLDS: Readonly<Record<ReduceKind, (total: number, x: number, integer: boolean) => number>> = {
  sum: (total, x, integer) => (integer ? (total + x) | 0 : total + x),
  mean: (total, x) => total + x,
  product: (total, x, integer) => (integer ? Math.imul(total, x) : total * x),
  max: (total, x) => Math.max(total, x),
  min: (total, x) => Math.min(total, x),
}

export function argmax(call: HostCallOf<'argmax'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { axis } = call.attributes
  const length = x.shape[axis]!
  const stride = stridesOf(x.shape)[axis]!
  for (let o = 0; o < out.values.length; o++) {
    const start = Math.floor(o / stride) * stride * length + (o % stride)
    let best = 0
    for (let j = 1; j < length; j++)
      if (isLarger(x.values[start + j * stride]!, x.values[start + best * stride]!)) best = j
    out.values[o] = best
  }
}

/** NaN counts as largest. */
function isLarger(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b))
}

export function topK(call: HostCallOf<'topK'>): void {
  const [x] = call.inputs
  const [values, indices] = call.outputs
  const { k } = call.attributes
  const length = x.shape.at(-1)!
  for (let start = 0, o = 0; start < x.values.length; start += length, o += k) {
    const row = x.values.subarray(start, start + length)
    const order = Array.from(row, (_, i) => i).sort((i, j) => row[j]! - row[i]! || i - j)
    for (let i = 0; i < k; i++) {
      values.values[o + i] = row[order[i]!]!
      indices.values[o + i] = order[i]!
    }
  }
}

export function matmul(call: HostCallOf<'matmul'>): void {
  const [a, b, bias] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB, accumulate } = call.attributes
  const [m, n] = [out.shape.at(-2)!, out.shape.at(-1)!]
  const k = a.shape.at(transposeA ? -2 : -1)!
  const [aBatch, bBatch, outBatch] = [a, b, out].map(batchOf) as [number, number, number]
  if (!accumulate) out.values.forEach((_, i) => (out.values[i] = bias?.values[i % n] ?? 0))
  // An operand with a batch of 1 serves all products; an output with a batch of 1 gets their sum.
  for (let t = 0; t < (aBatch === 1 ? bBatch : aBatch); t++) {
    const [left, right, o] = [t % aBatch, t % bBatch, t % outBatch]
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let total = 0
        for (let p = 0; p < k; p++) {
          const x = a.values[left * m * k + (transposeA ? p * m + i : i * k + p)]!
          total += x * b.values[right * k * n + (transposeB ? j * k + p : p * n + j)]!
        }
        out.values[(o * m + i) * n + j]! += total
      }
    }
  }
}

function batchOf({ shape }: HostTensor): number {
  return shape.length === 3 ? shape[0]! : 1
}

export function softmax(call: HostCallOf<'softmax'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const length = x.shape.at(-1) ?? 1
  for (let start = 0; start < x.values.length; start += length) {
    const row = x.values.subarray(start, start + length)
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity)
    const shift = largest === -Infinity ? 0 : largest
    const sum = row.reduce((total, value) => total + Math.exp(value - shift), 0)
    row.forEach((value, i) => {
      const exact = call.attributes.log ? value - shift - Math.log(sum) : Math.exp(value - shift) / sum
      // A row of −∞ alone has no mass to share out.
      out.values[start + i] = largest === -Infinity ? (call.attributes.log ? -Infinity : 0) : exact
    })
  }
}
