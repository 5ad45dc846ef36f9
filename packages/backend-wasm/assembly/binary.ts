// Element-wise functions of two arguments, comparisons, and select.

import { int, scratchOf } from "./simd";
import { addressIn, Share, shareOf, stepOf } from "./walk";

// The numbers of the kinds; the host's table is in src/kernels/binary.ts.
const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const MULTIPLY: i32 = 2;
const DIVIDE: i32 = 3;
const REMAINDER: i32 = 4;
const POWER: i32 = 5;
const MINIMUM: i32 = 6;
const MAXIMUM: i32 = 7;
const TANH_GRADIENT: i32 = 8;
const SIGMOID_GRADIENT: i32 = 9;
const RELU_GRADIENT: i32 = 10;
const EQUAL: i32 = 11;
const NOT_EQUAL: i32 = 12;
const LESS: i32 = 13;
const LESS_EQUAL: i32 = 14;
const GREATER: i32 = 15;
const GREATER_EQUAL: i32 = 16;
const INT_ADD: i32 = 17;
const INT_SUBTRACT: i32 = 18;
const INT_MULTIPLY: i32 = 19;
const INT_DIVIDE: i32 = 20;
const INT_REMAINDER: i32 = 21;
const INT_MINIMUM: i32 = 22;
const INT_MAXIMUM: i32 = 23;
const INT_RELU_GRADIENT: i32 = 24;
const INT_EQUAL: i32 = 25;
const INT_NOT_EQUAL: i32 = 26;
const INT_LESS: i32 = 27;
const INT_LESS_EQUAL: i32 = 28;
const INT_GREATER: i32 = 29;
const INT_GREATER_EQUAL: i32 = 30;
const AND: i32 = 31;
const OR: i32 = 32;

/** Command: [2] kind, [3 …] a walk of a, b and out. */
export function binary(args: usize, part: i32, parts: i32): void {
  const scratch = scratchOf(args, part);
  const share = changetype<Share>(scratch);
  shareOf(share, args, 3, part, parts);
  const count = share.end - share.begin;
  if (count <= 0) return;
  const kind = int(args, 2);
  const aStep = stepOf(args, 3, 0) << 2;
  const bStep = stepOf(args, 3, 1) << 2;
  const outStep = stepOf(args, 3, 2) << 2;
  for (let run = share.first; run < share.last; run++) {
    binaryRun(
      kind,
      addressIn(args, 3, 3, 0, run, share.begin), aStep, addressIn(args, 3, 3, 1, run, share.begin), bStep,
      addressIn(args, 3, 3, 2, run, share.begin), outStep, count, scratch + 32,
    );
  }
}

