// How far a float32 backend may be from the exact result: by op, and by the number of terms that it adds up. Derived, never tuned.
//
// All bounds are in units of u = 2⁻²⁴, half the distance between 1 and the next float32 (the largest relative error of one rounding
// to nearest). They follow from three facts.
//
// 1. A sum or dot product of K terms makes K roundings. Rounding errors behave as independent numbers of mean zero, so they grow
//    as √K: |error| ≤ λ·√K·u·Σ|terms| with a probability that falls as exp(−λ²/2) (Higham & Mary, "A new approach to probabilistic
//    rounding error analysis", SIAM J. Sci. Comput. 41, 2019), and in practice far below, since partial sums are smaller than Σ|terms|. We allow 2·(1 + √K): one
//    rounding more for the final store, and 2u a rounding, since GPUs may round either way ("correctly rounded" in WGSL and Vulkan). Summation in blocks,
//    in pairs or in vector lanes meets it, with or without fused multiply-add. A single float32 chain over thousands of like terms may not: there
//    the roundings are no longer independent (each term loses the same bits), and a backend should not add up that way.
// 2. Elementary functions: what the Vulkan specification ("Precision of SPIR-V Instructions", taken over by WGSL) demands of hardware: division
//    2.5 ulp, exp (3 + 2·|x|) ulp, log 3 ulp or 2⁻²¹ absolute on [0.5, 2], inverse square root 2 ulp, square root as 1/inverse square root. 1 ulp ≤ 2u·|y|.
//    It says nothing useful of tanh, and backends write their own: a rational or Padé form with one division is good to 4 ulp.
// 3. Composite formulas: the errors of their parts, carried through to first order (see src/bounds).
//
// Results below 2⁻¹²⁶ may be flushed to zero.

import type { ArithmeticKind, ComparisonKind, UnaryKind } from '@rnn/core'

/** The unit roundoff of float32, 2⁻²⁴. */
export const UNIT_ROUNDOFF: number = 2 ** -24

/** The smallest normal float32: results below may be flushed to zero. */
export const SMALLEST_NORMAL: number = 2 ** -126

/** One rounding in either direction, in units of u. */
export const ROUNDING = 2

/** Division, 2.5 ulp, in units of u. */
export const DIVISION = 5

/** Square root: 2 ulp for its inverse, 2.5 for the division. */
export const SQUARE_ROOT = 9

/** Inverse square root, 2 ulp. */
export const INVERSE_SQUARE_ROOT = 4

/** tanh and what is made of it, 4 ulp. */
export const TANH = 8

/** From here on tanh rounds to ±1: 1 − tanh(20) is below 10⁻¹⁷. */
export const SATURATED = 20

/** 2⁻²¹: the absolute error of a logarithm near 1. */
export const LOGARITHM_NEAR_ONE = 8

/** A sum of K terms, in units of u·Σ|terms|. */
export function accumulation(terms: number): number {
  return ROUNDING * (1 + Math.sqrt(terms))
}

/** Relative error of exp(x), in units of u: (3 + 2·|x|) ulp. */
export function exponential(x: number): number {
  return 6 + 4 * Math.abs(x)
}

/** Absolute error of ln(x), in units of u, where y = ln(x). */
export function logarithm(x: number, y: number): number {
  return x >= 0.5 && x <= 2 ? Math.max(LOGARITHM_NEAR_ONE, 6 * Math.abs(y)) : 6 * Math.abs(y)
}

/** A computation with `roundings` roundings on its longest path, in units of u and of the largest element of the result. */
export function chain(roundings: number): number {
  return 4 * accumulation(roundings)
}

/** Allowed absolute error of an element-wise function, in units of u, or `exact`. */
export type ElementTolerance<Arguments extends readonly number[]> = 'exact' | ((...args: Arguments) => number)

const relative =
  (factor: number): ((x: number, y: number) => number) =>
  (_, y) =>
    factor * Math.abs(y)

/** Unary functions of float32: the bound from argument x and exact result y. On int32 and bool all are exact. */
export const UNARY: Readonly<Record<UnaryKind, ElementTolerance<readonly [x: number, y: number]>>> = {
  negate: 'exact',
  absolute: 'exact',
  sign: 'exact',
  relu: 'exact',
  floor: 'exact',
  ceil: 'exact',
  round: 'exact',
  isNaN: 'exact',
  not: 'exact',
  square: relative(ROUNDING),
  exp: (x, y) => exponential(x) * y,
  log: (x, y) => logarithm(x, y),
  log1p: relative(16), // exact for small x by contract: a log, a division and a product around it
  sqrt: relative(SQUARE_ROOT),
  reciprocalSqrt: relative(INVERSE_SQUARE_ROOT),
  reciprocal: relative(DIVISION),
  tanh: (x, y) => (Math.abs(x) >= SATURATED ? 0 : TANH * Math.abs(y)), // exactly ±1 for large arguments
  sigmoid: (x) => (Math.abs(x) >= SATURATED * 5 ? 0 : TANH / 2 + ROUNDING), // ½ + ½·tanh(x/2): absolute; exactly 0 or 1 far out
  softplus: (x, y) => (20 + 4 * Math.abs(x)) * y, // for x ≪ 0 it is exp(x)
}

