// Products whose right matrix is read where it lies, for few rows: as quick as with panels, less the packing.

import type { Doubles } from '../scratch.ts'
import { INDEX } from './panels.ts'

/**
 * out = A·B with B where it lies: packing B costs more than it saves for few rows. Element k of column j is at
 * `q + j·columnStride + k·innerStride`, and one of the strides is 1.
 */
export function multiplyInPlace(
  a: Doubles,
  rows: number,
  b: Float32Array,
  q: number,
  columnStride: number,
  innerStride: number,
  columns: number,
  K: number,
  out: Doubles,
  stride: number,
): void {
  if (columnStride === 1) addRowsOf(a, rows, b, q, innerStride, columns, K, out, stride)
  else multiplyColumnsOf(a, rows, b, q, columnStride, innerStride, columns, K, out, stride)
}

/** B by rows: four of them, each times its element of A, at a time, along all columns. Sums still go in ascending k. */
function addRowsOf(
  a: Doubles,
  rows: number,
  b: Float32Array,
  q: number,
  step: number,
  columns: number,
  K: number,
  out: Doubles,
  stride: number,
): void {
  for (let i = 0; i < rows; i += 2) {
    const o = i * stride
    out.fill(0, o, o + columns)
    if (i + 1 < rows) out.fill(0, o + stride, o + stride + columns)
    let k = 0
    for (; k + 3 < K; k += 4) {
      if (i + 1 < rows) addToPair(a, i * K + 2 * k, b, q + k * step, step, columns, out, o, o + stride)
      else addToRow(a, i * K + 2 * k, b, q + k * step, step, columns, out, o)
    }
    for (; k < K; k++) {
      addOne(a[i * K + 2 * k]!, b, q + k * step, columns, out, o)
      if (i + 1 < rows) addOne(a[i * K + 2 * k + 1]!, b, q + k * step, columns, out, o + stride)
    }
  }
}

function addToPair(
  a: Doubles,
  p: number,
  b: Float32Array,
  q: number,
  step: number,
  columns: number,
  out: Doubles,
  o: number,
  n: number,
): void {
  const a00 = a[p]!
  const a10 = a[p + 1]!
  const a01 = a[p + 2]!
  const a11 = a[p + 3]!
  const a02 = a[p + 4]!
  const a12 = a[p + 5]!
  const a03 = a[p + 6]!
  const a13 = a[p + 7]!
  let q0 = q & INDEX
  let q1 = (q + step) & INDEX
  let q2 = (q + 2 * step) & INDEX
  let q3 = (q + 3 * step) & INDEX
  const end = (o + columns) & INDEX
  o &= INDEX
  n &= INDEX
  while (o < end) {
    const b0 = b[q0]!
    const b1 = b[q1]!
    const b2 = b[q2]!
    const b3 = b[q3]!
    out[o] = out[o]! + a00 * b0 + a01 * b1 + a02 * b2 + a03 * b3
    out[n] = out[n]! + a10 * b0 + a11 * b1 + a12 * b2 + a13 * b3
    q0 = (q0 + 1) & INDEX
    q1 = (q1 + 1) & INDEX
    q2 = (q2 + 1) & INDEX
    q3 = (q3 + 1) & INDEX
    o = (o + 1) & INDEX
    n = (n + 1) & INDEX
  }
}

function addToRow(
  a: Doubles,
  p: number,
  b: Float32Array,
  q: number,
  step: number,
  columns: number,
  out: Doubles,
  o: number,
): void {
  const a0 = a[p]!
  const a1 = a[p + 2]!
  const a2 = a[p + 4]!
  const a3 = a[p + 6]!
  const end = (o + columns) & INDEX
  o &= INDEX
  q &= INDEX
  step &= INDEX
  while (o < end) {
    const q1 = (q + step) & INDEX
    const q2 = (q1 + step) & INDEX
    const q3 = (q2 + step) & INDEX
    out[o] = out[o]! + a0 * b[q]! + a1 * b[q1]! + a2 * b[q2]! + a3 * b[q3]!
    q = (q + 1) & INDEX
    o = (o + 1) & INDEX
  }
}

function addOne(a: number, b: Float32Array, q: number, columns: number, out: Doubles, o: number): void {
  for (let j = 0; j < columns; j++) out[o + j] = out[o + j]! + a * b[q + j]!
}

/** B by columns, each of them contiguous: tiles as with panels. */
function multiplyColumnsOf(
  a: Doubles,
  rows: number,
  b: Float32Array,
  q: number,
  columnStride: number,
  innerStride: number,
  columns: number,
  K: number,
  out: Doubles,
  stride: number,
): void {
  for (let j = 0; j < columns; j += 3) {
    // Missing columns repeat the first one: reads stay in bounds, and nobody looks at the result.
    const second = j + 1 < columns ? columnStride : 0
    const third = j + 2 < columns ? 2 * columnStride : 0
    const from = q + j * columnStride
    let i = 0
    for (; i + 1 < rows; i += 2) {
      inPlaceTile(a, i * K, b, from, second, third, innerStride, K, out, i * stride + j, stride)
    }
    if (i < rows) inPlaceRow(a, i * K, b, from, second, third, innerStride, K, out, i * stride + j)
  }
}

function inPlaceTile(
  a: Doubles,
  p: number,
  b: Float32Array,
  q: number,
  second: number,
  third: number,
  step: number,
  K: number,
  out: Doubles,
  o: number,
  stride: number,
): void {
  let c00 = 0
  let c01 = 0
  let c02 = 0
  let c10 = 0
  let c11 = 0
  let c12 = 0
  const end = (p + 2 * K) & INDEX
  p &= INDEX
  let r = (q + second) & INDEX
  let s = (q + third) & INDEX
  q &= INDEX
  while (p < end) {
    const a0 = a[p]!
    const a1 = a[p + 1]!
    const b0 = b[q]!
    const b1 = b[r]!
    const b2 = b[s]!
    c00 += a0 * b0
    c01 += a0 * b1
    c02 += a0 * b2
    c10 += a1 * b0
    c11 += a1 * b1
    c12 += a1 * b2
    p = (p + 2) & INDEX
    q = (q + step) & INDEX
    r = (r + step) & INDEX
    s = (s + step) & INDEX
  }
  const n = o + stride
  out[o] = c00
  out[o + 1] = c01
  out[o + 2] = c02
  out[n] = c10
  out[n + 1] = c11
  out[n + 2] = c12
}

function inPlaceRow(
  a: Doubles,
  p: number,
  b: Float32Array,
  q: number,
  second: number,
  third: number,
  step: number,
  K: number,
  out: Doubles,
  o: number,
): void {
  let c0 = 0
  let c1 = 0
  let c2 = 0
  const end = (p + 2 * K) & INDEX
  p &= INDEX
  let r = (q + second) & INDEX
  let s = (q + third) & INDEX
  q &= INDEX
  while (p < end) {
    const a0 = a[p]!
    c0 += a0 * b[q]!
    c1 += a0 * b[r]!
    c2 += a0 * b[s]!
    p = (p + 2) & INDEX
    q = (q + step) & INDEX
    r = (r + step) & INDEX
    s = (s + step) & INDEX
  }
  out[o] = c0
  out[o + 1] = c1
  out[o + 2] = c2
}
