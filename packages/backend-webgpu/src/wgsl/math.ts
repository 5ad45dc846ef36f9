// Elementary functions in WGSL, by our own arithmetic: a driver's exp, log or tanh may be wrong by much, or NaN, for large arguments.
//
// NaN and infinity are told by their bits, since compilers may assume that there are none; constants that are NaN or infinite are errors in WGSL, so both
// come out of arithmetic at run time.

/** `isNan`, `isInf`, and `makeNan`, which reads the parameters. */
const BITS = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn isInf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }
fn makeNan() -> f32 { return bitcast<f32>(p.call | 0x7fc00000u); }
`

/**
 * eˣ: with k = round(x / ln 2) and r = x − k·ln 2, 2ᵏ times the Taylor polynomial of degree 7 in r (|r| ≤ 0.347: remainder below 6·10⁻⁹ of the result). Two
 * factors for 2ᵏ, since either end of its range passes that of one float32.
 */
const EXP = `
fn rnnExp(x: f32) -> f32 {
  let clamped = clamp(x, -104.0, 89.0);
  let k = round(clamped * 1.442695041);
  // ln 2 in two parts, the first with few enough bits that its product with k is exact.
  let r = (clamped - k * 0.693145751953125) - k * 1.42860682030941723212e-6;
  var sum = 1.0 / 720.0 + r * (1.0 / 5040.0);
  sum = 1.0 / 120.0 + r * sum;
  sum = 1.0 / 24.0 + r * sum;
  sum = 1.0 / 6.0 + r * sum;
  sum = 0.5 + r * sum;
  sum = 1.0 + r * (1.0 + r * sum);
  let whole = i32(k);
  let half = whole / 2;
  let scale = bitcast<f32>(u32(half + 127) << 23u);
  let rest = bitcast<f32>(u32(whole - half + 127) << 23u);
  return select(sum * scale * rest, x, isNan(x));
}
`

/**
 * ln x: x = 2ᵏ·(1 + f) with 1 + f in [√½, √2); with s = f / (2 + f), ln(1 + f) = 2·artanh(s) = f − s·(f − R), R = 2·(s²/3 + s⁴/5 + …), whose remainder past s¹⁰ is below
 * 3·10⁻⁹ of f.
 */
const LOG = `
fn logOnePlus(f: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0 + z * (2.0 / 11.0)))));
  return f - s * (f - series);
}

fn rnnLog(x: f32) -> f32 {
  let word = bitcast<u32>(x);
  if (word == 0x7f800000u) { return x; }
  if ((word << 1u) == 0u) { return bitcast<f32>((p.call & 0u) | 0xff800000u); }
  if (word > 0x7f800000u) { return makeNan(); }
  // Devices may take a subnormal number for 0. As an integer it is 2¹⁴⁹ times as large.
  let small = word < 0x00800000u;
  let bits = select(word, bitcast<u32>(f32(word)), small);
  // The exponent that leaves a mantissa in [√½, √2).
  let shifted = bits - 0x3f3504f3u;
  let exponent = bitcast<i32>(shifted) >> 23u;
  let mantissa = bitcast<f32>((shifted & 0x007fffffu) + 0x3f3504f3u);
  let k = f32(exponent) - select(0.0, 149.0, small);
  return k * 0.693145751953125 + (k * 1.42860682030941723212e-6 + logOnePlus(mantissa - 1.0));
}
`

/** ln(1 + x), which keeps the accuracy of small x. */
const LOG1P = `
fn rnnLog1p(x: f32) -> f32 {
  if (x > -0.29 && x < 0.41) { return select(logOnePlus(x), x, x == 0.0); }
  return rnnLog(1.0 + x);
}
`

/**
 * tanh: x·P(x²)/Q(x²), the fit of the CPU backend (relative error below 5·10⁻¹¹); ±1 from where it rounds to it. Its terms have one sign: nothing cancels. Roundings
 * are not let past ±1, so that 1 − tanh² is never negative.
 */
const TANH = `
fn rnnTanh(x: f32) -> f32 {
  let clamped = clamp(x, -9.2, 9.2);
  let y = clamped * clamped;
  let top = 0.99999999995 + y * (0.14092614738565554 + y * (0.004417156842476442 + y * (4.2046892177573976e-5 + y * (1.0987173821196936e-7 + y * 3.5929648005774945e-11))));
  let bottom = 1.0 + y * (0.47425948021872966 + y * (0.02917031782055991 + y * (0.0004991420510608997 + y * (2.5827628610275764e-6 + y * 2.9027987232937894e-9))));
  let ratio = clamp(clamped * (top / bottom), -1.0, 1.0);
  return select(select(ratio, sign(x), abs(x) > 9.1), x, isNan(x));
}
`

/** 1 / (1 + e⁻ˣ); exactly 0 and 1 far out. */
const SIGMOID = `
fn rnnSigmoid(x: f32) -> f32 {
  let ratio = 1.0 / (1.0 + rnnExp(-clamp(x, -88.0, 88.0)));
  return select(select(ratio, 0.0, x < -87.5), x, isNan(x));
}
`

/** ln(1 + eˣ) without overflow. */
const SOFTPLUS = `
fn rnnSoftplus(x: f32) -> f32 {
  return select(max(x, 0.0) + rnnLog1p(rnnExp(-abs(x))), x, isNan(x));
}
`

/** cos(2πv) for v in [0, 1]: the nearest quarter turn is taken off exactly, the rest is at most π/4. */
const COS_TURN = `
fn cosOfTurn(v: f32) -> f32 {
  let quarter = round(v * 4.0);
  let angle = (v - quarter * 0.25) * 6.283185307179586;
  let y = angle * angle;
  let cosine = 1.0 + y * (-0.5 + y * (1.0 / 24.0 + y * (-1.0 / 720.0 + y * (1.0 / 40320.0))));
  let sine = angle * (1.0 + y * (-1.0 / 6.0 + y * (1.0 / 120.0 + y * (-1.0 / 5040.0 + y * (1.0 / 362880.0)))));
  switch (u32(quarter) & 3u) {
    case 0u: { return cosine; }
    case 1u: { return -sine; }
    case 2u: { return -cosine; }
    default: { return sine; }
  }
}
`

/** aᵇ as ECMAScript has it: 1 for b = 0, NaN for a negative base with a broken exponent, and for ±1 with an infinite one. */
const POWER = `
fn rnnPower(a: f32, b: f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (isNan(a) || isNan(b)) { return makeNan(); }
  let size = abs(a);
  if (isInf(b) && size == 1.0) { return makeNan(); }
  let whole = floor(b) == b;
  let odd = whole && abs(b) < 16777216.0 && (i32(clamp(b, -16777216.0, 16777216.0)) & 1) == 1;
  let negative = (bitcast<u32>(a) >> 31u) == 1u;
  if (negative && !whole && !isInf(b) && size != 0.0 && !isInf(a)) { return makeNan(); }
  let result = powerOfSize(size, b);
  return select(result, -result, negative && odd);
}

