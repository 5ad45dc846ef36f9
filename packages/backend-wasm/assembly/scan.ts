// Linear recurrences h[t] = a[t]·h[t−1] + b[t] over `[B, T, H]`, element by element, and their gradients. Parts split the rows of the batch.

import { boundary, int, madd, storeLanes, word } from "./simd";

/** Command: [2] B [3] T [4] H [5] reverse [6] a [7] b [8] initial or 0 [9] h. */
export function linearScanForward(args: usize, part: i32, parts: i32): void {
  const T = int(args, 3);
  const H = int(args, 4);
  const reverse = int(args, 5);
  const bytes = <usize>H << 2;
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    let before = word(args, 8) ? word(args, 8) + <usize>row * bytes : 0;
    for (let s = 0; s < T; s++) {
      const at = <usize>(row * T + (reverse ? T - 1 - s : s)) * bytes;
      const h = word(args, 9) + at;
      scanStep(before, word(args, 6) + at, word(args, 7) + at, h, H);
      before = h;
    }
  }
}

function scanStep(before: usize, a: usize, b: usize, h: usize, count: i32): void {
  for (let j = 0; j < count; j += 4) {
    const at = <usize>j << 2;
    const value = before ? madd(v128.load(a + at), v128.load(before + at), v128.load(b + at)) : v128.load(b + at);
    if (count - j >= 4) v128.store(h + at, value);
    else storeLanes(h + at, value, count - j);
  }
}

/**
 * Command: [2] B [3] T [4] H [5] reverse [6] gradient of h [7] a [8] h [9] initial or 0 [10] gradient of a [11] of b [12] of initial or 0.
 * gradB[t] = gradH[t] + a[t+1]·gradB[t+1], gradA[t] = gradB[t]·h[t−1].
 */
export function linearScanBackward(args: usize, part: i32, parts: i32): void {
  const T = int(args, 3);
  const H = int(args, 4);
  const reverse = int(args, 5);
  const bytes = <usize>H << 2;
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    let later: usize = 0;
    for (let s = T - 1; s >= 0; s--) {
      const t = reverse ? T - 1 - s : s;
      const at = <usize>(row * T + t) * bytes;
      const before: usize = s > 0
        ? word(args, 8) + (reverse ? at + bytes : at - bytes)
        : word(args, 9) ? word(args, 9) + <usize>row * bytes : 0;
      const next = reverse ? at - bytes : at + bytes;
      gradStep(word(args, 6) + at, later ? word(args, 7) + next : 0, later, before, word(args, 11) + at, word(args, 10) + at, H);
      later = word(args, 11) + at;
    }
    if (word(args, 12)) {
      const out = word(args, 12) + <usize>row * bytes;
      if (T == 0) {
        memory.fill(out, 0, bytes);
      } else {
        const first = word(args, 7) + <usize>(row * T + (reverse ? T - 1 : 0)) * bytes;
        for (let j: usize = 0; j < bytes; j += 4) store<f32>(out + j, load<f32>(first + j) * load<f32>(later + j));
      }
    }
  }
}

/** A step between two others, 16 units at a time, without a question inside the loop; whatever is left, and the first and last step, go by `gradTail`. */
function gradStep(gradH: usize, a: usize, later: usize, before: usize, gradB: usize, gradA: usize, count: i32): void {
  let j = 0;
  if (later != 0 && before != 0) {
    for (; j + 16 <= count; j += 16) {
      const at = <usize>j << 2;
      const g0 = madd(v128.load(a + at), v128.load(later + at), v128.load(gradH + at));
      const g1 = madd(v128.load(a + at, 16), v128.load(later + at, 16), v128.load(gradH + at, 16));
      const g2 = madd(v128.load(a + at, 32), v128.load(later + at, 32), v128.load(gradH + at, 32));
      const g3 = madd(v128.load(a + at, 48), v128.load(later + at, 48), v128.load(gradH + at, 48));
      v128.store(gradB + at, g0);
      v128.store(gradB + at, g1, 16);
      v128.store(gradB + at, g2, 32);
      v128.store(gradB + at, g3, 48);
      v128.store(gradA + at, f32x4.mul(g0, v128.load(before + at)));
      v128.store(gradA + at, f32x4.mul(g1, v128.load(before + at, 16)), 16);
      v128.store(gradA + at, f32x4.mul(g2, v128.load(before + at, 32)), 32);
      v128.store(gradA + at, f32x4.mul(g3, v128.load(before + at, 48)), 48);
    }
  }
  gradTail(gradH, a, later, before, gradB, gradA, j, count);
}

function gradTail(
  gradH: usize, a: usize, later: usize, before: usize, gradB: usize, gradA: usize, from: i32, count: i32
): void {
  for (let j = from; j < count; j += 4) {
    const at = <usize>j << 2;
    let grad = v128.load(gradH + at);
    if (later) grad = madd(v128.load(a + at), v128.load(later + at), grad);
    const product = before ? f32x4.mul(grad, v128.load(before + at)) : f32x4.splat(0);
    if (count - j >= 4) {
      v128.store(gradB + at, grad);
      v128.store(gradA + at, product);
    } else {
      storeLanes(gradB + at, grad, count - j);
      storeLanes(gradA + at, product, count - j);
    }
  }
}
