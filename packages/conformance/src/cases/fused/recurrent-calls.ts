// Whole sequences as calls: every flag, every optional operand, every edge of lengths; forward and backward against the reference.

import { reserveWidth, type RecurrentGate, type RecurrentKind, type RecurrentVariantKind, type Shape } from '@rnn/core'
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
import type { HostCall, HostTensor } from '../../host-tensor.ts'
import { evaluate } from '../../reference/evaluate.ts'

/** What a sequence is made of. */
interface Sequence {
  readonly cell: RecurrentKind | RecurrentVariantKind
  /** Of a cell with options. */
  readonly gate?: RecurrentGate
  readonly peepholes?: boolean
  readonly batch: number
  readonly time: number
  readonly units: number
  readonly lengths?: readonly number[]
  readonly reverse?: boolean
  readonly timeMajor?: boolean
  readonly initial?: boolean
  readonly mask?: boolean
  readonly reserve?: boolean
  readonly seed?: number
}

const GATES: Readonly<Record<Sequence['cell'], number>> = {
  simpleTanh: 1,
  simpleRelu: 1,
  lstm: 4,
  coupledLstm: 3,
  gru: 3,
  gruResetBefore: 3,
}

type Forward = CallSpecOf<'recurrentForward'> | CallSpecOf<'recurrentVariantForward'>
type Backward = CallSpecOf<'recurrentBackward'> | CallSpecOf<'recurrentVariantBackward'>

function shapeOf({ batch, time, timeMajor = false }: Sequence, width: number): Shape {
  return timeMajor ? [time, batch, width] : [batch, time, width]
}

/** A large number past each row's end: whoever reads it shows it. */
function pastEnds(spec: OperandSpec, sequence: Sequence, value: number): OperandSpec {
  const { lengths, batch, time, timeMajor = false } = sequence
  if (lengths === undefined) return spec
  const width = spec.shape[2]!
  const values = spec.values!.map((element, i) => {
    const step = Math.floor(i / width)
    const [b, t] = timeMajor ? [step % batch, Math.floor(step / batch)] : [Math.floor(step / time), step % time]
    return t < lengths[b]! ? element : value
  })
  return { ...spec, values }
}

function forward(sequence: Sequence): () => Forward {
  const {
    cell,
    gate,
    peepholes = false,
    batch,
    units,
    lengths,
    reverse = false,
    timeMajor = false,
    initial = false,
    mask = false,
    reserve = true,
    seed = 1,
  } = sequence
  const width = GATES[cell] * units
  const kept = reserveWidth(cell, units)
  // Recurrent weights below 1/√units in size: a step doesn't amplify what it is given.
  const scale = 2 ** -Math.floor(Math.log2(Math.sqrt(units)))
  const hasCell = cell === 'lstm' || cell === 'coupledLstm'
  return () => {
    const inputs = [
      // Hard sigmoids are 0 or 1 from ±2.5 on: some must be.
      pastEnds(given(shapeOf(sequence, width), { seed, scale: gate === 'hardSigmoid' ? 8 : 4 }), sequence, 1000),
      given([units, width], { seed: seed + 1, scale }),
      cell === 'gru' ? given([width], { seed: seed + 2 }) : null,
      initial ? given([batch, units], { seed: seed + 3 }) : null,
      initial && hasCell ? given([batch, units], { seed: seed + 4 }) : null,
      lengths ? integers([batch], lengths) : null,
      mask
        ? given([batch, units], {
            values: hostOf(given([batch, units], { seed: seed + 5 })).values.map((x) => (x < 0 ? 0 : 2)),
          })
        : null,
    ] as const
    const outputs = [
      result(shapeOf(sequence, units)),
      result([batch, units]),
      hasCell ? result([batch, units]) : null,
      reserve && kept > 0 ? result(shapeOf(sequence, kept)) : null,
    ] as const
    const peephole = peepholes ? given([cell === 'lstm' ? 3 : 2, units], { seed: seed + 6, scale: 1 }) : null
    const flags = { reverse, timeMajor }
    return gate === undefined
      ? { op: 'recurrentForward', inputs, outputs, attributes: { cell: cell as RecurrentKind, ...flags } }
      : {
          op: 'recurrentVariantForward',
          inputs: [...inputs, peephole],
          outputs,
          attributes: { cell: cell as RecurrentVariantKind, gate, ...flags },
        }
  }
}

/** Which upstream gradients come in and which gradients are wanted. */
interface Wanted {
  readonly sequence?: boolean
  readonly final?: boolean
}

