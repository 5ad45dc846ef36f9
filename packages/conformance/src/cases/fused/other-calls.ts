// Linear scan, cross-entropy, layer norm, optimiser steps and sums of squares as calls, against the reference.

import type { Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import {
  given,
  hostOf,
  integers,
  mapOperands,
  result,
  type CallSpec,
  type CallSpecOf,
  type OperandSpec,
} from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import type { HostCallOf, HostTensor } from '../../host-tensor.ts'
import { evaluate } from '../../reference/evaluate.ts'
import { pseudoIntegers } from '../../values.ts'

/** What forward gave, rounded to float32, for a backward call. */
const rounded = (x: HostTensor): OperandSpec => given(x.shape, { values: Float32Array.from(x.values) })

/** The host call, evaluated. */
function evaluated<Name extends 'linearScanForward' | 'crossEntropyForward' | 'layerNormForward'>(
  spec: CallSpecOf<Name>,
): HostCallOf<Name> {
  const call = mapOperands<OperandSpec, HostTensor>(spec, hostOf) as HostCallOf<Name>
  evaluate(call)
  return call
}

// ─── Linear scan ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function scanForward(shape: Shape, reverse: boolean, initial: boolean): () => CallSpecOf<'linearScanForward'> {
  const [batch = 0, , units = 0] = shape
  return () => ({
    op: 'linearScanForward',
    inputs: [given(shape, { seed: 1 }), given(shape, { seed: 2 }), initial ? given([batch, units], { seed: 3 }) : null],
    outputs: [result(shape)],
    attributes: { reverse },
  })
}

function scanBackward(shape: Shape, reverse: boolean, initial: boolean): () => CallSpec {
  return () => {
    const call = scanForward(shape, reverse, initial)()
    const [a, , start] = call.inputs
    const [h] = evaluated(call).outputs
    return {
      op: 'linearScanBackward',
      inputs: [given(shape, { seed: 4 }), a, rounded(h), start],
      outputs: [result(shape), result(shape), start && result(start.shape)],
      attributes: { reverse },
    }
  }
}

const SCANS: readonly (readonly [name: string, shape: Shape, reverse: boolean, initial: boolean])[] = [
  ['plain', [3, 7, 5], false, false],
  ['initial', [3, 7, 5], false, true],
  ['reverse', [3, 7, 5], true, true],
  ['one-step', [1, 1, 1], false, true],
  ['129-units', [2, 5, 129], false, true],
  ['long', [1, 1000, 3], false, true],
  ['long-reverse', [2, 257, 4], true, false],
  ['no-steps', [2, 0, 3], false, true],
  ['no-rows', [0, 4, 3], false, false],
]

const scanCases = SCANS.flatMap(([name, shape, reverse, initial]) => {
  const layouts =
    name === 'initial' || name === 'reverse' ? (['plain', 'offset', 'shared'] as const) : (['plain'] as const)
  return [
    ...callCases(
      `fused/linearScan/forward-${name}`,
      `linear scan of [${shape.join()}]`,
      scanForward(shape, reverse, initial),
      layouts,
    ),
    ...callCases(
      `fused/linearScan/backward-${name}`,
      `gradient of the linear scan of [${shape.join()}]`,
      scanBackward(shape, reverse, initial),
      layouts,
    ),
  ]
})

/** Whoever multiplies factors over stretches of time must not let their products overflow where no state is as large. */
const largeFactors = callCase(
  'fused/linearScan/forward-large-factors',
  'factors of 1e20 on a state of zero give zeros',
  () => {
    const shape = [1, 300, 1]
    const [, steps = 0] = shape
    const a = Array.from({ length: steps }, (_, t) => (t >= 40 && t < 44 ? 1e20 : 0.5))
    return {
      op: 'linearScanForward',
      inputs: [given(shape, { values: a }), given(shape, { values: a.map(() => 0) }), given([1, 1], { values: [0] })],
      outputs: [result(shape)],
      attributes: { reverse: false },
    }
  },
)

// ─── Cross-entropy ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Classification {
  readonly rows: number
  readonly classes: number
  readonly smoothing?: number
  readonly weights?: boolean
  readonly labels?: readonly number[]
  readonly logits?: readonly number[]
}

function lossForward({
  rows,
  classes,
  smoothing = 0,
  weights = false,
  labels,
  logits,
}: Classification): () => CallSpecOf<'crossEntropyForward'> {
  return () => ({
    op: 'crossEntropyForward',
    inputs: [
      given([rows, classes], logits ? { values: logits } : { seed: 1, scale: 8 }),
      integers([rows], labels ?? pseudoIntegers(rows, 2, -1, classes)),
      weights ? given([classes], { values: hostOf(given([classes], { seed: 3 })).values.map((x) => x + 1.25) }) : null,
    ],
    outputs: [result([rows]), result([rows])],
    attributes: { labelSmoothing: smoothing },
  })
}

