// The ops that a backend may run; core has a composite for each. The doc comments are normative. `T` is explained in op-call.ts.

import type { OpOutline } from './op-outline.ts'

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
 * the cell only for LSTM), `lengths` int32 `[B]` (null: all T; 0 is legal; below 0 counts as 0, above T as T), `hiddenMask [B, H]` (null: none; multiplies the hidden state
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

/**
 * Cells with options that a backend may run as a whole sequence. Gates and states are those of `RecurrentKind`; `coupledLstm` has the gates i, g, o, and forgets
 * what it lets in: f = 1 − i (Greff et al. 2017). `gruResetBefore` has the gates of the GRU, of which r acts on the hidden state before the product (Cho et al. 2014,
 * later version): `n = tanh(x + (r·h)·R)`, h with the mask on it.
 */
export type RecurrentVariantKind = 'lstm' | 'coupledLstm' | 'gru' | 'gruResetBefore'

/**
 * The function of the gates (of the candidate it is tanh). The hard sigmoid is `clip(0.2·x + 0.5, 0, 1)`; its derivative is 0.2 where the gate is above 0 and
 * below 1, else 0.
 */
export type RecurrentGate = 'sigmoid' | 'hardSigmoid'

/** How a whole sequence of a cell with options runs. */
export interface RecurrentVariantAttributes {
  readonly cell: RecurrentVariantKind
  readonly gate: RecurrentGate
  /** Walk each row from its own last step to its first. */
  readonly reverse: boolean
  /** Sequences are `[T, B, ·]` instead of `[B, T, ·]`. */
  readonly timeMajor: boolean
}

/**
 * A whole sequence of a cell with options: an op of its own, so that a backend that knows only the usual cells refuses it by name. All is as in
 * `RecurrentForwardOp`, with G = 4, 3, 3, 3, `recurrentBias` null for `gruResetBefore`, but for the gates' function and `peephole [3, H]` (null: none; for GRU always) with rows i, f, o, of `coupledLstm` `[2, H]`
 * with rows i, o: `p·c` is added to what enters a gate, c the cell before the step for i and f, and the one after it for o (Gers & Schmidhuber 2000).
 * `reserve` of `coupledLstm` is `[B, T, 4·H]` = i, g, o, cell, of `gruResetBefore` `[B, T, 3·H]` = r, z, n.
 */
export type RecurrentVariantForwardOp<T> = OpOutline<
  'recurrentVariantForward',
  readonly [
    projected: T,
    recurrent: T,
    recurrentBias: T | null,
    initialHidden: T | null,
    initialCell: T | null,
    lengths: T | null,
    hiddenMask: T | null,
    peephole: T | null,
  ],
  readonly [sequence: T, finalHidden: T, finalCell: T | null, reserve: T | null],
  RecurrentVariantAttributes
>

/** Gradients of a whole sequence of a cell with options, as in `RecurrentBackwardOp`. Those of the peepholes are products of `gradProjected` and the cells in `reserve`. `gradRecurrentProduct` is null but for `gru`. */
export type RecurrentVariantBackwardOp<T> = OpOutline<
  'recurrentVariantBackward',
  readonly [
    gradSequence: T | null,
    gradFinalHidden: T | null,
    gradFinalCell: T | null,
    sequence: T,
    reserve: T,
    recurrent: T,
    initialHidden: T | null,
    initialCell: T | null,
    lengths: T | null,
    hiddenMask: T | null,
    peephole: T | null,
  ],
  readonly [gradProjected: T, gradRecurrentProduct: T | null, gradInitialHidden: T | null, gradInitialCell: T | null],
  RecurrentVariantAttributes
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
 * `loss = (1−ε)·w[y]·(lse − x[y]) + ε/V · Σ_c w[c]·(lse − x[c])`. A label of −1 is ignored: loss 0, whatever the logits. Other labels outside `0 … V−1`: `E_INDEX_RANGE` as in gather.
 */
export type CrossEntropyForwardOp<T> = OpOutline<
  'crossEntropyForward',
  readonly [logits: T, labels: T, classWeights: T | null],
  readonly [loss: T, logSumExp: T],
  { readonly labelSmoothing: number }
>

/** Gradient of the row losses with respect to `logits`, times `gradLoss [N]`; 0 for ignored rows, whatever the logits. */
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