function backward(sequence: Sequence, { sequence: gradSequence = true, final = true }: Wanted = {}): () => Backward {
  const { cell, batch, units, initial = false, seed = 1 } = sequence
  const hasCell = cell === 'lstm' || cell === 'coupledLstm'
  return () => {
    const before = forward({ ...sequence, reserve: true })()
    const evaluated = mapOperands<OperandSpec, HostTensor>(before, hostOf) as Extract<HostCall, { op: Forward['op'] }>
    evaluate(evaluated)
    const [, recurrent, , initialHidden, initialCell, lengths, hiddenMask, peephole = null] = before.inputs
    const [h, , , reserve] = evaluated.outputs
    const rounded = (x: HostTensor): OperandSpec => given(x.shape, { values: Float32Array.from(x.values) })
    const [projected] = before.inputs
    const state = (): OperandSpec => result([batch, units])
    const kept = reserve && pastEnds(rounded(reserve), sequence, NaN)
    const inputs = [
      gradSequence ? pastEnds(given(h.shape, { seed: seed + 10 }), sequence, 1000) : null,
      final ? given([batch, units], { seed: seed + 11 }) : null,
      final && hasCell ? given([batch, units], { seed: seed + 12 }) : null,
      rounded(h),
      // Past a row's end the reserve is not defined; a NaN there must not be seen.
      kept,
      recurrent,
      initialHidden,
      initialCell,
      lengths,
      hiddenMask,
    ] as const
    const outputs = [
      result(projected.shape),
      cell === 'gru' ? result(projected.shape) : null,
      initial ? state() : null,
      initial && hasCell ? state() : null,
    ] as const
    if (before.op === 'recurrentForward')
      return { op: 'recurrentBackward', inputs, outputs, attributes: before.attributes }
    return {
      op: 'recurrentVariantBackward',
      inputs: [...inputs, peephole],
      outputs,
      attributes: before.attributes,
    } as Backward // these cells always have a reserve
  }
}

const ragged = { lengths: [3, 7, 1, 0, 5] }
const B5T7H6 = { batch: 5, time: 7, units: 6 }

const VARIANTS: readonly (readonly [name: string, title: string, sequence: Omit<Sequence, 'cell'>])[] = [
  ['one-step', 'T = 1, B = 1, H = 3', { batch: 1, time: 1, units: 3 }],
  ['one-unit', 'H = 1', { batch: 2, time: 3, units: 1 }],
  ['plain', 'no optional operand', B5T7H6],
  ['initial', 'an initial state', { ...B5T7H6, initial: true }],
  ['ragged', 'rows of length 3, 7, 1, 0 and 5', { ...B5T7H6, ...ragged }],
  [
    'lengths-outside',
    'lengths of −2, 9, 7, −1 and 2³¹−1 for T = 7: below 0 counts as 0, above T as T, and nothing outside the rows is touched',
    { ...B5T7H6, lengths: [-2, 9, 7, -1, 2 ** 31 - 1], initial: true },
  ],
  [
    'lengths-outside-reverse',
    'lengths of −2, 9, 7, −1 and −2³¹ for T = 7, from the last step to the first: below 0 counts as 0, above T as T',
    { ...B5T7H6, lengths: [-2, 9, 7, -1, -(2 ** 31)], initial: true, reverse: true },
  ],
  ['full', 'lengths that are all T', { ...B5T7H6, lengths: [7, 7, 7, 7, 7] }],
  [
    'empty',
    'lengths that are all 0: the final state is the initial one',
    { ...B5T7H6, lengths: [0, 0, 0, 0, 0], initial: true },
  ],
  ['reverse', 'from the last step to the first', { ...B5T7H6, reverse: true, initial: true }],
  ['reverse-ragged', "from each row's own last step", { ...B5T7H6, ...ragged, reverse: true, initial: true }],
  ['time-major', 'sequences [T, B, ·]', { ...B5T7H6, timeMajor: true, initial: true }],
  [
    'time-major-ragged-reverse',
    'sequences [T, B, ·], ragged, reversed',
    { ...B5T7H6, ...ragged, timeMajor: true, reverse: true, initial: true },
  ],
  ['mask', 'a mask on the hidden state', { ...B5T7H6, mask: true, initial: true }],
  ['everything', 'all optional operands at once', { ...B5T7H6, ...ragged, mask: true, initial: true, reverse: true }],
  ['129-units', 'H = 129', { batch: 3, time: 4, units: 129, lengths: [4, 2, 3], initial: true }],
  ['long', 'T = 60', { batch: 2, time: 60, units: 5, lengths: [60, 41] }],
  ['batch-33', 'B = 33', { batch: 33, time: 3, units: 4, lengths: Array.from({ length: 33 }, (_, i) => i % 4) }],
  ['no-rows', 'a batch of 0', { batch: 0, time: 3, units: 4 }],
  ['no-steps', 'T = 0', { batch: 2, time: 0, units: 4, initial: true }],
]

