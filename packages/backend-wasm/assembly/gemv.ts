// Products of few rows: the right matrix is read where it lies, since packing it would cost more than the product.

import { boundary, boundaryBy, int, madd, scratchOf, storeLanes, sumLanes, word } from "./simd";

/** Columns go by blocks of about this many elements of the right matrix, which stay in the second-level cache for all rows. */
const BLOCK: i32 = 98304;

/** Columns of a wide panel: eight accumulators, so that the chains of additions don't wait for one another. */
const WIDE: i32 = 32;

/**
 * Command: as `matmul` to [20], for few rows, without sums over the batch, rows of out contiguous, and either the columns (b's stride of n is 1) or the rows (its
 * stride of k is 1) of b side by side. [21] split: 1 by n, 2 by batch [22] b in wide panels, or 0 (then it is read where it lies). Working memory: a row of a, and
 * one wide panel's results.
 */
export function matmulFew(args: usize, part: i32, parts: i32): void {
  let nFrom = 0, nTo = int(args, 3), from = 0, to = int(args, 5);
  if (int(args, 21) == 1) {
    nFrom = boundaryBy(int(args, 3), WIDE, part, parts);
    nTo = boundaryBy(int(args, 3), WIDE, part + 1, parts);
  } else {
    from = boundary(int(args, 5), part, parts);
    to = boundary(int(args, 5), part + 1, parts);
  }
  const M = int(args, 2);
  const K = int(args, 4);
  const inner = word(args, 13) << 2;
  const column = word(args, 14) << 2;
  const bias = word(args, 19);
  const panels = word(args, 22);
  const edge = scratchOf(args, part);
  // One row has no use for a block again.
  const most = M == 1 ? nTo - nFrom : max(WIDE, (BLOCK / max(1, K)) & ~(WIDE - 1));
  for (let i = from; i < to; i++) {
    const b = word(args, 11) + ((<usize>i * word(args, 12)) << 2);
    for (let n = nFrom; n < nTo; n += most) {
      const width = min(most, nTo - n);
      for (let m = 0; m < M; m++) {
        let a = word(args, 7) + ((<usize>i * word(args, 8) + <usize>m * word(args, 9)) << 2);
        if (word(args, 10) != 1) a = gathered(a, word(args, 10) << 2, K, edge + 4 * WIDE);
        const out = word(args, 15) + ((<usize>i * word(args, 16) + <usize>m * word(args, 17) + <usize>n) << 2);
        if (int(args, 20) == 0) {
          if (bias) memory.copy(out, bias + (<usize>n << 2), <usize>width << 2);
          else memory.fill(out, 0, <usize>width << 2);
        }
        const block = b + <usize>n * column;
        if (panels) addWidePanels(a, panels + ((<usize>n * <usize>K) << 2), K, width, out, edge);
        else if (column == 4) addProduct(a, block, inner, K, width, out);
        else addDots(a, block, column, K, width, out);
      }
    }
  }
}

function gathered(from: usize, step: usize, count: i32, to: usize): usize {
  for (let i = 0; i < count; i++, from += step) store<f32>(to + (<usize>i << 2), load<f32>(from));
  return to;
}

/** out += a·b for a row `a` of K elements and rows of b of N elements, `stride` bytes apart: eight rows of b at a time, read in order. */
export function addProduct(a: usize, b: usize, stride: usize, K: i32, N: i32, out: usize): void {
  let k = 0;
  for (; k + 8 <= K; k += 8, a += 32, b += 8 * stride) addEight(a, b, stride, N, out);
  for (; k < K; k++, a += 4, b += stride) addOne(a, b, N, out);
}

function addEight(a: usize, b: usize, stride: usize, N: i32, out: usize): void {
  const x0 = v128.load32_splat(a), x1 = v128.load32_splat(a, 4), x2 = v128.load32_splat(a, 8), x3 = v128.load32_splat(a, 12);
  const x4 = v128.load32_splat(a, 16), x5 = v128.load32_splat(a, 20), x6 = v128.load32_splat(a, 24), x7 = v128.load32_splat(a, 28);
  const b1 = b + stride, b2 = b1 + stride, b3 = b2 + stride, b4 = b3 + stride, b5 = b4 + stride, b6 = b5 + stride, b7 = b6 + stride;
  const bytes = <usize>N << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    // In the order of the terms, as addWide adds them: what comes out does not depend on whether there is a packed copy yet.
    let sum = madd(x0, v128.load(b + at), v128.load(out + at));
    sum = madd(x1, v128.load(b1 + at), sum);
    sum = madd(x2, v128.load(b2 + at), sum);
    sum = madd(x3, v128.load(b3 + at), sum);
    sum = madd(x4, v128.load(b4 + at), sum);
    sum = madd(x5, v128.load(b5 + at), sum);
    sum = madd(x6, v128.load(b6 + at), sum);
    sum = madd(x7, v128.load(b7 + at), sum);
    if (bytes - at >= 16) v128.store(out + at, sum);
    else storeLanes(out + at, sum, <i32>(bytes - at) >> 2);
  }
}

function addOne(a: usize, b: usize, N: i32, out: usize): void {
  const x = v128.load32_splat(a);
  const bytes = <usize>N << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const sum = madd(x, v128.load(b + at), v128.load(out + at));
    if (bytes - at >= 16) v128.store(out + at, sum);
    else storeLanes(out + at, sum, <i32>(bytes - at) >> 2);
  }
}