fn powerOfSize(size: f32, b: f32) -> f32 {
  if (size == 1.0) { return 1.0; }
  return rnnExp(b * rnnLog(size));
}
`

/** The larger and the smaller of two; NaN if either is. */
const EXTREMES = `
fn rnnMax(a: f32, b: f32) -> f32 {
  if (isNan(a)) { return a; }
  if (isNan(b)) { return b; }
  return select(b, a, a > b || (a == b && bitcast<u32>(a) == 0u));
}
fn rnnMin(a: f32, b: f32) -> f32 {
  if (isNan(a)) { return a; }
  if (isNan(b)) { return b; }
  return select(b, a, a < b || (a == b && bitcast<u32>(a) == 0x80000000u));
}
`

/**
 * The remainder of a division that truncates, with the sign of the dividend: exact, by long division of the mantissas as integers, eight bits of the quotient at a
 * time. A quotient in float32 loses the remainder where it is large.
 */
const REMAINDER = `
fn rnnRemainder(a: f32, b: f32) -> f32 {
  let size = bitcast<u32>(a) & 0x7fffffffu;
  let by = bitcast<u32>(b) & 0x7fffffffu;
  if (size >= 0x7f800000u || by > 0x7f800000u || by == 0u) { return makeNan(); }
  // The words of positive numbers are in the order of the numbers.
  if (size < by) { return a; }
  // Subnormal numbers have the exponent 1, and no leading bit.
  let exponent = max(by >> 23u, 1u);
  let divisor = (by & 0x007fffffu) | select(0u, 0x00800000u, by >= 0x00800000u);
  var rest = ((size & 0x007fffffu) | select(0u, 0x00800000u, size >= 0x00800000u)) % divisor;
  var left = max(size >> 23u, 1u) - exponent;
  while (left > 0u) {
    let taken = min(left, 8u);
    rest = (rest << taken) % divisor;
    left -= taken;
  }
  let up = countLeadingZeros(rest) - 8u;
  let normal = ((exponent - up) << 23u) | ((rest << up) & 0x007fffffu);
  let word = select(rest << (exponent - 1u), normal, exponent > up);
  return bitcast<f32>(select(word, 0u, rest == 0u) | (bitcast<u32>(a) & 0x80000000u));
}
`

/** Functions of math in WGSL. */
export type MathName =
  | 'isNan'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'cosOfTurn'
  | 'power'
  | 'extremes'
  | 'remainder'

const parts: Readonly<Record<MathName, readonly string[]>> = {
  isNan: [BITS],
  exp: [BITS, EXP],
  log: [BITS, LOG],
  log1p: [BITS, LOG, LOG1P],
  tanh: [BITS, TANH],
  sigmoid: [BITS, EXP, SIGMOID],
  softplus: [BITS, EXP, LOG, LOG1P, SOFTPLUS],
  cosOfTurn: [COS_TURN],
  power: [BITS, EXP, LOG, POWER],
  extremes: [BITS, EXTREMES],
  remainder: [BITS, REMAINDER],
}

/** The text of some functions with all that they call, each once. A program that includes it has the uniform `p`. */
export function mathOf(...names: readonly MathName[]): string {
  return [...new Set(names.flatMap((name) => parts[name]))].join('')
}
