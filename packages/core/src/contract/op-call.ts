// The ops of the Backend contract: plain, cloneable, immutable data, one interface for each op.
//
// Every call has the same outline (op, inputs, outputs, attributes), so that a decorator, a recorder or a worker handles all of
// them by one piece of code. `T` is `Operand` in a call, `OperandSignature` in a question to `supports`, and `Tensor` in a record
// of differentiation. Whatever changes from one training step to the next (learning rate, clip factor, random key) is an input.

import type { BufferHandle, Operand, OperandSignature } from './operand.ts'

interface OpOutline<Name extends string, Inputs, Outputs, Attributes> {
  readonly op: Name
  readonly inputs: Inputs
  readonly outputs: Outputs
  readonly attributes: Attributes
}

// ─── Required primitives ────────────────────────────────────────────────────────────────────────────────────────────────────

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

// ─── Fused ops (optional; each has a composite in core) ────────────────────────────────────────────────────────────────────

/** Cells that a backend may run as a whole sequence. Gate order is PyTorch's: LSTM i, f, g, o; GRU r, z, n with reset after the recurrent product. */
export type RecurrentKind = 'simpleTanh' | 'simpleRelu' | 'lstm' | 'gru'

/** How a whole sequence runs. */
export interface RecurrentAttributes {
  readonly cell: RecurrentKind
  /** Walk each row from its own last step to its first. */
  readonly reverse: boolean
  /** Sequences are `[T, B, ·]` instead of `[B, T, ·]`. */
  readonly timeMajor: boolean
}

/**
 * A whole sequence. G is the number of gates (1, 4, 3), H the units; sequences may have rows, all else is contiguous.
 *
 * Inputs: `projected [B, T, G·H]` (x·W + b), `recurrent [H, G·H]`, `recurrentBias [G·H]` (GRU, else null), `initialHidden` and `initialCell [B, H]` (null: zeros;
 * the cell only for LSTM), `lengths` int32 `[B]` (null: all T; 0 is legal), `hiddenMask [B, H]` (null: none; multiplies the hidden state
 * where it enters the recurrent product, the same at every step, as in Gal & Ghahramani 2016).
 *
 * Outputs: `sequence [B, T, H]` (zero past a row's end), `finalHidden [B, H]` (the state at the row's end; the initial state for length 0),
 * `finalCell` (LSTM, else null), `reserve` (null unless the sequence will be differentiated): `[B, T, 5·H]` = i, f, g, o, cell for LSTM; `[B, T, 4·H]` = r, z, n, and
 * the candidate's recurrent product with its bias for GRU; null for the simple cells. Values of `reserve` past a row's end are not defined.
 */
export type RecurrentForwardOp<T> = OpOutline<
  'recurrentForward',
  readonly [
    projected: T,
    recurrent: T,
    recurrentBias: T | null,
    initialHidden: T | null,
    initialCell: T | null,
    lengths: T | null,
    hiddenMask: T | null,
  ],
  readonly [sequence: T, finalHidden: T, finalCell: T | null, reserve: T | null],
  RecurrentAttributes
>

/**
 * Gradients of a whole sequence with respect to what entered the gates. Null among the first three inputs means a gradient of zero. `sequence` and
 * `reserve` are those of forward.
 *
 * Outputs: `gradProjected [B, T, G·H]` (zero past a row's end), `gradRecurrentProduct [B, T, G·H]` (GRU: differs in the candidate's third, where it is times r;
 * null for all others, where the two are equal), `gradInitialHidden`, `gradInitialCell [B, H]` (null when not wanted). The
 * gradients of kernel, recurrent weights, biases and x are matmuls and reductions of these.
 */
export type RecurrentBackwardOp<T> = OpOutline<
  'recurrentBackward',
  readonly [
    gradSequence: T | null,
    gradFinalHidden: T | null,
    gradFinalCell: T | null,
    sequence: T,
    reserve: T | null,
    recurrent: T,
    initialHidden: T | null,
    initialCell: T | null,
    lengths: T | null,
    hiddenMask: T | null,
  ],
  readonly [gradProjected: T, gradRecurrentProduct: T | null, gradInitialHidden: T | null, gradInitialCell: T | null],
  RecurrentAttributes
