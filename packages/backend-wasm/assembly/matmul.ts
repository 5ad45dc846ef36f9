// Matrix products: the right matrix packed in panels, blocks sized for the caches, the left one read where it lies unless it is transposed.

import { packPanels, packRows } from "./pack";
import { boundary, boundaryBy, int, scratchOf, showProgress, word } from "./simd";
import { groupRows, MAX_ROWS, tileOf } from "./tile";

const ZEROS: usize = memory.data(64, 16);

// Offsets into a part's working memory; the packed panels and rows follow.
const A_TABLE: usize = 0;
const INIT_TABLE: usize = 64;
const EDGE: usize = 128; // a tile of MAX_ROWS × 8, for columns past the last whole panel
const PANELS: usize = 384;

/**
 * Command: out = op(a)·op(b) + bias, or out += …, for a batch of matrices; with `summed` > 1 the one output gets the sum of as many products.
 * [2] M [3] N [4] K [5] batch [6] summed
 * [7] a [8] batch stride [9] stride of m [10] stride of k
 * [11] b [12] batch stride [13] stride of k [14] stride of n
 * [15] out [16] batch stride [17] stride of m [18] stride of n
 * [19] bias or 0 [20] accumulate
 * [21] block of k [22] block of n [23] block of m, if a must be packed, else 0 [24] split: 0 by m, 1 by n, 2 by batch
 */
export function matmul(args: usize, part: i32, parts: i32): void {
  let mFrom = 0, mTo = int(args, 2), nFrom = 0, nTo = int(args, 3), from = 0, to = int(args, 5);
  const split = int(args, 24);
  if (split == 0) {
    mFrom = boundaryBy(int(args, 2), MAX_ROWS, part, parts);
    mTo = boundaryBy(int(args, 2), MAX_ROWS, part + 1, parts);
  } else if (split == 1) {
    nFrom = boundaryBy(int(args, 3), 8, part, parts);
    nTo = boundaryBy(int(args, 3), 8, part + 1, parts);
  } else {
    from = boundary(int(args, 5), part, parts);
    to = boundary(int(args, 5), part + 1, parts);
  }
  if (mFrom >= mTo || nFrom >= nTo) return;
  const scratch = scratchOf(args, part);
  for (let i = from; i < to; i++) {
    multiply(
      args, part, scratch, mFrom, mTo, nFrom, nTo,
      word(args, 7) + ((<usize>i * word(args, 8)) << 2),
      word(args, 11) + ((<usize>i * word(args, 12)) << 2),
      word(args, 15) + ((<usize>i * word(args, 16)) << 2),
    );
  }
}