/** out += a·b for a row `a` of K elements and N columns of wide panels; `edge` takes the results of a panel that has fewer. */
export function addWidePanels(a: usize, panels: usize, K: i32, N: i32, out: usize, edge: usize): void {
  const panelBytes = <usize>K * (4 * WIDE);
  let n = 0;
  for (; n + WIDE <= N; n += WIDE, panels += panelBytes, out += 4 * WIDE) addWide(a, panels, K, out);
  if (n == N) return;
  memory.copy(edge, out, <usize>(N - n) << 2);
  addWide(a, panels, K, edge);
  memory.copy(out, edge, <usize>(N - n) << 2);
}

function addWide(a: usize, b: usize, K: i32, out: usize): void {
  let c0 = v128.load(out), c1 = v128.load(out, 16), c2 = v128.load(out, 32), c3 = v128.load(out, 48);
  let c4 = v128.load(out, 64), c5 = v128.load(out, 80), c6 = v128.load(out, 96), c7 = v128.load(out, 112);
  const end = a + (<usize>K << 2);
  while (a < end) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0);
    c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2);
    c3 = madd(x, v128.load(b, 48), c3);
    c4 = madd(x, v128.load(b, 64), c4);
    c5 = madd(x, v128.load(b, 80), c5);
    c6 = madd(x, v128.load(b, 96), c6);
    c7 = madd(x, v128.load(b, 112), c7);
    a += 4;
    b += 4 * WIDE;
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
  v128.store(out, c2, 32);
  v128.store(out, c3, 48);
  v128.store(out, c4, 64);
  v128.store(out, c5, 80);
  v128.store(out, c6, 96);
  v128.store(out, c7, 112);
}

/** Command, wide panels `[panel][k][32]` of a matrix: [2] matrix [3] K [4] N [5] stride of k [6] stride of n [7] target. Missing columns are zeros. */
export function packWide(args: usize, part: i32, parts: i32): void {
  const K = int(args, 3);
  const N = int(args, 4);
  const inner = word(args, 5) << 2;
  const column = word(args, 6) << 2;
  const end = boundary((N + WIDE - 1) / WIDE, part + 1, parts);
  for (let panel = boundary((N + WIDE - 1) / WIDE, part, parts); panel < end; panel++) {
    const n = panel * WIDE;
    const count = min(WIDE, N - n);
    const from = word(args, 2) + <usize>n * column;
    let to = word(args, 7) + ((<usize>n * <usize>K) << 2);
    for (let k = 0; k < K; k++, to += 4 * WIDE) {
      let p = from + <usize>k * inner;
      for (let j = 0; j < WIDE; j++, p += column) store<f32>(to + (<usize>j << 2), j < count ? load<f32>(p) : 0);
    }
  }
}

/** out += a·bᵀ for a row `a` of K elements and N rows of b, `stride` bytes apart: four dot products at a time. */
export function addDots(a: usize, b: usize, stride: usize, K: i32, N: i32, out: usize): void {
  let n = 0;
  for (; n + 4 <= N; n += 4, b += 4 * stride, out += 16) addFourDots(a, b, stride, K, out);
  for (; n < N; n++, b += stride, out += 4) store<f32>(out, load<f32>(out) + dot(a, b, K));
}

function addFourDots(a: usize, b: usize, stride: usize, K: i32, out: usize): void {
  const b1 = b + stride, b2 = b1 + stride, b3 = b2 + stride;
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, d0 = c0, d1 = c0, d2 = c0, d3 = c0;
  const whole = <usize>(K & ~7) << 2;
  for (let at: usize = 0; at < whole; at += 32) {
    const x = v128.load(a + at), y = v128.load(a + at, 16);
    c0 = madd(x, v128.load(b + at), c0);
    c1 = madd(x, v128.load(b1 + at), c1);
    c2 = madd(x, v128.load(b2 + at), c2);
    c3 = madd(x, v128.load(b3 + at), c3);
    d0 = madd(y, v128.load(b + at, 16), d0);
    d1 = madd(y, v128.load(b1 + at, 16), d1);
    d2 = madd(y, v128.load(b2 + at, 16), d2);
    d3 = madd(y, v128.load(b3 + at, 16), d3);
  }
  let s0 = sumLanes(f32x4.add(c0, d0)), s1 = sumLanes(f32x4.add(c1, d1));
  let s2 = sumLanes(f32x4.add(c2, d2)), s3 = sumLanes(f32x4.add(c3, d3));
  for (let at = whole; at < <usize>K << 2; at += 4) {
    const x = load<f32>(a + at);
    s0 += x * load<f32>(b + at);
    s1 += x * load<f32>(b1 + at);
    s2 += x * load<f32>(b2 + at);
    s3 += x * load<f32>(b3 + at);
  }
  store<f32>(out, load<f32>(out) + s0);
  store<f32>(out, load<f32>(out, 4) + s1, 4);
  store<f32>(out, load<f32>(out, 8) + s2, 8);
  store<f32>(out, load<f32>(out, 12) + s3, 12);
}

function dot(a: usize, b: usize, K: i32): f32 {
  let c = f32x4.splat(0);
  const whole = <usize>(K & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) c = madd(v128.load(a + at), v128.load(b + at), c);
  let sum = sumLanes(c);
  for (let at = whole; at < <usize>K << 2; at += 4) sum += load<f32>(a + at) * load<f32>(b + at);
  return sum;
}
