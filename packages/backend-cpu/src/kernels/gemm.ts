// Matrix products of packed panels: the inner loop of matmul and of the recurrent ops.
//
// The left matrix is packed in panels of TILE rows, the right one in panels of TILE columns, both as doubles with the inner dimension outermost
// ([panel][k][TILE]). Products accumulate in double, one chain per element in ascending k: the result of an element does not depend on the tiling.

/** Rows and columns of a tile. */
export const TILE = 4

/** Elements of the packed form of `count` rows or columns of length K. */
export function packedLength(count: number, K: number): number {
  return wholeTiles(count) * K
}

/** Packs vectors `i < count` of length K, element k of vector i at `start + i·vectorStride + k·elementStride`; missing vectors are zeros. */
export function pack(
  source: Float32Array,
  start: number,
  vectorStride: number,
  elementStride: number,
  count: number,
  K: number,
  panels: Float64Array,
): void {
  let o = 0
  for (let first = 0; first < count; first += TILE) {
    const width = Math.min(TILE, count - first)
    const p0 = start + first * vectorStride
    for (let k = 0; k < K; k++) {
      const p = p0 + k * elementStride
      for (let i = 0; i < TILE; i++) panels[o++] = i < width ? source[p + i * vectorStride]! : 0
    }
  }
}

/** `count` rounded up to whole tiles. */
export function wholeTiles(count: number): number {
  return Math.ceil(count / TILE) * TILE
}

/** Packs one row of length K, times a mask where there is one, as row `index` of the panels. */
export function packRow(
  source: Float32Array | Float64Array,
  p: number,
  K: number,
  mask: Float32Array | null,
  m: number,
  panels: Float64Array,
  index: number,
): void {
  let o = (index - (index % TILE)) * K + (index % TILE)
  if (mask) for (let k = 0; k < K; k++, o += TILE) panels[o] = source[p + k]! * mask[m + k]!
  else for (let k = 0; k < K; k++, o += TILE) panels[o] = source[p + k]!
}

/** out [rows, columns] = A·B, `out` with row stride `outStride` and room for whole tiles. */
export function multiplyPanels(
  a: Float64Array,
  rows: number,
  b: Float64Array,
  columns: number,
  K: number,
  out: Float64Array,
  outStride: number,
): void {
  for (let j = 0; j < columns; j += TILE) {
    for (let i = 0; i < rows; i += TILE) tile(a, i * K, b, j * K, K, out, i * outStride + j, outStride)
  }
}

function tile(
  a: Float64Array,
  p: number,
  b: Float64Array,
  q: number,
  K: number,
  out: Float64Array,
  o: number,
  stride: number,
): void {
  let c00 = 0,
    c01 = 0,
    c02 = 0,
    c03 = 0
  let c10 = 0,
    c11 = 0,
    c12 = 0,
    c13 = 0
  let c20 = 0,
    c21 = 0,
    c22 = 0,
    c23 = 0
  let c30 = 0,
    c31 = 0,
    c32 = 0,
    c33 = 0
  for (let k = 0; k < K; k++, p += TILE, q += TILE) {
    const b0 = b[q]!,
      b1 = b[q + 1]!,
      b2 = b[q + 2]!,
      b3 = b[q + 3]!
    const a0 = a[p]!
    c00 += a0 * b0
    c01 += a0 * b1
    c02 += a0 * b2
    c03 += a0 * b3
    const a1 = a[p + 1]!
    c10 += a1 * b0
    c11 += a1 * b1
    c12 += a1 * b2
    c13 += a1 * b3
    const a2 = a[p + 2]!
    c20 += a2 * b0
    c21 += a2 * b1
    c22 += a2 * b2
    c23 += a2 * b3
    const a3 = a[p + 3]!
    c30 += a3 * b0
    c31 += a3 * b1
    c32 += a3 * b2
    c33 += a3 * b3
  }
  out[o] = c00
  out[o + 1] = c01
  out[o + 2] = c02
  out[o + 3] = c03
  o += stride
  out[o] = c10
  out[o + 1] = c11
  out[o + 2] = c12
  out[o + 3] = c13
  o += stride
  out[o] = c20
  out[o + 1] = c21
  out[o + 2] = c22
  out[o + 3] = c23
  o += stride
  out[o] = c30
  out[o + 1] = c31
  out[o + 2] = c32
  out[o + 3] = c33
}