function binaryRun(kind: i32, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, outStep: usize, count: i32, constants: usize): void {
  switch (kind) {
    case ADD: map(ADD, a, aStep, b, bStep, out, outStep, count, constants); break;
    case SUBTRACT: map(SUBTRACT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case MULTIPLY: map(MULTIPLY, a, aStep, b, bStep, out, outStep, count, constants); break;
    case DIVIDE: map(DIVIDE, a, aStep, b, bStep, out, outStep, count, constants); break;
    case MINIMUM: map(MINIMUM, a, aStep, b, bStep, out, outStep, count, constants); break;
    case MAXIMUM: map(MAXIMUM, a, aStep, b, bStep, out, outStep, count, constants); break;
    case TANH_GRADIENT: map(TANH_GRADIENT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case SIGMOID_GRADIENT: map(SIGMOID_GRADIENT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case RELU_GRADIENT: map(RELU_GRADIENT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case EQUAL: map(EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case NOT_EQUAL: map(NOT_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case LESS: map(LESS, a, aStep, b, bStep, out, outStep, count, constants); break;
    case LESS_EQUAL: map(LESS_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case GREATER: map(GREATER, a, aStep, b, bStep, out, outStep, count, constants); break;
    case GREATER_EQUAL: map(GREATER_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_ADD: map(INT_ADD, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_SUBTRACT: map(INT_SUBTRACT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_MULTIPLY: map(INT_MULTIPLY, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_MINIMUM: map(INT_MINIMUM, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_MAXIMUM: map(INT_MAXIMUM, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_RELU_GRADIENT: map(INT_RELU_GRADIENT, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_EQUAL: map(INT_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_NOT_EQUAL: map(INT_NOT_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_LESS: map(INT_LESS, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_LESS_EQUAL: map(INT_LESS_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_GREATER: map(INT_GREATER, a, aStep, b, bStep, out, outStep, count, constants); break;
    case INT_GREATER_EQUAL: map(INT_GREATER_EQUAL, a, aStep, b, bStep, out, outStep, count, constants); break;
    case AND: map(AND, a, aStep, b, bStep, out, outStep, count, constants); break;
    case OR: map(OR, a, aStep, b, bStep, out, outStep, count, constants); break;
    default: {
      for (let i = 0; i < count; i++, a += aStep, b += bStep, out += outStep) oneByOne(kind, a, b, out);
    }
  }
}

/** Four elements at a time where the result lies side by side and each argument does, or stands still; else one by one. */
// @ts-ignore: decorator
@inline
function map(kind: i32, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, outStep: usize, count: i32, constants: usize): void {
  let i = 0;
  if (outStep == 4 && (aStep & ~4) == 0 && (bStep & ~4) == 0) {
    // An argument that stands still is read from four copies of it.
    let p = a, q = b;
    if (aStep == 0) {
      v128.store(constants, v128.load32_splat(a));
      p = constants;
    }
    if (bStep == 0) {
      v128.store(constants, v128.load32_splat(b), 16);
      q = constants + 16;
    }
    for (; i + 4 <= count; i += 4, p += 4 * aStep, q += 4 * bStep, out += 16) {
      v128.store(out, apply(kind, v128.load(p), v128.load(q)));
    }
    a += <usize>i * aStep;
    b += <usize>i * bStep;
  }
  for (; i < count; i++, a += aStep, b += bStep, out += outStep) {
    v128.store32_lane(out, apply(kind, v128.load32_splat(a), v128.load32_splat(b)), 0);
  }
}

// @ts-ignore: decorator
@inline
function apply(kind: i32, a: v128, b: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUBTRACT) return f32x4.sub(a, b);
  if (kind == MULTIPLY) return f32x4.mul(a, b);
  if (kind == DIVIDE) return f32x4.div(a, b);
  if (kind == MINIMUM) return f32x4.min(a, b);
  if (kind == MAXIMUM) return f32x4.max(a, b);
  if (kind == TANH_GRADIENT) return f32x4.mul(b, f32x4.sub(f32x4.splat(1), f32x4.mul(a, a)));
  if (kind == SIGMOID_GRADIENT) return f32x4.mul(f32x4.mul(b, a), f32x4.sub(f32x4.splat(1), a));
  if (kind == RELU_GRADIENT) return v128.and(b, f32x4.gt(a, f32x4.splat(0)));
  if (kind == INT_ADD) return i32x4.add(a, b);
  if (kind == INT_SUBTRACT) return i32x4.sub(a, b);
  if (kind == INT_MULTIPLY) return i32x4.mul(a, b);
  if (kind == INT_MINIMUM) return i32x4.min_s(a, b);
  if (kind == INT_MAXIMUM) return i32x4.max_s(a, b);
  if (kind == INT_RELU_GRADIENT) return v128.and(b, i32x4.gt_s(a, i32x4.splat(0)));
  return v128.and(holds(kind, a, b), i32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function holds(kind: i32, a: v128, b: v128): v128 {
  if (kind == EQUAL) return f32x4.eq(a, b);
  if (kind == NOT_EQUAL) return f32x4.ne(a, b);
  if (kind == LESS) return f32x4.lt(a, b);
  if (kind == LESS_EQUAL) return f32x4.le(a, b);
  if (kind == GREATER) return f32x4.gt(a, b);
  if (kind == GREATER_EQUAL) return f32x4.ge(a, b);
  if (kind == INT_EQUAL) return i32x4.eq(a, b);
  if (kind == INT_NOT_EQUAL) return i32x4.ne(a, b);
  if (kind == INT_LESS) return i32x4.lt_s(a, b);
  if (kind == INT_LESS_EQUAL) return i32x4.le_s(a, b);
  if (kind == INT_GREATER) return i32x4.gt_s(a, b);
  if (kind == INT_GREATER_EQUAL) return i32x4.ge_s(a, b);
  const zero = i32x4.splat(0);
  if (kind == AND) return v128.and(i32x4.ne(a, zero), i32x4.ne(b, zero));
  return v128.or(i32x4.ne(a, zero), i32x4.ne(b, zero)); // OR
}

function oneByOne(kind: i32, a: usize, b: usize, out: usize): void {
  if (kind == REMAINDER) {
    store<f32>(out, load<f32>(a) % load<f32>(b));
  } else if (kind == POWER) {
    store<f32>(out, power(load<f32>(a), load<f32>(b)));
  } else {
    const x = load<i32>(a);
    const y = load<i32>(b);
    // −2³¹ / −1 overflows: wrapped, as an int32 store does.
    if (y == 0) store<i32>(out, 0);
    else if (y == -1) store<i32>(out, kind == INT_DIVIDE ? -x : 0);
    else store<i32>(out, kind == INT_DIVIDE ? x / y : x % y);
  }
}

/** As JavaScript has it: unlike C, 1 or −1 to an infinite or missing exponent is NaN. */
function power(a: f32, b: f32): f32 {
  if (b != b || (Mathf.abs(a) == 1 && Mathf.abs(b) == Infinity)) return NaN;
  return Mathf.pow(a, b);
}

/** Command: [2] unused, [3 …] a walk of mask, a, b and out. Words move unchanged, whatever they stand for. */
export function select(args: usize, part: i32, parts: i32): void {
  const scratch = scratchOf(args, part);
  const share = changetype<Share>(scratch);
  shareOf(share, args, 3, part, parts);
  const count = share.end - share.begin;
  if (count <= 0) return;
  const maskStep = stepOf(args, 3, 0) << 2;
  const aStep = stepOf(args, 3, 1) << 2;
  const bStep = stepOf(args, 3, 2) << 2;
  const outStep = stepOf(args, 3, 3) << 2;
  for (let run = share.first; run < share.last; run++) {
    let mask = addressIn(args, 3, 4, 0, run, share.begin);
    let a = addressIn(args, 3, 4, 1, run, share.begin);
    let b = addressIn(args, 3, 4, 2, run, share.begin);
    let out = addressIn(args, 3, 4, 3, run, share.begin);
    let i = 0;
    if (outStep == 4 && maskStep == 4 && (aStep & ~4) == 0 && (bStep & ~4) == 0) {
      let p = a, q = b;
      if (aStep == 0) {
        v128.store(scratch + 32, v128.load32_splat(a));
        p = scratch + 32;
      }
      if (bStep == 0) {
        v128.store(scratch + 48, v128.load32_splat(b));
        q = scratch + 48;
      }
      for (; i + 4 <= count; i += 4, mask += 16, p += 4 * aStep, q += 4 * bStep, out += 16) {
        const unset = i32x4.eq(v128.load(mask), i32x4.splat(0));
        v128.store(out, v128.bitselect(v128.load(q), v128.load(p), unset));
      }
      a += <usize>i * aStep;
      b += <usize>i * bStep;
    }
    for (; i < count; i++, mask += maskStep, a += aStep, b += bStep, out += outStep) {
      store<u32>(out, load<u32>(load<u32>(mask) ? a : b));
    }
  }
}