function lossBackward(classification: Classification): () => CallSpec {
  return () => {
    const call = lossForward(classification)()
    const [logits, labels, weights] = call.inputs
    const [, logSumExp] = evaluated(call).outputs
    return {
      op: 'crossEntropyBackward',
      inputs: [given(labels.shape, { seed: 4 }), logits, labels, weights, rounded(logSumExp)],
      outputs: [result(logits.shape)],
      attributes: call.attributes,
    }
  }
}

const LOSSES: readonly (readonly [name: string, title: string, classification: Classification])[] = [
  ['plain', 'labels, one of them ignored', { rows: 6, classes: 5, labels: [4, 0, -1, 2, 1, 3] }],
  ['smoothing', 'label smoothing', { rows: 6, classes: 5, smoothing: 0.125, labels: [4, 0, -1, 2, 1, 3] }],
  ['weights', 'class weights', { rows: 6, classes: 5, weights: true, labels: [4, 0, -1, 2, 1, 3] }],
  [
    'smoothing-weights',
    'label smoothing and class weights',
    { rows: 6, classes: 5, smoothing: 0.25, weights: true, labels: [4, 0, -1, 2, 1, 3] },
  ],
  ['all-ignored', 'every row ignored', { rows: 3, classes: 4, smoothing: 0.25, labels: [-1, -1, -1] }],
  ['vocabulary', '3001 classes', { rows: 3, classes: 3001 }],
  ['many-rows', '300 rows of 3', { rows: 300, classes: 3 }],
  ['two-classes', 'two classes, one row', { rows: 1, classes: 2, labels: [1] }],
  ['one-class', 'one class: no loss', { rows: 2, classes: 1, labels: [0, 0] }],
  [
    'large',
    'large logits do not overflow',
    { rows: 3, classes: 3, labels: [0, 2, 1], logits: [1000, 0, -1000, -1000, 1000, 0, 500, 501, 502] },
  ],
  [
    'masked',
    'classes of −∞ that are no label',
    { rows: 2, classes: 3, labels: [0, 1], logits: [1, -Infinity, 2, -Infinity, 0, -Infinity] },
  ],
  ['no-rows', 'no rows', { rows: 0, classes: 3, labels: [] }],
]

const lossCases = LOSSES.flatMap(([name, title, classification]) => {
  const layouts = name === 'smoothing-weights' ? (['plain', 'offset', 'shared'] as const) : (['plain'] as const)
  return [
    ...callCases(`fused/crossEntropy/forward-${name}`, `cross-entropy: ${title}`, lossForward(classification), layouts),
    ...callCases(
      `fused/crossEntropy/backward-${name}`,
      `gradient of cross-entropy: ${title}`,
      lossBackward(classification),
      layouts,
    ),
  ]
})

// ─── Layer norm ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Normalization {
  readonly shape: Shape
  readonly gain?: boolean
  readonly bias?: boolean
  readonly shift?: number
}

function normForward({
  shape,
  gain = true,
  bias = true,
  shift = 0,
}: Normalization): () => CallSpecOf<'layerNormForward'> {
  const width = shape.at(-1)!
  return () => ({
    op: 'layerNormForward',
    inputs: [
      given(shape, { values: hostOf(given(shape, { seed: 1 })).values.map((x) => x + shift) }),
      gain ? given([width], { seed: 2 }) : null,
      bias ? given([width], { seed: 3 }) : null,
    ],
    outputs: [result(shape), result(shape.slice(0, -1)), result(shape.slice(0, -1))],
    attributes: { epsilon: 2 ** -16 },
  })
}

function normBackward(normalization: Normalization): () => CallSpec {
  return () => {
    const call = normForward(normalization)()
    const [x, gain, bias] = call.inputs
    const [, mean, rstd] = evaluated(call).outputs
    return {
      op: 'layerNormBackward',
      inputs: [given(x.shape, { seed: 4 }), x, gain, rounded(mean), rounded(rstd)],
      outputs: [result(x.shape), gain && result(gain.shape), bias && result(bias.shape)],
      attributes: {},
    }
  }
}

const NORMS: readonly (readonly [name: string, title: string, normalization: Normalization])[] = [
  ['plain', 'rows of [3, 4, 7]', { shape: [3, 4, 7] }],
  ['no-gain-no-bias', 'without gain and bias', { shape: [5, 7], gain: false, bias: false }],
  ['gain-only', 'with gain alone', { shape: [5, 7], bias: false }],
  ['129-units', 'rows of 129', { shape: [3, 129] }],
  ['far-from-zero', 'rows around 64: two passes, no cancellation', { shape: [3, 33], shift: 64 }],
  ['many-rows', '500 rows of 3', { shape: [500, 3] }],
  ['vector', 'a single vector', { shape: [9] }],
  ['no-rows', 'no rows', { shape: [0, 4] }],
]