/** What the cases of a cell are made of, and the name of the cell in them. */
type Form = Pick<Sequence, 'cell' | 'gate' | 'peepholes'>

const FORMS: readonly (readonly [name: string, form: Form])[] = [
  ['simpleTanh', { cell: 'simpleTanh' }],
  ['simpleRelu', { cell: 'simpleRelu' }],
  ['lstm', { cell: 'lstm' }],
  ['gru', { cell: 'gru' }],
  ['lstm-hard-sigmoid', { cell: 'lstm', gate: 'hardSigmoid' }],
  ['gru-hard-sigmoid', { cell: 'gru', gate: 'hardSigmoid' }],
  ['gru-reset-before', { cell: 'gruResetBefore', gate: 'sigmoid' }],
  ['gru-reset-before-hard-sigmoid', { cell: 'gruResetBefore', gate: 'hardSigmoid' }],
  ['lstm-peepholes', { cell: 'lstm', gate: 'sigmoid', peepholes: true }],
  ['lstm-peepholes-hard-sigmoid', { cell: 'lstm', gate: 'hardSigmoid', peepholes: true }],
  ['lstm-coupled', { cell: 'coupledLstm', gate: 'sigmoid' }],
  ['lstm-coupled-peepholes', { cell: 'coupledLstm', gate: 'sigmoid', peepholes: true }],
  ['lstm-coupled-peepholes-hard-sigmoid', { cell: 'coupledLstm', gate: 'hardSigmoid', peepholes: true }],
]

/** Large gates saturate; they must not overflow. */
function saturated(form: Form): () => CallSpec {
  return () => {
    const call = forward({ ...form, batch: 2, time: 3, units: 3 })()
    const [projected, ...rest] = call.inputs
    const large = { ...projected, values: projected.values!.map((x) => Math.sign(x) * 1000) }
    return { ...call, inputs: [large, ...rest] } as CallSpec // the same operands, one of them with other values
  }
}

export const recurrentCallCases: readonly ConformanceCase[] = FORMS.flatMap(([cell, form]) => [
  ...VARIANTS.flatMap(([name, title, sequence]) => {
    const layouts =
      name === 'everything' || name === 'time-major-ragged-reverse'
        ? (['plain', 'offset', 'rows', 'shared'] as const)
        : (['plain'] as const)
    return [
      ...callCases(
        `fused/${cell}/forward-${name}`,
        `${cell} forward: ${title}`,
        forward({ ...sequence, ...form }),
        layouts,
      ),
      ...callCases(
        `fused/${cell}/backward-${name}`,
        `${cell} backward: ${title}`,
        backward({ ...sequence, ...form }),
        layouts,
      ),
    ]
  }),
  ...callCases(
    `fused/${cell}/forward-no-reserve`,
    `${cell} forward without reserve`,
    forward({ ...B5T7H6, ...ragged, ...form, reserve: false }),
    ['plain'],
  ),
  callCase(
    `fused/${cell}/backward-final-only`,
    `${cell} backward from the final state alone`,
    backward({ ...B5T7H6, ...ragged, ...form, initial: true }, { sequence: false }),
  ),
  callCase(
    `fused/${cell}/backward-sequence-only`,
    `${cell} backward from the sequence alone`,
    backward({ ...B5T7H6, ...ragged, ...form, initial: true }, { final: false }),
  ),
  callCase(
    `fused/${cell}/backward-nothing`,
    `${cell} backward from nothing gives zeros`,
    backward({ ...B5T7H6, ...form, initial: true }, { sequence: false, final: false }),
  ),
  ...(cell === 'simpleRelu'
    ? []
    : [callCase(`fused/${cell}/forward-saturated`, `${cell} with gates of ±1000`, saturated(form))]),
  callCase(`fused/${cell}/forward-into-half`, `${cell} writes into one half of a bidirectional output`, () => {
    const call = forward({ ...B5T7H6, ...ragged, ...form, initial: true })()
    const [sequence, ...rest] = call.outputs
    const { units } = B5T7H6
    const half = { ...sequence, offset: units, rowLength: units, rowStride: 2 * units }
    return { ...call, outputs: [half, ...rest] } as CallSpec // the same operands, one of them laid out otherwise
  }),
])
