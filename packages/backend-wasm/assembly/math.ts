// Elementary functions. Vector forms are accurate to float32 within the published tolerances; scalar forms compute in doubles.

import { madd, nmadd } from "./simd";

/**
 * tanh x = x·P(x²)/Q(x²), fitted to least relative error on |x| ≤ 9.02 (half a unit of 2⁻²⁴ before rounding; below 7 units after, measured over one in
 * 23 of all floats). The argument is clamped where the quotient is past 1, and the quotient to [−1, 1], so that ±1000 gives exactly ±1. pmin and pmax let NaN pass.
 */
const TANH: usize = memory.data<f32>([
  10.0, -10.0, 1.0, -1.0,
  1.34813671337497e-8, 2.0705592760350555e-5, 0.0035016662441194057, 0.13386213779449463, 1.0,
  7.829927426428185e-7, 0.0003295426140539348, 0.025900322943925858, 0.4671953320503235, 1.0,
], 16);

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const one = v128.load32_splat(TANH, 8);
  x = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(TANH)), v128.load32_splat(TANH, 4));
  const y = f32x4.mul(x, x);
  let p = madd(v128.load32_splat(TANH, 16), y, v128.load32_splat(TANH, 20));
  let q = madd(v128.load32_splat(TANH, 36), y, v128.load32_splat(TANH, 40));
  p = madd(p, y, v128.load32_splat(TANH, 24));
  q = madd(q, y, v128.load32_splat(TANH, 44));
  p = madd(p, y, v128.load32_splat(TANH, 28));
  q = madd(q, y, v128.load32_splat(TANH, 48));
  p = madd(p, y, one);
  q = madd(q, y, one);
  const quotient = f32x4.div(f32x4.mul(x, p), q);
  return f32x4.pmax(f32x4.pmin(quotient, one), v128.load32_splat(TANH, 12));
}

/** The same with the halves of ½ + ½·tanh(x/2) worked into the coefficients. */
const SIGMOID: usize = memory.data<f32>([
  20.0, -20.0, 0.5, -0.5,
  1.34813671337497e-8 / 1024.0, 2.0705592760350555e-5 / 256.0, 0.0035016662441194057 / 64.0, 0.13386213779449463 / 16.0, 0.25,
  7.829927426428185e-7 / 256.0, 0.0003295426140539348 / 64.0, 0.025900322943925858 / 16.0, 0.4671953320503235 / 4.0, 1.0,
], 16);

// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const half = v128.load32_splat(SIGMOID, 8);
  x = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(SIGMOID)), v128.load32_splat(SIGMOID, 4));
  const y = f32x4.mul(x, x);
  let p = madd(v128.load32_splat(SIGMOID, 16), y, v128.load32_splat(SIGMOID, 20));
  let q = madd(v128.load32_splat(SIGMOID, 36), y, v128.load32_splat(SIGMOID, 40));
  p = madd(p, y, v128.load32_splat(SIGMOID, 24));
  q = madd(q, y, v128.load32_splat(SIGMOID, 44));
  p = madd(p, y, v128.load32_splat(SIGMOID, 28));
  q = madd(q, y, v128.load32_splat(SIGMOID, 48));
  p = madd(p, y, v128.load32_splat(SIGMOID, 32));
  q = madd(q, y, v128.load32_splat(SIGMOID, 52));
  const quotient = f32x4.div(f32x4.mul(x, p), q);
  return f32x4.add(half, f32x4.pmax(f32x4.pmin(quotient, half), v128.load32_splat(SIGMOID, 12)));
}

/** clip(0.2·x + 0.5, 0, 1); NaN passes. */
// @ts-ignore: decorator
@inline
export function hardSigmoid4(x: v128): v128 {
  const line = madd(x, f32x4.splat(0.2), f32x4.splat(0.5));
  return f32x4.pmax(f32x4.pmin(line, f32x4.splat(1)), f32x4.splat(0));
}

/** Derivative of the hard sigmoid where it is y. */
// @ts-ignore: decorator
@inline
export function hardSigmoidSlope4(y: v128): v128 {
  const inside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, f32x4.splat(1)));
  return v128.and(inside, f32x4.splat(0.2));
}

