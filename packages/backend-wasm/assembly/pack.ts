// Packing: matrices rearranged so that micro-kernels read them in order, whatever their strides were. Strides are in elements.

import { int, word, boundary } from "./simd";

/**
 * Packs `width` columns of `depth` elements into panels `[panel][panelDepth][8]`, from element `at` of each panel on. Element k of column j is at
 * `from + k·inner + j·column`. Columns missing in the last panel are zeros.
 */
export function packPanels(
  from: usize, inner: usize, column: usize, width: i32, depth: i32, to: usize, panelDepth: i32, at: i32,
): void {
  const panelBytes = <usize>panelDepth << 5;
  to += <usize>at << 5;
  let j = 0;
  if (column == 1) {
    for (; j + 32 <= width; j += 32, to += 4 * panelBytes) copyFourPanels(from + (<usize>j << 2), inner, depth, to, panelBytes);
  }
  for (; j + 8 <= width; j += 8, to += panelBytes) {
    if (column == 1) copyPanel(from + (<usize>j << 2), inner, depth, to);
    else if (inner == 1) transposePanel(from + ((<usize>j * column) << 2), column, depth, to);
    else gatherPanel(from + ((<usize>j * column) << 2), inner, column, 8, depth, to);
  }
  if (j < width) gatherPanel(from + ((<usize>j * column) << 2), inner, column, width - j, depth, to);
}

/** Four panels at once: whole cache lines of the source. */
function copyFourPanels(from: usize, inner: usize, depth: i32, to: usize, panelBytes: usize): void {
  const step = inner << 2;
  const end = to + (<usize>depth << 5);
  const second = panelBytes, third = second + panelBytes, fourth = third + panelBytes;
  for (; to < end; to += 32, from += step) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to + second, v128.load(from, 32));
    v128.store(to + second, v128.load(from, 48), 16);
    v128.store(to + third, v128.load(from, 64));
    v128.store(to + third, v128.load(from, 80), 16);
    v128.store(to + fourth, v128.load(from, 96));
    v128.store(to + fourth, v128.load(from, 112), 16);
  }
}

function copyPanel(from: usize, inner: usize, depth: i32, to: usize): void {
  const step = inner << 2;
  const end = to + (<usize>depth << 5);
  for (; to < end; to += 32, from += step) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** Eight columns that are contiguous in memory, four elements of each at a time. */
function transposePanel(from: usize, column: usize, depth: i32, to: usize): void {
  const next = column << 2;
  const f4 = from + 4 * next;
  let k = 0;
  for (; k + 4 <= depth; k += 4, to += 128) {
    const at = <usize>k << 2;
    transpose4(from + at, next, to, 32);
    transpose4(f4 + at, next, to + 16, 32);
  }
  for (; k < depth; k++, to += 32) {
    let p = from + (<usize>k << 2);
    for (let j: usize = 0; j < 32; j += 4, p += next) store<f32>(to + j, load<f32>(p));
  }
}

/** Writes the transpose of a 4 × 4 block; rows of source and target are `next` and `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function transpose4(from: usize, next: usize, to: usize, step: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + next);
  const r2 = v128.load(from + 2 * next);
  const r3 = v128.load(from + 3 * next);
  const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const b = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const c = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const d = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(a, c, 0, 2));
  v128.store(to + step, i64x2.shuffle(a, c, 1, 3));
  v128.store(to + 2 * step, i64x2.shuffle(b, d, 0, 2));
  v128.store(to + 3 * step, i64x2.shuffle(b, d, 1, 3));
}

/** Any strides, and fewer than eight columns. */
function gatherPanel(from: usize, inner: usize, column: usize, columns: i32, depth: i32, to: usize): void {
  const next = column << 2;
  for (let k = 0; k < depth; k++, to += 32, from += inner << 2) {
    let p = from;
    for (let j = 0; j < 8; j++, p += next) store<f32>(to + (<usize>j << 2), j < columns ? load<f32>(p) : 0);
  }
}

/**
 * Packs `rows` rows of `depth` elements as rows `stride` elements apart, from element `at` of each on. Element k of row i is at
 * `from + i·row + k·inner`.
 */
export function packRows(from: usize, row: usize, inner: usize, rows: i32, depth: i32, to: usize, stride: i32, at: i32): void {
  const step = <usize>stride << 2;
  to += <usize>at << 2;
  let i = 0;
  if (row == 1) {
    const next = inner << 2;
    for (; i + 4 <= rows; i += 4, from += 16, to += 4 * step) {
      let k = 0;
      let p = from;
      for (; k + 4 <= depth; k += 4, p += 4 * next) transpose4(p, next, to + (<usize>k << 2), step);
      for (; k < depth; k++, p += next) {
        const value = v128.load(p);
        const o = to + (<usize>k << 2);
        v128.store32_lane(o, value, 0);
        v128.store32_lane(o + step, value, 1);
        v128.store32_lane(o + 2 * step, value, 2);
        v128.store32_lane(o + 3 * step, value, 3);
      }
    }
  }
  for (; i < rows; i++, from += row << 2, to += step) {
    if (inner == 1) {
      memory.copy(to, from, <usize>depth << 2);
    } else {
      let p = from;
      for (let k = 0; k < depth; k++, p += inner << 2) store<f32>(to + (<usize>k << 2), load<f32>(p));
    }
  }
}

/**
 * Command: packs recurrent weights `[H, G·H]` for the whole sequence.
 * [2] weights, [3] H, [4] G, [5] target, [6] 0: panels `[block of 8 units][gate][k = H][8]` for forward; 1: of the transpose, `[block][k = G·H][8]`, for backward.
 */
export function packRecurrent(args: usize, part: i32, parts: i32): void {
  const from = word(args, 2);
  const H = int(args, 3);
  const G = int(args, 4);
  const to = word(args, 5);
  const backward = int(args, 6);
  const blocks = (H + 7) >> 3;
  const width = <usize>(G * H);
  const end = boundary(blocks, part + 1, parts);
  for (let block = boundary(blocks, part, parts); block < end; block++) {
    const j = block << 3;
    const columns = min(8, H - j);
    if (backward) {
      packPanels(from + ((<usize>j * width) << 2), 1, width, columns, G * H, to + <usize>(block * G * H) * 32, G * H, 0);
    } else {
      for (let gate = 0; gate < G; gate++) {
        packPanels(from + (<usize>(gate * H + j) << 2), width, 1, columns, H, to + <usize>((block * G + gate) * H) * 32, H, 0);
      }
    }
  }
}
