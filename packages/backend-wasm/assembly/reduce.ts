// Sums, means, extremes and products; argmax and topK; sums of squares.

import { boundary, float, int, madd, scratchOf, sumLanes, word } from "./simd";

const SUM: i32 = 0;
const MAX: i32 = 1;
const MIN: i32 = 2;
const PRODUCT: i32 = 3;
const INT_SUM: i32 = 4;
const INT_MAX: i32 = 5;
const INT_MIN: i32 = 6;
const INT_PRODUCT: i32 = 7;

/** Float sums over a row go in blocks of this many elements, and the blocks' sums add up in double. */
const BLOCK: i32 = 512;

/**
 * Command: reduces the middle dimension of `[outer, length, inner]`. [2] kind [3] outer [4] length [5] inner [6] x [7] out [8] factor of the result (float)
 * [9] value for an empty dimension. Parts split the outputs.
 */
export function reduce(args: usize, part: i32, parts: i32): void {
  const kind = int(args, 2);
  const outer = int(args, 3);
  const length = int(args, 4);
  const inner = int(args, 5);
  const x = word(args, 6);
  const out = word(args, 7);
  const factor = float(args, 8);
  if (length == 0) {
    for (let i = boundary(outer * inner, part, parts); i < boundary(outer * inner, part + 1, parts); i++) {
      store<u32>(out + (<usize>i << 2), load<u32>(args + 36));
    }
    return;
  }
  if (inner == 1) {
    const end = boundary(outer, part + 1, parts);
    for (let i = boundary(outer, part, parts); i < end; i++) {
      const p = x + ((<usize>i * <usize>length) << 2);
      const o = out + (<usize>i << 2);
      if (kind >= INT_SUM) store<i32>(o, foldInts(kind, p, length));
      else if (kind == SUM) store<f32>(o, <f32>(sum64(p, length) * <f64>factor));
      else store<f32>(o, foldFloats(kind, p, length));
    }
    return;
  }
  // Columns side by side: by strips that keep their accumulators in the output.
  const from = outer > 1 ? boundary(outer, part, parts) : 0;
  const to = outer > 1 ? boundary(outer, part + 1, parts) : 1;
  const first = outer > 1 ? 0 : boundary((inner + 15) >> 4, part, parts) << 4;
  const last = outer > 1 ? inner : min(inner, boundary((inner + 15) >> 4, part + 1, parts) << 4);
  if (first >= last) return;
  for (let i = from; i < to; i++) {
    const p = x + ((<usize>i * <usize>length * <usize>inner + <usize>first) << 2);
    const o = out + ((<usize>i * <usize>inner + <usize>first) << 2);
    switch (kind) {
      case SUM: columns(SUM, p, length, inner, o, last - first); break;
      case MAX: columns(MAX, p, length, inner, o, last - first); break;
      case MIN: columns(MIN, p, length, inner, o, last - first); break;
      case PRODUCT: columns(PRODUCT, p, length, inner, o, last - first); break;
      case INT_SUM: columns(INT_SUM, p, length, inner, o, last - first); break;
      case INT_MAX: columns(INT_MAX, p, length, inner, o, last - first); break;
      case INT_MIN: columns(INT_MIN, p, length, inner, o, last - first); break;
      default: columns(INT_PRODUCT, p, length, inner, o, last - first);
    }
    if (kind == SUM && factor != 1) {
      for (let j = 0; j < last - first; j++) store<f32>(o + (<usize>j << 2), load<f32>(o + (<usize>j << 2)) * factor);
    }
  }
}