/**
 * eˣ = 2ᵏ·2ʳ·…: k = round(x/ln 2), a polynomial in r = x − k·ln 2 (ln 2 in two pieces), and 2ᵏ in two factors, so that results from the smallest
 * subnormal to infinity come out right.
 */
const EXP: usize = memory.data<f32>([
  90.0, -105.0, 1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-6,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1.0,
], 16);

// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const one = v128.load32_splat(EXP, 44);
  x = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(EXP)), v128.load32_splat(EXP, 4));
  const k = f32x4.nearest(f32x4.mul(x, v128.load32_splat(EXP, 8)));
  const r = nmadd(k, v128.load32_splat(EXP, 16), nmadd(k, v128.load32_splat(EXP, 12), x));
  let p = madd(v128.load32_splat(EXP, 20), r, v128.load32_splat(EXP, 24));
  p = madd(p, r, v128.load32_splat(EXP, 28));
  p = madd(p, r, v128.load32_splat(EXP, 32));
  p = madd(p, r, v128.load32_splat(EXP, 36));
  p = madd(p, r, v128.load32_splat(EXP, 40));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), one);
  const whole = i32x4.trunc_sat_f32x4_s(k);
  const half = i32x4.shr_s(whole, 1);
  const first = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(whole, half), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(p, first), second);
}

/** Natural logarithm in doubles: ln m by the series of artanh, m in [√½, √2). Relative error below 10⁻¹³. */
export function log64(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  let bits = reinterpret<i64>(x);
  let exponent: i64 = 0;
  if (bits < 0x0010000000000000) {
    bits = reinterpret<i64>(x * 18014398509481984.0);
    exponent = -54;
  }
  // The bits of √½ in the high part, so that the mantissa falls in [√½, √2).
  const shifted = bits - 0x3fe6a09e667f3bcd;
  exponent += shifted >> 52;
  const m = reinterpret<f64>(bits - (shifted & <i64>0xfff0000000000000));
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const tail =
    z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z * (1.0 / 15 + z * (1.0 / 17))))))));
  return <f64>exponent * 0.6931471805599453 + 2 * s * (1 + tail);
}

/** ln(1 + x) in doubles, exact for small x too. */
export function log1p64(x: f64): f64 {
  if (Math.abs(x) < 1e-4) return x * (1 - x * (0.5 - x * (1.0 / 3 - x * 0.25)));
  return log64(1 + x);
}

/** eˣ in doubles, as the CPU backend computes it: relative error below 2·10⁻¹². */
export function exp64(x: f64): f64 {
  const clamped = x > 709 ? 709 : x < -708 ? -708 : x;
  const k = nearest(clamped * 1.4426950408889634);
  const r = clamped - k * 0.6931471805599453;
  const p5 = 0.008333266071022454 + r * (0.001388882165071769 + r * (0.00019915881871396035 + r * 2.4876178959085513e-5));
  const p2 = 0.49999999999797773 + r * (0.16666666891180545 + r * (0.0416666668910917 + r * p5));
  const p = 1 + r * (0.999999999979769 + r * p2);
  // NaN has no k: it comes out of the polynomial.
  const exponent = k == k ? <i64>k : 0;
  const scale = reinterpret<f64>((exponent + 1023) << 52);
  return p * scale;
}

/** cos(2πv) for v in [0, 1), in doubles: reduced to an eighth of the circle. */
export function cosTurns(v: f64): f64 {
  const quarter = nearest(v * 4);
  const angle = (v - quarter * 0.25) * 6.283185307179586;
  const z = angle * angle;
  const quadrant = <i32>quarter & 3;
  if (quadrant & 1) {
    const sine = angle * (1 - z * (1.0 / 6 - z * (1.0 / 120 - z * (1.0 / 5040 - z * (1.0 / 362880 - z * (1.0 / 39916800 - z / 6227020800.0))))));
    return quadrant == 1 ? -sine : sine;
  }
  const cosine = 1 - z * (0.5 - z * (1.0 / 24 - z * (1.0 / 720 - z * (1.0 / 40320 - z * (1.0 / 3628800 - z / 479001600.0)))));
  return quadrant == 0 ? cosine : -cosine;
}
