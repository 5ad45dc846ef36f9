// Products of packed panels: the inner loops of matmul and of the recurrent ops.
//
// The left matrix is packed in panels of 2 rows, the right one in panels of 3 columns, as doubles with the inner dimension outermost
// ([panel][k][row or column]). Products accumulate in double, one chain per element in ascending k, so that an element's value does not depend on
// how the matrix was cut. Doubles rather than float32: JavaScript computes in doubles, and packing converts each element once.
//
// What makes them fast, measured with Node 24 on one core of an AMD EPYC (Zen 5), [32×128]·[128×512], in GFLOP/s:
//
// - Tiles of 2 × 3: V8 puts all multiplications of a loop body before the additions, so n accumulators need 2n + 5 registers, and x86-64 has 16. With
//   3 × 3 or 4 × 4 accumulators spill (12.8 against 6.5).
// - Panels are plain arrays of numbers: V8 keeps those as unboxed doubles and reaches an element with fewer instructions than in a Float64Array
//   (12.8 against 10.0).
// - `& INDEX` tells V8 that an index is a non-negative int32 that cannot overflow, which saves a check at each access (12.8 against 9 or so).

import type { Doubles } from '../scratch.ts'

/** Mask of an index; see above. */
export const INDEX = 0x3fffffff

export const PANEL_ROWS = 2
export const PANEL_COLUMNS = 3

/** `rows` rounded up to whole panels. */
export function wholeRows(rows: number): number {
  return Math.ceil(rows / PANEL_ROWS) * PANEL_ROWS
}

/** `columns` rounded up to whole panels. */
export function wholeColumns(columns: number): number {
  return Math.ceil(columns / PANEL_COLUMNS) * PANEL_COLUMNS
}

/**
 * Packs `rows` rows of length K, element k of row i at `p + i·rowStride + k·innerStride`, as elements `at … at + K` of panels with room for `depth`.
 * A missing row is zeros.
 */
export function packRows(
  source: Float32Array,
  p: number,
  rowStride: number,
  innerStride: number,
  rows: number,
  K: number,
  panels: Doubles,
  depth: number = K,
  at: number = 0,
): void {
  for (let i = 0; i < rows; i += 2) {
    let o = i * depth + 2 * at
    let p0 = p + i * rowStride
    if (i + 1 < rows) {
      let p1 = p0 + rowStride
      for (let k = 0; k < K; k++, o += 2, p0 += innerStride, p1 += innerStride) {
        panels[o] = source[p0]!
        panels[o + 1] = source[p1]!
      }
    } else {
      for (let k = 0; k < K; k++, o += 2, p0 += innerStride) {
        panels[o] = source[p0]!
        panels[o + 1] = 0
      }
    }
  }
}

/** Packs `columns` columns of length K, element k of column j at `p + j·columnStride + k·innerStride`, likewise. */
export function packColumns(
  source: Float32Array,
  p: number,
  columnStride: number,
  innerStride: number,
  columns: number,
  K: number,
  panels: Doubles,
  depth: number = K,
  at: number = 0,
): void {
  for (let j = 0; j < columns; j += 3) {
    let o = j * depth + 3 * at
    let p0 = p + j * columnStride
    if (j + 2 < columns) {
      let p1 = p0 + columnStride
      let p2 = p1 + columnStride
      for (let k = 0; k < K; k++, o += 3, p0 += innerStride, p1 += innerStride, p2 += innerStride) {
        panels[o] = source[p0]!
        panels[o + 1] = source[p1]!
        panels[o + 2] = source[p2]!
      }
    } else {
      const second = j + 1 < columns
      for (let k = 0; k < K; k++, o += 3, p0 += innerStride) {
        panels[o] = source[p0]!
        panels[o + 1] = second ? source[p0 + columnStride]! : 0
        panels[o + 2] = 0
      }
    }
  }
}

/** Where row `index` of row panels begins; its elements are `PANEL_ROWS` apart. */
export function panelRow(index: number, K: number): number {
  return (index >> 1) * 2 * K + (index & 1)
}

/** out = A·B over the first K elements of panels with room for `depth`, or out += A·B with `add`. `out` is by row, `stride` apart, with room for whole panels. */
export function multiplyPanels(
  a: Doubles,
  rows: number,
  b: Doubles,
  columns: number,
  K: number,
  out: Doubles,
  stride: number,
  add: boolean = false,
  depth: number = K,
): void {
  for (let j = 0; j < columns; j += 3) {
    for (let i = 0; i < rows; i += 2) multiplyTile(a, i * depth, b, j * depth, K, out, i * stride + j, stride, add)
  }
}

function multiplyTile(
  a: Doubles,
  p: number,
  b: Doubles,
  q: number,
  K: number,
  out: Doubles,
  o: number,
  stride: number,
  add: boolean,
): void {
  let c00 = 0
  let c01 = 0
  let c02 = 0
  let c10 = 0
  let c11 = 0
  let c12 = 0
  const n = o + stride
  if (add) {
    c00 = out[o]!
    c01 = out[o + 1]!
    c02 = out[o + 2]!
    c10 = out[n]!
    c11 = out[n + 1]!
    c12 = out[n + 2]!
  }
  const end = (p + 2 * K) & INDEX
  p &= INDEX
  q &= INDEX
  while (p < end) {
    const a0 = a[p]!
    const a1 = a[p + 1]!
    const b0 = b[q]!
    const b1 = b[q + 1]!
    const b2 = b[q + 2]!
    c00 += a0 * b0
    c01 += a0 * b1
    c02 += a0 * b2
    c10 += a1 * b0
    c11 += a1 * b1
    c12 += a1 * b2
    p = (p + 2) & INDEX
    q = (q + 3) & INDEX
  }
  out[o] = c00
  out[o + 1] = c01
  out[o + 2] = c02
  out[n] = c10
  out[n + 1] = c11
  out[n + 2] = c12
}