>

/** `h[t] = a[t]·h[t−1] + b[t]` over axis 1 of `[B, T, H]`; `initial [B, H]` (null: zeros). With `reverse`, t runs from T−1 down and `h[t+1]` takes the place of `h[t−1]`. */
export type LinearScanForwardOp<T> = OpOutline<
  'linearScanForward',
  readonly [a: T, b: T, initial: T | null],
  readonly [h: T],
  { readonly reverse: boolean }
>

/** `gradB[t] = gradH[t] + a[t+1]·gradB[t+1]`, `gradA[t] = gradB[t]·h[t−1]`, `gradInitial = a[0]·gradB[0]` (null when not wanted); `reverse` as in forward. */
export type LinearScanBackwardOp<T> = OpOutline<
  'linearScanBackward',
  readonly [gradH: T, a: T, h: T, initial: T | null],
  readonly [gradA: T, gradB: T, gradInitial: T | null],
  { readonly reverse: boolean }
>

/**
 * Cross-entropy of `logits [N, V]` with `labels` int32 `[N]`, by row, and the row's log-sum-exp for backward. With smoothing ε and class weights w `[V]` (null: ones):
 * `loss = (1−ε)·w[y]·(lse − x[y]) + ε/V · Σ_c w[c]·(lse − x[c])`. A label of −1 is ignored: loss 0. Other labels outside `0 … V−1`: `E_INDEX_RANGE` as in gather.
 */
export type CrossEntropyForwardOp<T> = OpOutline<
  'crossEntropyForward',
  readonly [logits: T, labels: T, classWeights: T | null],
  readonly [loss: T, logSumExp: T],
  { readonly labelSmoothing: number }
>

/** Gradient of the row losses with respect to `logits`, times `gradLoss [N]`. */
export type CrossEntropyBackwardOp<T> = OpOutline<
  'crossEntropyBackward',
  readonly [gradLoss: T, logits: T, labels: T, classWeights: T | null, logSumExp: T],
  readonly [gradLogits: T],
  { readonly labelSmoothing: number }
>

/** `y = (x − mean) · rstd · gain + bias` over the last axis (Ba et al. 2016); `rstd = 1/sqrt(variance + epsilon)`, biased variance; `mean`, `rstd` have x's shape without the last axis. */
export type LayerNormForwardOp<T> = OpOutline<
  'layerNormForward',
  readonly [x: T, gain: T | null, bias: T | null],
  readonly [y: T, mean: T, rstd: T],
  { readonly epsilon: number }
>

/** Gradients of layer norm; `gradGain` and `gradBias` are null when not wanted. */
export type LayerNormBackwardOp<T> = OpOutline<
  'layerNormBackward',
  readonly [gradY: T, x: T, gain: T | null, mean: T, rstd: T],
  readonly [gradX: T, gradGain: T | null, gradBias: T | null],
  Record<never, never>
>

/** `Σ x²` over all elements of all inputs, into a float32 of shape `[]`. */
export type SumOfSquaresOp<T> = OpOutline<'sumOfSquares', readonly T[], readonly [out: T], Record<never, never>>

/**
 * A step of gradient descent, in place. `schedule` is float32 `[1]`: the learning rate. `gradientScale` (shape `[]`, null: 1) multiplies the gradient first; then
 * `g += weightDecay·p`; with momentum μ: `v = μ·v + g` and `g = v`, or `g + μ·v` with nesterov; `p −= lr·g`. `velocity` is null when μ = 0.
 */
export type SgdStepOp<T> = OpOutline<
  'sgdStep',
  readonly [gradient: T, schedule: T, gradientScale: T | null],
  readonly [parameter: T, velocity: T | null],
  { readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number }
>

/**
 * RMSprop (Tieleman & Hinton 2012), in place: `s = ρ·s + (1−ρ)·g²`; `d = sqrt(s) + ε`, or `sqrt(s − a²) + ε` with `a = ρ·a + (1−ρ)·g` when centred (`average` not null);
 * `p −= lr·g/d`, or with momentum `v = μ·v + g/d; p −= lr·v`. `schedule` is `[1]`. Scale and weight decay as in sgdStep.
 */
