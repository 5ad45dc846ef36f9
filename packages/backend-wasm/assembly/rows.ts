// Kernels that work row by row: softmax, cross-entropy, layer norm.

import { exp4, log64 } from "./math";
import { boundary, float, int, madd, scratchOf, storeLanes, sumLanes, word } from "./simd";

/** Largest element; NaN if one is. */
function rowMaximum(x: usize, count: i32): f32 {
  let largest = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) largest = f32x4.max(largest, v128.load(x));
  for (; i < count; i++, x += 4) largest = f32x4.max(largest, v128.load32_splat(x));
  return max<f32>(
    max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
}

/** Σ exp(x − shift); with `out`, writes the terms there. */
function sumExp(x: usize, count: i32, shift: f32, out: usize): f32 {
  const by = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) {
    const term = exp4(f32x4.sub(v128.load(x), by));
    if (out) {
      v128.store(out, term);
      out += 16;
    }
    sum = f32x4.add(sum, term);
  }
  if (i < count) {
    const term = exp4(f32x4.sub(v128.load(x), by));
    if (out) storeLanes(out, term, count - i);
    sum = f32x4.add(sum, firstLanes(term, count - i));
  }
  return sumLanes(sum);
}

/** The first `count` lanes, zeros in the others. */
// @ts-ignore: decorator
@inline
function firstLanes(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** Command: [2] rows [3] length [4] x [5] out [6] log. A row of −∞ alone (all masked) gives zeros, and −∞ as logarithm. */
export function softmax(args: usize, part: i32, parts: i32): void {
  const length = int(args, 3);
  const log = int(args, 6);
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    const at = (<usize>row * <usize>length) << 2;
    const x = word(args, 4) + at;
    const out = word(args, 5) + at;
    const largest = rowMaximum(x, length);
    if (largest == -Infinity) map(CONSTANT, x, length, log ? -Infinity : 0, 0, out);
    else if (log) map(SHIFT, x, length, largest, <f32>log64(<f64>sumExp(x, length, largest, 0)), out);
    else map(SCALE, out, length, 1 / sumExp(x, length, largest, out), 0, out);
  }
}

const CONSTANT: i32 = 0;
const SCALE: i32 = 1;
const SHIFT: i32 = 2;

/** out = a, x·a, or (x − a) − b: apart, since a sum of a large maximum and a small logarithm would lose the latter. */
function map(kind: i32, x: usize, count: i32, a: f32, b: f32, out: usize): void {
  const first = f32x4.splat(a);
  const second = f32x4.splat(b);
  for (let i = 0; i < count; i += 4, x += 16, out += 16) {
    const value = kind == CONSTANT
      ? first
      : kind == SCALE ? f32x4.mul(v128.load(x), first) : f32x4.sub(f32x4.sub(v128.load(x), first), second);
    if (count - i >= 4) v128.store(out, value);
    else storeLanes(out, value, count - i);
  }
}

/** Command: [2] rows [3] classes [4] logits [5] labels [6] class weights or 0 [7] label smoothing (float) [8] loss [9] log-sum-exp. */
export function crossEntropyForward(args: usize, part: i32, parts: i32): void {
  const classes = int(args, 3);
  const weights = word(args, 6);
  const smoothing: f64 = float(args, 7);
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    const x = word(args, 4) + ((<usize>row * <usize>classes) << 2);
    const label = load<i32>(word(args, 5) + (<usize>row << 2));
    const largest = rowMaximum(x, classes);
    // A row of −∞ alone: shifting by its maximum would give NaN.
    const shift: f32 = largest == -Infinity ? 0 : largest;
    const lse = <f64>shift + log64(<f64>sumExp(x, classes, shift, 0));
    let loss: f64 = 0;
    if (label >= 0) {
      const at = <usize>label << 2;
      loss = (1 - smoothing) * <f64>(weights ? load<f32>(weights + at) : 1) * (lse - <f64>load<f32>(x + at));
      if (smoothing != 0) {
        let distance: f64 = 0;
        for (let c: usize = 0; c < <usize>classes << 2; c += 4) {
          distance += <f64>(weights ? load<f32>(weights + c) : 1) * (lse - <f64>load<f32>(x + c));
        }
        loss += (smoothing / <f64>classes) * distance;
      }
    }
    store<f32>(word(args, 8) + (<usize>row << 2), <f32>loss);
    store<f32>(word(args, 9) + (<usize>row << 2), <f32>lse);
  }
}

