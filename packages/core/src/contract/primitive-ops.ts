// The ops that every backend must run, one interface for each; its doc comment is normative. `T` is explained in op-call.ts.

import type { OpOutline } from './op-outline.ts'

/** `out[i] = value` (rounded to the dtype). */
export type FillOp<T> = OpOutline<'fill', readonly [], readonly [out: T], { readonly value: number }>

/**
 * `out = cast(x)`, or `out += x` with `accumulate` (same dtype; in place). Same number of elements in the same row-major order;
 * shapes may differ. Rows on both sides. Casts: float32→int32 truncates toward zero and saturates (NaN → 0); →bool is `x ≠ 0`.
 */
export type CopyOp<T> = OpOutline<'copy', readonly [x: T], readonly [out: T], { readonly accumulate: boolean }>

/** Element-wise functions of one argument. */
export type UnaryKind =
  | 'negate'
  | 'absolute'
  | 'sign'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'reciprocalSqrt'
  | 'reciprocal'
  | 'square'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'softplus'
  | 'floor'
  | 'ceil'
  | 'round' // to nearest, ties to even
  | 'isNaN' // bool
  | 'not' // bool → bool

/** `out[i] = kind(x[i])`. float32 → float32, except: negate, absolute, sign, square, relu also int32 → int32; isNaN gives bool; not takes bool. */
export type UnaryOp<T> = OpOutline<'unary', readonly [x: T], readonly [out: T], { readonly kind: UnaryKind }>

/** Element-wise functions of two arguments of one dtype whose result has that dtype. */
export type ArithmeticKind =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide' // int32: truncates toward zero, x / 0 = 0
  | 'remainder' // sign of the dividend, as in JavaScript; int32: x % 0 = 0
  | 'power' // float32 only
  | 'minimum' // NaN if either is
  | 'maximum'
  | 'tanhGradient' // a = tanh(x), b = upstream gradient: b·(1 − a²)
  | 'sigmoidGradient' // a = sigmoid(x): b·a·(1 − a)
  | 'reluGradient' // a = relu(x): a > 0 ? b : 0

/** Comparisons: any one dtype → bool. `and`, `or`: bool → bool. NaN compares as in IEEE 754. */
export type ComparisonKind = 'equal' | 'notEqual' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual' | 'and' | 'or'

/** Element-wise functions of two arguments. */
export type BinaryKind = ArithmeticKind | ComparisonKind

/**
 * `out = kind(a, b)`, broadcast by NumPy's rule to the shape of `out`. One of `a` and `b` may be null: it is then the constant
 * `scalar`, in the dtype of the other. An operand with rows has exactly the shape of `out`.
 */
export type BinaryOp<T> = OpOutline<
  'binary',
  readonly [a: T | null, b: T | null],
  readonly [out: T],
  { readonly kind: BinaryKind; readonly scalar?: number }
>

/** `out = mask ? a : b`, broadcast. `mask` is bool. One of `a` and `b` may be null: it is then the constant `scalar`. Rows as in binary. */
export type SelectOp<T> = OpOutline<
  'select',
  readonly [mask: T, a: T | null, b: T | null],
  readonly [out: T],
  { readonly scalar?: number }
>

/** What a reduction makes of the elements that it meets. */
export type ReduceKind = 'sum' | 'mean' | 'max' | 'min' | 'product'

/** Reduces `axes` (ascending, distinct, at least one). `out` has those axes left out or kept as 1. A sum or product over nothing is 0 or 1; max of nothing is −∞, min +∞. int32: sum, max, min, product; bool: max (any), min (all). */
export type ReduceOp<T> = OpOutline<
  'reduce',
  readonly [x: T],
  readonly [out: T],
  { readonly kind: ReduceKind; readonly axes: readonly number[] }
>

/** Index (int32) of the largest element along `axis`, the lowest index among equals; NaN counts as largest. `out` lacks the axis. */
export type ArgmaxOp<T> = OpOutline<'argmax', readonly [x: T], readonly [out: T], { readonly axis: number }>

/** The `k` largest of the last axis in descending order, with their indices (int32); among equals the lower index first. */
export type TopKOp<T> = OpOutline<'topK', readonly [x: T], readonly [values: T, indices: T], { readonly k: number }>

/**
 * `out = op(a) · op(b) + bias`, or `out += …` with `accumulate` (in place; then without bias). float32.
 * `a` is `[M, K]` or `[batch, M, K]` (`[K, M]` with transposeA), `b` likewise, `out` `[M, N]` or `[batch, M, N]`, all of one rank; `bias` is `[N]`. A batch of 1 in one operand
 * serves all of the other's; an `out` with a batch of 1 gets the sum of all products.
 */
export type MatmulOp<T> = OpOutline<
  'matmul',
  readonly [a: T, b: T, bias: T | null],
  readonly [out: T],
  { readonly transposeA: boolean; readonly transposeB: boolean; readonly accumulate: boolean }
>

/** `out.shape[i] = x.shape[permutation[i]]`. */
export type TransposeOp<T> = OpOutline<
  'transpose',
  readonly [x: T],
  readonly [out: T],
  { readonly permutation: readonly number[] }
>

/** Joins inputs of one dtype along `axis`; any number of inputs. */
export type ConcatOp<T> = OpOutline<'concat', readonly T[], readonly [out: T], { readonly axis: number }>

/** Surrounds `x` with `value`: `before[i]` and `after[i]` elements along each axis `i`. */
export type PadOp<T> = OpOutline<
  'pad',
  readonly [x: T],
  readonly [out: T],
  { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number }
>

/**
 * Rows of a table: `out[i, …] = table[indices[i], …]`; `table` is `[N, …row]`, `out` `[…indices.shape, …row]`. The index −1 stands for no row and
 * gives zeros; any other index outside `0 … N−1` must be reported as `E_INDEX_RANGE`, at once or at the next read or sync.
 */
export type GatherOp<T> = OpOutline<'gather', readonly [table: T, indices: T], readonly [out: T], Record<never, never>>

/** `table[indices[i], …] += updates[i, …]`, in place, each row's additions in ascending `i` (so repeats are deterministic); −1 is skipped, range as in gather. */
export type ScatterAddOp<T> = OpOutline<
  'scatterAdd',
  readonly [indices: T, updates: T],
  readonly [table: T],
  Record<never, never>
>

/** Softmax, or its logarithm, over the last axis, shifted by the row's maximum. */
export type SoftmaxOp<T> = OpOutline<'softmax', readonly [x: T], readonly [out: T], { readonly log: boolean }>

/**
 * Keyed random numbers (Threefry-2x32, 20 rounds; Salmon et al. 2011). `key` is int32 `[2]`. Element `i` comes from word `i & 1` of block
 * `(i >> 1, 0)`; for `normal` from both words of block `(i, 0)`.
 *
 * - `bits` (int32): the word itself.
 * - `uniform` (float32): `(word >>> 8) · 2⁻²⁴`, in [0, 1).
 * - `bernoulli` (float32 or bool): 1 where `(word >>> 8) < round(probability · 2²⁴)`, else 0.
 * - `normal` (float32): `sqrt(−2 ln u) · cos(2π v)`, `u = ((w0 >>> 8) + 1) · 2⁻²⁴`, `v = (w1 >>> 8) · 2⁻²⁴`.
 */
export type RandomOp<T> = OpOutline<
  'random',
  readonly [key: T],
  readonly [out: T],
  { readonly kind: 'bits' | 'uniform' | 'normal' } | { readonly kind: 'bernoulli'; readonly probability: number }
>
