// Micro-kernels: up to six rows of a left matrix times a packed panel of eight columns, in registers.
//
// 6 rows × 8 columns take 12 accumulators, 2 vectors of the panel and 1 broadcast: the 15 vector registers that V8 leaves. With relaxed SIMD this
// reaches 0.98 of the rate of a loop of nothing but multiply-adds (Node 24, AMD EPYC Zen 5; 4 × 8: 0.91). Without it, a product needs a register of its
// own: 4 × 8 is fastest then (0.89; 6 × 8 falls to 0.50). The loop is not unrolled on purpose: V8 unrolls it, and spills if it was before.
//
// These are functions rather than inlined loops: V8 can't replace a running function by its optimised version, so a kernel whose inner
// loop is a function of its own becomes fast in the middle of its first long call.

import { madd } from "./simd";

/** Rows of the largest micro-kernel. */
export const MAX_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/** How many of the remaining rows to take next, so that small and slow kernels come seldom. */
export function groupRows(remaining: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (remaining >= 10 || remaining == 6) return 6;
    if (remaining == 9) return 5;
    return remaining >= 7 ? 4 : remaining;
  }
  if (remaining == 5 || remaining == 9) return 5;
  if (remaining == 6) return 3;
  return remaining >= 4 ? 4 : remaining;
}


/**
 * out = init + a·panel. `a` and `init` are tables of row addresses, to which the offsets are added; the panel is `[K][8]`; rows of `out` are
 * `stride` bytes apart.
 */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32, a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize,
): void {
  let a0: usize = load<usize>(a) + aOffset;
  let a1: usize = 0;
  let a2: usize = 0;
  let a3: usize = 0;
  let a4: usize = 0;
  let a5: usize = 0;
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0), c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0), c51 = f32x4.splat(0);
  const from0: usize = load<usize>(init, 0) + initOffset;
  c00 = v128.load(from0);
  c01 = v128.load(from0, 16);
  if (rows > 1) {
    a1 = load<usize>(a, 4) + aOffset;
    const from1: usize = load<usize>(init, 4) + initOffset;
    c10 = v128.load(from1);
    c11 = v128.load(from1, 16);
  }
  if (rows > 2) {
    a2 = load<usize>(a, 8) + aOffset;
    const from2: usize = load<usize>(init, 8) + initOffset;
    c20 = v128.load(from2);
    c21 = v128.load(from2, 16);
  }
  if (rows > 3) {
    a3 = load<usize>(a, 12) + aOffset;
    const from3: usize = load<usize>(init, 12) + initOffset;
    c30 = v128.load(from3);
    c31 = v128.load(from3, 16);
  }
  if (rows > 4) {
    a4 = load<usize>(a, 16) + aOffset;
    const from4: usize = load<usize>(init, 16) + initOffset;
    c40 = v128.load(from4);
    c41 = v128.load(from4, 16);
  }
  if (rows > 5) {
    a5 = load<usize>(a, 20) + aOffset;
    const from5: usize = load<usize>(init, 20) + initOffset;
    c50 = v128.load(from5);
    c51 = v128.load(from5, 16);
  }
  const end = panel + (<usize>K << 5);
  while (panel < end) {
    const b0 = v128.load(panel), b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(a0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    a0 += 4;
    if (rows > 1) {
      const x1 = v128.load32_splat(a1);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      a1 += 4;
    }
    if (rows > 2) {
      const x2 = v128.load32_splat(a2);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      a2 += 4;
    }
    if (rows > 3) {
      const x3 = v128.load32_splat(a3);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      a3 += 4;
    }
    if (rows > 4) {
      const x4 = v128.load32_splat(a4);
      c40 = madd(x4, b0, c40);
      c41 = madd(x4, b1, c41);
      a4 += 4;
    }
    if (rows > 5) {
      const x5 = v128.load32_splat(a5);
      c50 = madd(x5, b0, c50);
      c51 = madd(x5, b1, c51);
      a5 += 4;
    }
    panel += 32;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  if (rows > 1) {
    out += stride;
    v128.store(out, c10);
    v128.store(out, c11, 16);
  }
  if (rows > 2) {
    out += stride;
    v128.store(out, c20);
    v128.store(out, c21, 16);
  }
  if (rows > 3) {
    out += stride;
    v128.store(out, c30);
    v128.store(out, c31, 16);
  }
  if (rows > 4) {
    out += stride;
    v128.store(out, c40);
    v128.store(out, c41, 16);
  }
  if (rows > 5) {
    out += stride;
    v128.store(out, c50);
    v128.store(out, c51, 16);
  }
}

export function tile1(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(1, a, aOffset, init, initOffset, panel, K, out, stride);
}

export function tile2(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(2, a, aOffset, init, initOffset, panel, K, out, stride);
}

export function tile3(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(3, a, aOffset, init, initOffset, panel, K, out, stride);
}

export function tile4(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(4, a, aOffset, init, initOffset, panel, K, out, stride);
}

export function tile5(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(5, a, aOffset, init, initOffset, panel, K, out, stride);
}

export function tile6(a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize): void {
  tile(6, a, aOffset, init, initOffset, panel, K, out, stride);
}

/** `tile` for a number of rows known at run time. */
export function tileOf(
  rows: i32, a: usize, aOffset: usize, init: usize, initOffset: usize, panel: usize, K: i32, out: usize, stride: usize,
): void {
  switch (rows) {
    case 1: tile1(a, aOffset, init, initOffset, panel, K, out, stride); break;
    case 2: tile2(a, aOffset, init, initOffset, panel, K, out, stride); break;
    case 3: tile3(a, aOffset, init, initOffset, panel, K, out, stride); break;
    case 4: tile4(a, aOffset, init, initOffset, panel, K, out, stride); break;
    case 5: tile5(a, aOffset, init, initOffset, panel, K, out, stride); break;
    default: if (ASC_FEATURE_RELAXED_SIMD) tile6(a, aOffset, init, initOffset, panel, K, out, stride);
  }
}