/** Folds rows into the output, four at a time in pairs: the row of results is read and written once for four rows. */
// @ts-ignore: decorator
@inline
function columns(kind: i32, x: usize, length: i32, inner: i32, out: usize, count: i32): void {
  const next = <usize>inner << 2;
  memory.copy(out, x, <usize>count << 2);
  let i = 1;
  x += next;
  for (; i + 4 <= length; i += 4, x += 4 * next) {
    let p = x;
    let o = out;
    let j = 0;
    for (; j + 4 <= count; j += 4, p += 16, o += 16) {
      const low = fold(kind, v128.load(p), v128.load(p + next));
      const high = fold(kind, v128.load(p + 2 * next), v128.load(p + 3 * next));
      v128.store(o, fold(kind, v128.load(o), fold(kind, low, high)));
    }
    for (; j < count; j++, p += 4, o += 4) {
      const low = fold(kind, v128.load32_splat(p), v128.load32_splat(p + next));
      const high = fold(kind, v128.load32_splat(p + 2 * next), v128.load32_splat(p + 3 * next));
      v128.store32_lane(o, fold(kind, v128.load32_splat(o), fold(kind, low, high)), 0);
    }
  }
  for (; i < length; i++, x += next) {
    for (let j: usize = 0; j < <usize>count << 2; j += 4) {
      v128.store32_lane(out + j, fold(kind, v128.load32_splat(out + j), v128.load32_splat(x + j)), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function fold(kind: i32, a: v128, b: v128): v128 {
  if (kind == SUM) return f32x4.add(a, b);
  if (kind == MAX) return f32x4.max(a, b);
  if (kind == MIN) return f32x4.min(a, b);
  if (kind == PRODUCT) return f32x4.mul(a, b);
  if (kind == INT_SUM) return i32x4.add(a, b);
  if (kind == INT_MAX) return i32x4.max_s(a, b);
  if (kind == INT_MIN) return i32x4.min_s(a, b);
  return i32x4.mul(a, b);
}

/** Σ x. */
function sum64(x: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let done = 0; done < count; done += BLOCK) {
    const length = min(BLOCK, count - done);
    let a = f32x4.splat(0), b = f32x4.splat(0), c = f32x4.splat(0), d = f32x4.splat(0);
    let i = 0;
    for (; i + 16 <= length; i += 16, x += 64) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
    }
    total += <f64>sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    for (; i < length; i++, x += 4) total += <f64>load<f32>(x);
  }
  return total;
}

/** Σ x². */
function squares64(x: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let done = 0; done < count; done += BLOCK) {
    const length = min(BLOCK, count - done);
    let a = f32x4.splat(0), b = f32x4.splat(0);
    let i = 0;
    for (; i + 8 <= length; i += 8, x += 32) {
      const p = v128.load(x), q = v128.load(x, 16);
      a = madd(p, p, a);
      b = madd(q, q, b);
    }
    total += <f64>sumLanes(f32x4.add(a, b));
    for (; i < length; i++, x += 4) total += <f64>load<f32>(x) * <f64>load<f32>(x);
  }
  return total;
}

function foldFloats(kind: i32, x: usize, count: i32): f32 {
  if (kind == PRODUCT) {
    let product: f64 = 1;
    for (let i = 0; i < count; i++) product *= <f64>load<f32>(x + (<usize>i << 2));
    return <f32>product;
  }
  let value = load<f32>(x);
  for (let i = 1; i < count; i++) {
    const next = load<f32>(x + (<usize>i << 2));
    value = kind == MAX ? max<f32>(value, next) : min<f32>(value, next);
  }
  return value;
}

function foldInts(kind: i32, x: usize, count: i32): i32 {
  let value = load<i32>(x);
  for (let i = 1; i < count; i++) {
    const next = load<i32>(x + (<usize>i << 2));
    if (kind == INT_SUM) value += next;
    else if (kind == INT_PRODUCT) value *= next;
    else value = kind == INT_MAX ? max(value, next) : min(value, next);
  }
  return value;
}

/** Command: Σ x² over several arrays. [2] out [3] how many arrays, then [address] [words] of each. One part. */
export function sumOfSquares(args: usize, part: i32, parts: i32): void {
  if (part != 0) return;
  let total: f64 = 0;
  for (let i = 0; i < int(args, 3); i++) total += squares64(word(args, 4 + 2 * i), int(args, 5 + 2 * i));
  store<f32>(word(args, 2), <f32>total);
}

/** Command: [2] 1 for float [3] outer [4] length [5] inner [6] x [7] out. */
export function argmax(args: usize, part: i32, parts: i32): void {
  const isFloat = int(args, 2);
  const length = int(args, 4);
  const inner = int(args, 5);
  const total = int(args, 3) * inner;
  const step = <usize>inner << 2;
  for (let i = boundary(total, part, parts); i < boundary(total, part + 1, parts); i++) {
    const o = i / inner;
    let p = word(args, 6) + ((<usize>o * <usize>length * <usize>inner + <usize>(i - o * inner)) << 2);
    let best = 0;
    const first = p;
    for (let k = 1; k < length; k++) {
      p += step;
      if (isFloat) {
        const largest = load<f32>(first + <usize>best * step);
        const value = load<f32>(p);
        // NaN is larger than all.
        if (largest == largest && (value > largest || value != value)) best = k;
      } else if (load<i32>(p) > load<i32>(first + <usize>best * step)) {
        best = k;
      }
    }
    store<i32>(word(args, 7) + (<usize>i << 2), best);
  }
}

/** Command: [2] 1 for float [3] rows [4] length [5] k [6] x [7] values [8] indices. The heap of each row lies in its place among the indices. */
export function topK(args: usize, part: i32, parts: i32): void {
  const isFloat = int(args, 2) != 0;
  const length = int(args, 4);
  const k = int(args, 5);
  for (let row = boundary(int(args, 3), part, parts); row < boundary(int(args, 3), part + 1, parts); row++) {
    const x = word(args, 6) + ((<usize>row * <usize>length) << 2);
    const values = word(args, 7) + ((<usize>row * <usize>k) << 2);
    const heap = word(args, 8) + ((<usize>row * <usize>k) << 2);
    for (let i = 0; i < k; i++) store<i32>(heap + (<usize>i << 2), i);
    for (let i = (k >> 1) - 1; i >= 0; i--) siftDown(isFloat, x, heap, i, k);
    for (let i = k; i < length; i++) {
      if (precedes(isFloat, x, i, load<i32>(heap))) {
        store<i32>(heap, i);
        siftDown(isFloat, x, heap, 0, k);
      }
    }
    // The root is the last of those left: it takes the last free place.
    for (let i = k - 1; i >= 0; i--) {
      const place = load<i32>(heap);
      store<i32>(heap, load<i32>(heap + (<usize>i << 2)));
      siftDown(isFloat, x, heap, 0, i);
      store<i32>(heap + (<usize>i << 2), place);
    }
    for (let i: usize = 0; i < <usize>k << 2; i += 4) store<u32>(values + i, load<u32>(x + (<usize>load<i32>(heap + i) << 2)));
  }
}

/** Restores the heap below `node`: each parent comes after its children in order. */
function siftDown(isFloat: bool, x: usize, heap: usize, node: i32, count: i32): void {
  const place = load<i32>(heap + (<usize>node << 2));
  for (;;) {
    let child = 2 * node + 1;
    if (child >= count) break;
    let candidate = load<i32>(heap + (<usize>child << 2));
    if (child + 1 < count) {
      const other = load<i32>(heap + (<usize>child << 2), 4);
      if (precedes(isFloat, x, candidate, other)) {
        child++;
        candidate = other;
      }
    }
    if (precedes(isFloat, x, candidate, place)) break;
    store<i32>(heap + (<usize>node << 2), candidate);
    node = child;
  }
  store<i32>(heap + (<usize>node << 2), place);
}

/** Whether element i comes before j: it is larger, or as large and earlier. NaN is larger than all. */
function precedes(isFloat: bool, x: usize, i: i32, j: i32): bool {
  if (!isFloat) {
    const a = load<i32>(x + (<usize>i << 2)), b = load<i32>(x + (<usize>j << 2));
    return a == b ? i < j : a > b;
  }
  const a = load<f32>(x + (<usize>i << 2)), b = load<f32>(x + (<usize>j << 2));
  if (a > b) return true;
  if (a < b) return false;
  const aIsNaN = a != a;
  return aIsNaN == (b != b) ? i < j : aIsNaN;
}