/**
 * Command: as forward to [7], [8] gradient of the loss [9] log-sum-exp [10] gradient of the logits. With q[c] = (1−ε)·w[y]·[c = y] + ε/V·w[c]:
 * d loss / d x[c] = softmax(x)[c]·Σq − q[c].
 */
export function crossEntropyBackward(args: usize, part: i32, parts: i32): void {
  const classes = int(args, 3);
  const weights = word(args, 6);
  const smoothing: f64 = float(args, 7);
  const smooth = smoothing / <f64>classes;
  let totalWeight: f64 = 0;
  if (weights) for (let c: usize = 0; c < <usize>classes << 2; c += 4) totalWeight += <f64>load<f32>(weights + c);
  else totalWeight = classes;
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    const at = (<usize>row * <usize>classes) << 2;
    const x = word(args, 4) + at;
    const out = word(args, 10) + at;
    const label = load<i32>(word(args, 5) + (<usize>row << 2));
    if (label < 0) {
      memory.fill(out, 0, <usize>classes << 2);
      continue;
    }
    const grad: f64 = load<f32>(word(args, 8) + (<usize>row << 2));
    const hit = (1 - smoothing) * <f64>(weights ? load<f32>(weights + (<usize>label << 2)) : 1);
    const factor = f32x4.splat(<f32>(grad * (hit + smooth * totalWeight)));
    const shift = f32x4.splat(load<f32>(word(args, 9) + (<usize>row << 2)));
    const even = f32x4.splat(<f32>(grad * smooth));
    for (let c = 0; c < classes; c += 4) {
      const o = <usize>c << 2;
      let value = f32x4.mul(exp4(f32x4.sub(v128.load(x + o), shift)), factor);
      if (smooth != 0) value = f32x4.sub(value, weights ? f32x4.mul(even, v128.load(weights + o)) : even);
      if (classes - c >= 4) v128.store(out + o, value);
      else storeLanes(out + o, value, classes - c);
    }
    const o = out + (<usize>label << 2);
    store<f32>(o, <f32>(<f64>load<f32>(o) - grad * hit));
  }
}

/** Command: [2] rows [3] length [4] x [5] gain or 0 [6] bias or 0 [7] epsilon (float) [8] y [9] mean [10] rstd. */
export function layerNormForward(args: usize, part: i32, parts: i32): void {
  const length = int(args, 3);
  const gain = word(args, 5);
  const bias = word(args, 6);
  const end = boundary(int(args, 2), part + 1, parts);
  for (let row = boundary(int(args, 2), part, parts); row < end; row++) {
    const at = (<usize>row * <usize>length) << 2;
    const x = word(args, 4) + at;
    const y = word(args, 8) + at;
    const mean = <f32>(sumOf(x, length) / <f64>length);
    const center = f32x4.splat(mean);
    // Two passes: the difference of sums of squares would cancel where the mean is far from zero.
    const variance = squaredDistance(x, length, center) / <f64>length;
    const rstd = <f32>(1 / Math.sqrt(variance + <f64>float(args, 7)));
    store<f32>(word(args, 9) + (<usize>row << 2), mean);
    store<f32>(word(args, 10) + (<usize>row << 2), rstd);
    const scale = f32x4.splat(rstd);
    for (let j = 0; j < length; j += 4) {
      const o = <usize>j << 2;
      let value = f32x4.mul(f32x4.sub(v128.load(x + o), center), scale);
      if (gain) value = f32x4.mul(value, v128.load(gain + o));
      if (bias) value = f32x4.add(value, v128.load(bias + o));
      if (length - j >= 4) v128.store(y + o, value);
      else storeLanes(y + o, value, length - j);
    }
  }
}

