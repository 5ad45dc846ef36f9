// Element-wise functions of one argument.

import { exp4, exp64, log1p64, log64, sigmoid4, tanh4 } from "./math";
import { int, scratchOf } from "./simd";
import { addressIn, Share, shareOf, stepOf } from "./walk";

// The numbers of the kinds; the host's table is in src/kernels/unary.ts.
const NEGATE: i32 = 0;
const ABSOLUTE: i32 = 1;
const SIGN: i32 = 2;
const EXP: i32 = 3;
const LOG: i32 = 4;
const LOG1P: i32 = 5;
const SQRT: i32 = 6;
const RECIPROCAL_SQRT: i32 = 7;
const RECIPROCAL: i32 = 8;
const SQUARE: i32 = 9;
const TANH: i32 = 10;
const SIGMOID: i32 = 11;
const RELU: i32 = 12;
const SOFTPLUS: i32 = 13;
const FLOOR: i32 = 14;
const CEIL: i32 = 15;
const ROUND: i32 = 16;
const IS_NAN: i32 = 17;
const INT_NEGATE: i32 = 18;
const INT_ABSOLUTE: i32 = 19;
const INT_SIGN: i32 = 20;
const INT_SQUARE: i32 = 21;
const INT_RELU: i32 = 22;
const NOT: i32 = 23;

/** Command: [2] kind, [3 …] a walk of x and out. */
export function unary(args: usize, part: i32, parts: i32): void {
  const share = changetype<Share>(scratchOf(args, part));
  shareOf(share, args, 3, part, parts);
  const count = share.end - share.begin;
  if (count <= 0) return;
  const kind = int(args, 2);
  const xStep = stepOf(args, 3, 0) << 2;
  const outStep = stepOf(args, 3, 1) << 2;
  for (let run = share.first; run < share.last; run++) {
    unaryRun(kind, addressIn(args, 3, 2, 0, run, share.begin), xStep, addressIn(args, 3, 2, 1, run, share.begin), outStep, count);
  }
}

function unaryRun(kind: i32, x: usize, xStep: usize, out: usize, outStep: usize, count: i32): void {
  switch (kind) {
    case NEGATE: map(NEGATE, x, xStep, out, outStep, count); break;
    case ABSOLUTE: map(ABSOLUTE, x, xStep, out, outStep, count); break;
    case SIGN: map(SIGN, x, xStep, out, outStep, count); break;
    case EXP: map(EXP, x, xStep, out, outStep, count); break;
    case SQRT: map(SQRT, x, xStep, out, outStep, count); break;
    case RECIPROCAL_SQRT: map(RECIPROCAL_SQRT, x, xStep, out, outStep, count); break;
    case RECIPROCAL: map(RECIPROCAL, x, xStep, out, outStep, count); break;
    case SQUARE: map(SQUARE, x, xStep, out, outStep, count); break;
    case TANH: map(TANH, x, xStep, out, outStep, count); break;
    case SIGMOID: map(SIGMOID, x, xStep, out, outStep, count); break;
    case RELU: map(RELU, x, xStep, out, outStep, count); break;
    case FLOOR: map(FLOOR, x, xStep, out, outStep, count); break;
    case CEIL: map(CEIL, x, xStep, out, outStep, count); break;
    case ROUND: map(ROUND, x, xStep, out, outStep, count); break;
    case IS_NAN: map(IS_NAN, x, xStep, out, outStep, count); break;
    case INT_NEGATE: map(INT_NEGATE, x, xStep, out, outStep, count); break;
    case INT_ABSOLUTE: map(INT_ABSOLUTE, x, xStep, out, outStep, count); break;
    case INT_SIGN: map(INT_SIGN, x, xStep, out, outStep, count); break;
    case INT_SQUARE: map(INT_SQUARE, x, xStep, out, outStep, count); break;
    case INT_RELU: map(INT_RELU, x, xStep, out, outStep, count); break;
    case NOT: map(NOT, x, xStep, out, outStep, count); break;
    default: {
      for (let i = 0; i < count; i++, x += xStep, out += outStep) store<f32>(out, <f32>inDoubles(kind, load<f32>(x)));
    }
  }
}

/** Four elements at a time where they lie side by side, else one by one through the same vector function. */
// @ts-ignore: decorator
@inline
function map(kind: i32, x: usize, xStep: usize, out: usize, outStep: usize, count: i32): void {
  let i = 0;
  if (xStep == 4 && outStep == 4) {
    for (; i + 4 <= count; i += 4, x += 16, out += 16) v128.store(out, apply(kind, v128.load(x)));
  }
  for (; i < count; i++, x += xStep, out += outStep) v128.store32_lane(out, apply(kind, v128.load32_splat(x)), 0);
}

// @ts-ignore: decorator
@inline
function apply(kind: i32, x: v128): v128 {
  if (kind == NEGATE) return f32x4.neg(x);
  if (kind == ABSOLUTE) return f32x4.abs(x);
  if (kind == SIGN) {
    const zero = f32x4.splat(0);
    const one = f32x4.splat(1);
    const sign = f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
    // Zeros keep their sign, and NaN passes.
    return v128.bitselect(sign, x, v128.or(f32x4.lt(x, zero), f32x4.gt(x, zero)));
  }
  if (kind == EXP) return exp4(x);
  if (kind == SQRT) return f32x4.sqrt(x);
  if (kind == RECIPROCAL_SQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (kind == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (kind == SQUARE) return f32x4.mul(x, x);
  if (kind == TANH) return tanh4(x);
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == RELU) return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  if (kind == FLOOR) return f32x4.floor(x);
  if (kind == CEIL) return f32x4.ceil(x);
  if (kind == ROUND) return f32x4.nearest(x);
  if (kind == IS_NAN) return v128.and(f32x4.ne(x, x), i32x4.splat(1));
  if (kind == INT_NEGATE) return i32x4.neg(x);
  if (kind == INT_ABSOLUTE) return i32x4.abs(x);
  if (kind == INT_SIGN) return i32x4.sub(i32x4.lt_s(x, i32x4.splat(0)), i32x4.gt_s(x, i32x4.splat(0)));
  if (kind == INT_SQUARE) return i32x4.mul(x, x);
  if (kind == INT_RELU) return i32x4.max_s(x, i32x4.splat(0));
  return v128.and(i32x4.eq(x, i32x4.splat(0)), i32x4.splat(1)); // NOT
}

function inDoubles(kind: i32, x: f64): f64 {
  if (kind == LOG) return log64(x);
  // ln(1 + eˣ) without overflow.
  if (kind == SOFTPLUS) return x != x ? x : Math.max(x, 0) + log1p64(exp64(-Math.abs(x)));
  return log1p64(x);
}