export type RmspropStepOp<T> = OpOutline<
  'rmspropStep',
  readonly [gradient: T, schedule: T, gradientScale: T | null],
  readonly [parameter: T, meanSquare: T, average: T | null, velocity: T | null],
  { readonly decay: number; readonly epsilon: number; readonly momentum: number; readonly weightDecay: number }
>

/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in place. `schedule` is float32 `[3]`: learning rate, 1 − β₁ᵗ, 1 − β₂ᵗ. `m = β₁·m + (1−β₁)·g`,
 * `v = β₂·v + (1−β₂)·g²`, `p −= lr · (m / schedule[1]) / (sqrt(v / schedule[2]) + ε)`. Weight decay: `g += weightDecay·p` before, or with `decoupled` `p −= lr·weightDecay·p` before the update.
 */
export type AdamStepOp<T> = OpOutline<
  'adamStep',
  readonly [gradient: T, schedule: T, gradientScale: T | null],
  readonly [parameter: T, firstMoment: T, secondMoment: T],
  {
    readonly beta1: number
    readonly beta2: number
    readonly epsilon: number
    readonly weightDecay: number
    readonly decoupled: boolean
  }
>

// ─── The unions ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Ops that every backend must run. */
export type PrimitiveOp<T> =
  | FillOp<T>
  | CopyOp<T>
  | UnaryOp<T>
  | BinaryOp<T>
  | SelectOp<T>
  | ReduceOp<T>
  | ArgmaxOp<T>
  | TopKOp<T>
  | MatmulOp<T>
  | TransposeOp<T>
  | ConcatOp<T>
  | PadOp<T>
  | GatherOp<T>
  | ScatterAddOp<T>
  | SoftmaxOp<T>
  | RandomOp<T>

/** Ops that a backend may run; core has a composite for each. */
export type FusedOp<T> =
  | RecurrentForwardOp<T>
  | RecurrentBackwardOp<T>
  | LinearScanForwardOp<T>
  | LinearScanBackwardOp<T>
  | CrossEntropyForwardOp<T>
  | CrossEntropyBackwardOp<T>
  | LayerNormForwardOp<T>
  | LayerNormBackwardOp<T>
  | SumOfSquaresOp<T>
  | SgdStepOp<T>
  | RmspropStepOp<T>
  | AdamStepOp<T>

/** An op over any description of its operands. */
export type OpOf<T> = PrimitiveOp<T> | FusedOp<T>

/** An op to run now. */
export type OpCall = OpOf<Operand>

/** An op as a question: shapes, dtypes and attributes without buffers. Every `OpCall` is one. */
export type OpSignature = OpOf<OperandSignature>

/** A fused op as a question. */
export type FusedSignature = FusedOp<OperandSignature>

/** The name of any op. */
export type OpName = OpCall['op']
/** The name of an op that every backend runs. */
export type PrimitiveName = PrimitiveOp<Operand>['op']
/** The name of an op that a backend may run. */
export type FusedName = FusedOp<Operand>['op']

/** The fused ops by name, in the order of the contract. */
export const FUSED_OPS: readonly FusedName[] = [
  'recurrentForward',
  'recurrentBackward',
  'linearScanForward',
  'linearScanBackward',
  'crossEntropyForward',
  'crossEntropyBackward',
  'layerNormForward',
  'layerNormBackward',
  'sumOfSquares',
  'sgdStep',
  'rmspropStep',
  'adamStep',
]

/**
 * Outputs that the op also reads (in place): all of them for the optimiser steps and scatterAdd, the one output of copy and matmul when they accumulate. In every
 * other op no input shares a buffer with an output.
 */
export function writesInPlace(call: OpSignature): boolean {
  switch (call.op) {
    case 'copy':
    case 'matmul':
      return call.attributes.accumulate
    case 'scatterAdd':
    case 'sgdStep':
    case 'rmspropStep':
    case 'adamStep':
      return true
    default:
      return false
  }
}

/** Buffers of a call, inputs first; a buffer that serves several operands comes several times. */
export function buffersOf(call: OpCall): BufferHandle[] {
  const operands: readonly (Operand | null)[] = [...call.inputs, ...call.outputs]
  return operands.flatMap((operand) => (operand === null ? [] : [operand.buffer]))
}