function multiply(
  args: usize, part: i32, scratch: usize, mFrom: i32, mTo: i32, nFrom: i32, nTo: i32, a: usize, b: usize, out: usize,
): void {
  const K = int(args, 4);
  const total = K * int(args, 6);
  const blockK = int(args, 21);
  const blockN = int(args, 22);
  const blockM = int(args, 23);
  const aRow = word(args, 9);
  const aInner = word(args, 10);
  const bInner = word(args, 13);
  const bColumn = word(args, 14);
  const outRow = word(args, 17);
  const outColumn = word(args, 18);
  const bias = word(args, 19);
  const accumulate = int(args, 20);
  const aTable = scratch + A_TABLE;
  const initTable = scratch + INIT_TABLE;
  const panels = scratch + PANELS;
  const rows = panels + ((<usize>blockK * <usize>blockN) << 2);

  for (let n = nFrom; n < nTo; n += blockN) {
    const width = min(blockN, nTo - n);
    let k = 0;
    do {
      const depth = min(blockK, total - k);
      packBlock(true, b + ((<usize>n * bColumn) << 2), word(args, 12), bInner, bColumn, width, K, k, depth, panels);
      let m = mFrom;
      while (m < mTo) {
        const height = blockM > 0 ? min(blockM, mTo - m) : mTo - m;
        let left: usize;
        let leftRow: usize;
        if (blockM > 0) {
          packBlock(false, a + ((<usize>m * aRow) << 2), word(args, 8), aInner, aRow, height, K, k, depth, rows);
          left = rows;
          leftRow = <usize>depth << 2;
        } else {
          left = a + ((<usize>m * aRow + <usize>k) << 2);
          leftRow = aRow << 2;
        }
        for (let i = 0; i < height;) {
          const group = groupRows(height - i);
          const target = out + ((<usize>(m + i) * outRow + <usize>n * outColumn) << 2);
          for (let r = 0; r < group; r++) {
            store<u32>(aTable + (<usize>r << 2), left + <usize>(i + r) * leftRow);
            const init = k > 0 || accumulate ? target + ((<usize>r * outRow) << 2) : bias ? bias + (<usize>n << 2) : ZEROS;
            store<u32>(initTable + (<usize>r << 2), init);
          }
          const moves: usize = k > 0 || accumulate || bias ? 32 : 0;
          if (outColumn == 1) rowOfTiles(group, aTable, initTable, moves, panels, width, depth, target, outRow << 2, scratch + EDGE);
          else gatheredTiles(group, aTable, k > 0 || accumulate ? 1 : 0, bias ? bias + (<usize>n << 2) : ZEROS, bias ? 32 : 0, panels, width, depth, target, outRow, outColumn, scratch + EDGE);
          i += group;
        }
        showProgress(args, part);
        m += height;
      }
      k += depth;
    } while (k < total);
  }
}

/** Packs elements k … k + depth of an inner dimension that runs over `K` elements of each of several matrices. */
function packBlock(
  asPanels: bool, from: usize, batch: usize, inner: usize, outer: usize, count: i32, K: i32, k: i32, depth: i32, to: usize,
): void {
  for (let at = 0; at < depth;) {
    const matrix = (k + at) / K;
    const first = (k + at) - matrix * K;
    const length = min(K - first, depth - at);
    const p = from + ((<usize>matrix * batch + <usize>first * inner) << 2);
    if (asPanels) packPanels(p, inner, outer, count, length, to, depth, at);
    else packRows(p, outer, inner, count, length, to, depth, at);
    at += length;
  }
}

/** One group of rows against all panels of a block; `moves` is how far init moves from panel to panel. */
function rowOfTiles(
  rows: i32, aTable: usize, initTable: usize, moves: usize, panels: usize, width: i32, depth: i32, out: usize, stride: usize, edge: usize,
): void {
  const panelBytes = <usize>depth << 5;
  let init: usize = 0;
  let n = 0;
  for (; n + 8 <= width; n += 8, panels += panelBytes, init += moves, out += 32) {
    tileOf(rows, aTable, 0, initTable, init, panels, depth, out, stride);
  }
  if (n == width) return;
  tileOf(rows, aTable, 0, initTable, init, panels, depth, edge, 32);
  for (let r = 0; r < rows; r++, out += stride, edge += 32) memory.copy(out, edge, <usize>(width - n) << 2);
}

/** As `rowOfTiles` for outputs whose columns are not next to one another. */
function gatheredTiles(
  rows: i32, aTable: usize, add: i32, init: usize, moves: usize, panels: usize, width: i32, depth: i32, out: usize,
  outRow: usize, outColumn: usize, edge: usize,
): void {
  const initTable = aTable + INIT_TABLE - A_TABLE;
  for (let r = 0; r < rows; r++) store<u32>(initTable + (<usize>r << 2), add ? ZEROS : init);
  for (let n = 0; n < width; n += 8, panels += <usize>depth << 5) {
    tileOf(rows, aTable, 0, initTable, add ? 0 : <usize>(n >> 3) * moves, panels, depth, edge, 32);
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < min(8, width - n); j++) {
        const to = out + ((<usize>r * outRow + <usize>(n + j) * outColumn) << 2);
        const value = load<f32>(edge + (<usize>r << 5) + (<usize>j << 2));
        store<f32>(to, add ? load<f32>(to) + value : value);
      }
    }
  }
}