const normCases = NORMS.flatMap(([name, title, normalization]) => {
  const layouts = name === 'plain' ? (['plain', 'offset', 'shared'] as const) : (['plain'] as const)
  return [
    ...callCases(`fused/layerNorm/forward-${name}`, `layer norm: ${title}`, normForward(normalization), layouts),
    ...callCases(
      `fused/layerNorm/backward-${name}`,
      `gradient of layer norm: ${title}`,
      normBackward(normalization),
      layouts,
    ),
  ]
})

// ─── Optimiser steps and the sum of squares ─────────────────────────────────────────────────────────────────────────────────

const SHAPE = [7, 19]
const parameter = (): OperandSpec => given(SHAPE, { seed: 1 })
const gradient = (): OperandSpec => given(SHAPE, { seed: 2 })
const velocity = (): OperandSpec => given(SHAPE, { seed: 3 })
const squares = (): OperandSpec =>
  given(SHAPE, { values: hostOf(given(SHAPE, { seed: 4 })).values.map((x) => x * x + 0.25) })
const schedule = (...values: number[]): OperandSpec => given([values.length], { values: Float32Array.from(values) })
const clip = (): OperandSpec => given([], { values: [0.25] })

const sgd =
  (momentum: number, nesterov: boolean, weightDecay: number, scaled: boolean): (() => CallSpec) =>
  () => ({
    op: 'sgdStep',
    inputs: [gradient(), schedule(0.1), scaled ? clip() : null],
    outputs: [parameter(), momentum === 0 ? null : velocity()],
    attributes: { momentum, nesterov, weightDecay },
  })

const rmsprop =
  (momentum: number, centred: boolean, weightDecay: number, scaled: boolean): (() => CallSpec) =>
  () => ({
    op: 'rmspropStep',
    inputs: [gradient(), schedule(0.01), scaled ? clip() : null],
    outputs: [
      parameter(),
      squares(),
      centred ? given(SHAPE, { seed: 5, scale: 0.25 }) : null,
      momentum === 0 ? null : velocity(),
    ],
    attributes: { decay: 0.9, epsilon: 1e-7, momentum, weightDecay },
  })

const adam =
  (weightDecay: number, decoupled: boolean, scaled: boolean, step = 3): (() => CallSpec) =>
  () => ({
    op: 'adamStep',
    inputs: [gradient(), schedule(0.01, 1 - 0.9 ** step, 1 - 0.999 ** step), scaled ? clip() : null],
    outputs: [parameter(), velocity(), squares()],
    attributes: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay, decoupled },
  })

const STEPS: readonly (readonly [name: string, title: string, build: () => CallSpec])[] = [
  ['sgd/plain', 'gradient descent', sgd(0, false, 0, false)],
  ['sgd/momentum', 'momentum', sgd(0.9, false, 0, false)],
  ['sgd/nesterov', 'Nesterov momentum with weight decay and a scaled gradient', sgd(0.9, true, 0.01, true)],
  ['rmsprop/plain', 'RMSprop', rmsprop(0, false, 0, false)],
  ['rmsprop/centred', 'centred RMSprop', rmsprop(0, true, 0, false)],
  ['rmsprop/momentum', 'RMSprop with momentum, weight decay and a scaled gradient', rmsprop(0.9, false, 0.01, true)],
  ['rmsprop/everything', 'centred RMSprop with everything', rmsprop(0.5, true, 0.01, true)],
  ['adam/plain', 'Adam', adam(0, false, false)],
  ['adam/first-step', "Adam's first step", adam(0, false, false, 1)],
  ['adam/weight-decay', 'Adam with weight decay in the gradient, scaled', adam(0.01, false, true)],
  ['adam/decoupled', 'AdamW with a scaled gradient', adam(0.01, true, true)],
]

const sumOf =
  (...inputs: OperandSpec[]): (() => CallSpec) =>
  () => ({ op: 'sumOfSquares', inputs, outputs: [result([])], attributes: {} })

const optimizerCases: readonly ConformanceCase[] = [
  ...STEPS.flatMap(([name, title, build]) =>
    callCases(`fused/${name}`, `a step of ${title}, in place`, build, ['plain', 'offset', 'shared']),
  ),
  ...callCases(
    'fused/sumOfSquares/several',
    'the sum of squares of several tensors',
    sumOf(given([3, 5], { seed: 1 }), given([], { seed: 2 }), given([129], { seed: 3 })),
    ['plain', 'offset', 'shared'],
  ),
  callCase('fused/sumOfSquares/long', 'the sum of 20011 squares', sumOf(given([20011]))),
  callCase('fused/sumOfSquares/empty', 'an empty tensor adds nothing', sumOf(given([0]), given([2]))),
  callCase('fused/sumOfSquares/nan', 'a NaN is not lost', sumOf(given([3], { values: [1, NaN, 2] }))),
  callCase(
    'fused/sumOfSquares/many',
    'the sum over 60 tensors',
    sumOf(...Array.from({ length: 60 }, (_, i) => given([i % 5], { seed: i }))),
  ),
]

export const otherCallCases: readonly ConformanceCase[] = [
  ...scanCases,
  largeFactors,
  ...lossCases,
  ...normCases,
  ...optimizerCases,
]