function sumOf(x: usize, count: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) {
    const value = v128.load(x);
    low = f64x2.add(low, f64x2.promote_low_f32x4(value));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i64x2.shuffle(value, value, 1, 0)));
  }
  const both = f64x2.add(low, high);
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < count; i++, x += 4) total += <f64>load<f32>(x);
  return total;
}

function squaredDistance(x: usize, count: i32, center: v128): f64 {
  let total: f64 = 0;
  for (let i = 0; i < count; i += 64) {
    let sum = f32x4.splat(0);
    const end = min(count, i + 64);
    for (let j = i; j < end; j += 4, x += 16) {
      const distance = firstLanes(f32x4.sub(v128.load(x), center), end - j);
      sum = madd(distance, distance, sum);
    }
    total += <f64>sumLanes(sum);
  }
  return total;
}

/**
 * Command: [2] rows [3] length [4] gradient of y [5] x [6] gain or 0 [7] mean [8] rstd [9] gradient of x [10] of gain or 0 [11] of bias or 0.
 * With x̂ = (x − mean)·rstd and g = gradY·gain: gradX = rstd·(g − mean(g) − x̂·mean(g·x̂)), gradGain = Σ gradY·x̂, gradBias = Σ gradY. One part: the sums run over
 * all rows. Working memory: two rows.
 */
export function layerNormBackward(args: usize, part: i32, parts: i32): void {
  if (part != 0) return;
  const length = int(args, 3);
  const gain = word(args, 6);
  const bytes = <usize>length << 2;
  const gainSums = scratchOf(args, 0);
  const biasSums = gainSums + bytes + 16;
  memory.fill(gainSums, 0, 2 * bytes + 32);
  for (let row = 0; row < int(args, 2); row++) {
    const at = <usize>row * bytes;
    const upstream = word(args, 4) + at;
    const x = word(args, 5) + at;
    const out = word(args, 9) + at;
    const center = f32x4.splat(load<f32>(word(args, 7) + (<usize>row << 2)));
    const rstd = load<f32>(word(args, 8) + (<usize>row << 2));
    const scale = f32x4.splat(rstd);
    let sums = f32x4.splat(0), projections = f32x4.splat(0);
    for (let j = 0; j < length; j += 4) {
      const o = <usize>j << 2;
      const grad = firstLanes(v128.load(upstream + o), length - j);
      const normal = firstLanes(f32x4.mul(f32x4.sub(v128.load(x + o), center), scale), length - j);
      v128.store(gainSums + o, madd(grad, normal, v128.load(gainSums + o)));
      v128.store(biasSums + o, f32x4.add(grad, v128.load(biasSums + o)));
      const scaled = gain ? firstLanes(f32x4.mul(grad, v128.load(gain + o)), length - j) : grad;
      sums = f32x4.add(sums, scaled);
      projections = madd(scaled, normal, projections);
    }
    const sum = f32x4.splat(<f32>(<f64>sumLanes(sums) / <f64>length));
    const projection = f32x4.splat(<f32>(<f64>sumLanes(projections) / <f64>length));
    for (let j = 0; j < length; j += 4) {
      const o = <usize>j << 2;
      const grad = v128.load(upstream + o);
      const normal = f32x4.mul(f32x4.sub(v128.load(x + o), center), scale);
      const scaled = gain ? f32x4.mul(grad, v128.load(gain + o)) : grad;
      const value = f32x4.mul(scale, f32x4.sub(f32x4.sub(scaled, sum), f32x4.mul(normal, projection)));
      if (length - j >= 4) v128.store(out + o, value);
      else storeLanes(out + o, value, length - j);
    }
  }
  if (word(args, 10)) memory.copy(word(args, 10), gainSums, bytes);
  if (word(args, 11)) memory.copy(word(args, 11), biasSums, bytes);
}