/** Binary functions of float32: the bound from arguments a, b and exact result y. On int32 and bool all are exact. */
export const BINARY: Readonly<
  Record<ArithmeticKind | ComparisonKind, ElementTolerance<readonly [a: number, b: number, y: number]>>
> = {
  add: (_, __, y) => ROUNDING * Math.abs(y),
  subtract: (_, __, y) => ROUNDING * Math.abs(y),
  multiply: (_, __, y) => ROUNDING * Math.abs(y),
  divide: (_, __, y) => DIVISION * Math.abs(y),
  remainder: (a) => (DIVISION + 2 * ROUNDING) * Math.abs(a), // a − b·trunc(a/b)
  power: (a, b, y) => {
    // exp2(b·log2(a))
    const exponent = Math.abs(b * Math.log(a))
    return (exponential(exponent) + ROUNDING * exponent + Math.abs(b) * logarithm(a, Math.log(a))) * Math.abs(y)
  },
  minimum: 'exact',
  maximum: 'exact',
  tanhGradient: (a, b) => 3 * ROUNDING * Math.abs(b) * (1 + a * a),
  sigmoidGradient: (_, __, y) => 3 * ROUNDING * Math.abs(y),
  reluGradient: 'exact',
  equal: 'exact',
  notEqual: 'exact',
  less: 'exact',
  lessEqual: 'exact',
  greater: 'exact',
  greaterEqual: 'exact',
  and: 'exact',
  or: 'exact',
}

/** A row of the published table. */
export interface ToleranceRow {
  readonly op: string
  /** What the bound multiplies, in words. */
  readonly relativeTo: string
  /** Units of u, for K terms. */
  units(terms: number): number | string
}

/** The table in words and numbers, as the README shows it. */
export const TOLERANCES: readonly ToleranceRow[] = [
  {
    op: 'fill, copy, transpose, concat, pad, gather, random bits, uniform, bernoulli',
    relativeTo: 'equal to the bit',
    units: () => 0,
  },
  {
    op: 'int32 and bool, comparisons, select, argmax, topK, min, max, negate, abs, sign, relu, floor, ceil, round',
    relativeTo: 'equal',
    units: () => 0,
  },
  { op: 'add, subtract, multiply, square, cast', relativeTo: '\\|y\\|', units: () => ROUNDING },
  { op: 'divide, reciprocal', relativeTo: '\\|y\\|', units: () => DIVISION },
  { op: 'sqrt; 1/sqrt', relativeTo: '\\|y\\|', units: () => `${SQUARE_ROOT}; ${INVERSE_SQUARE_ROOT}` },
  { op: 'exp, softplus', relativeTo: '\\|y\\|', units: () => '6 + 4·\\|x\\|; 20 + 4·\\|x\\|' },
  { op: 'log', relativeTo: '\\|y\\|, or 1 for x in [½, 2]', units: () => `6, or ${LOGARITHM_NEAR_ONE}` },
  { op: 'tanh; log1p', relativeTo: '\\|y\\|', units: () => `${TANH}; 16` },
  { op: 'sigmoid', relativeTo: '1', units: () => TANH / 2 + ROUNDING },
  { op: 'sum, mean, matmul, scatterAdd, accumulate, sumOfSquares', relativeTo: 'Σ\\|terms\\|', units: accumulation },
  { op: 'product', relativeTo: '\\|y\\|', units: accumulation },
  { op: 'linear scan (K: 2T)', relativeTo: 'the scan of absolute values', units: accumulation },
  {
    op: 'softmax (K: classes), plus 6 + 6·\\|x − max\\| and its mean',
    relativeTo: '\\|y\\|',
    units: (terms) => accumulation(terms) + DIVISION,
  },
  {
    op: 'logSoftmax, cross-entropy (K: classes), plus 6 + 6·\\|x − max\\| in the mean',
    relativeTo: '1, and 2·(\\|x\\| + \\|log-sum-exp\\|)',
    units: (terms) => accumulation(terms) + LOGARITHM_NEAR_ONE,
  },
  {
    op: 'layer norm (K: width)',
    relativeTo: 'mean \\|x\\|, in units of the deviation',
    units: (terms) => accumulation(terms) + DIVISION,
  },
  {
    op: 'optimiser steps, normal numbers',
    relativeTo: 'src/bounds: 2 for each rounding, and the ops above',
    units: () => '',
  },
  {
    op: 'recurrent sequences (K: H + 2), times √T',
    relativeTo: 'largest Σ\\|terms\\| of a gate, plus 16',
    units: accumulation,
  },
  { op: 'gradients and layers (K: longest path)', relativeTo: 'largest element', units: chain },
]

/** The table as Markdown. */
export function toleranceTable(): string {
  const cell = (value: number | string): string =>
    typeof value === 'number' ? String(Math.round(value * 10) / 10) : value
  const rows = TOLERANCES.map(({ op, relativeTo, units }) => {
    const [one, many, most] = [1, 64, 4096].map((terms) => cell(units(terms)))
    return `| ${op} | ${relativeTo} | ${one} | ${one === many ? '' : many} | ${one === many ? '' : most} |`
  })
  return ['| op | relative to | K = 1 | K = 64 | K = 4096 |', '|---|---|---|---|---|', ...rows].join('\n')
}
