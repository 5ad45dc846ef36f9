// Whole sequences, forward and backward, against the double-precision reference and against finite differences of its forward.

import type { Operand, OpCall, RecurrentKind } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { expectClose, kit, randoms } from './kit.ts'
import type { Kit, Placement } from './kit.ts'
import { backward, forward, GATES, RESERVED } from './reference/recurrent.ts'
import type { Sequence, Upstream } from './reference/recurrent.ts'

interface Case {
  readonly cell: RecurrentKind
  readonly B: number
  readonly T: number
  readonly H: number
  readonly reverse?: boolean
  readonly timeMajor?: boolean
  readonly lengths?: readonly number[]
  readonly initial?: boolean
  readonly mask?: boolean
  /** Sequences lie in the first half of rows twice as long, at an offset. */
  readonly strided?: 'vectors' | 'rows'
  /** Which gradients come in; absent: all. */
  readonly upstream?: 'sequence' | 'final'
}

// The project's tolerance for recurrent ops in float32: each step rounds its state and its gradients once.
const [RELATIVE, ABSOLUTE] = [1e-5, 1e-6]

function sequenceOf(c: Case): Sequence {
  const { cell, B, T, H } = c
  const width = GATES[cell] * H
  return {
    cell,
    reverse: c.reverse ?? false,
    B,
    T,
    H,
    projected: randoms(1, B * T * width, 2),
    recurrent: randoms(2, H * width, Math.sqrt(3 / H)),
    recurrentBias: cell === 'gru' ? randoms(3, width) : undefined,
    initialHidden: c.initial ? randoms(4, B * H) : undefined,
    initialCell: c.initial && cell === 'lstm' ? randoms(5, B * H, 2) : undefined,
    lengths: c.lengths,
    hiddenMask: c.mask ? randoms(6, B * H).map((value) => (value > 0.3 ? 0 : 1.5)) : undefined,
  }
}

function upstreamOf(c: Case): Upstream {
  const { B, T, H } = c
  return {
    gradSequence: c.upstream === 'final' ? undefined : randoms(7, B * T * H),
    gradFinalHidden: c.upstream === 'sequence' ? undefined : randoms(8, B * H),
    gradFinalCell: c.upstream === 'sequence' || c.cell !== 'lstm' ? undefined : randoms(9, B * H),
  }
}

/** Runs forward and backward on the backend; results in the reference's order. */
function runCase({ floats, ints, blank, run, values }: Kit, c: Case, from: Sequence, upstream: Upstream) {
  const { cell, B, T, H } = c
  const timeMajor = c.timeMajor ?? false
  const width = GATES[cell] * H
  const lead = timeMajor ? [T, B] : [B, T]
  const swap = (values: readonly number[], size: number, outer: number, inner: number): number[] =>
    Array.from({ length: values.length }, (_, i) => {
      const [row, j] = [Math.floor(i / size), i % size]
      return values[((row % outer) * inner + Math.floor(row / outer)) * size + j]!
    })
  const given = (values: readonly number[], size: number): readonly number[] =>
    timeMajor ? swap(values, size, B, T) : values
  const back = (values: number[], size: number): number[] => (timeMajor ? swap(values, size, T, B) : values)
  const placed = (size: number): Placement => {
    if (c.strided === undefined) return { offset: 1 }
    const rowLength = c.strided === 'vectors' ? size : lead[1]! * size
    return { offset: 3, rowLength, rowStride: 2 * rowLength + 1 }
  }
  const sequenceOperand = (values: readonly number[], size: number): Operand =>
    floats([...lead, size], given(values, size), placed(size))
  const state = (values: readonly number[] | undefined): Operand | null =>
    values ? floats([B, H], values, { offset: 2 }) : null

  const recurrent = floats([H, width], from.recurrent, { offset: 1 })
  const initialHidden = state(from.initialHidden)
  const initialCell = state(from.initialCell)
  const lengths = from.lengths ? ints([B], from.lengths, { offset: 1 }) : null
  const hiddenMask = state(from.hiddenMask)
  const attributes = { cell, reverse: from.reverse, timeMajor }
  const sequence = blank([...lead, H], placed(H))
  const finalHidden = blank([B, H], { offset: 1 })
  const finalCell = cell === 'lstm' ? blank([B, H]) : null
  const reserve = RESERVED[cell] > 0 ? blank([...lead, RESERVED[cell] * H], { offset: 2 }) : null
  const forwardCall: OpCall = {
    op: 'recurrentForward',
    inputs: [
      sequenceOperand(from.projected, width),
      recurrent,
      from.recurrentBias ? floats([width], from.recurrentBias, { offset: 1 }) : null,
      initialHidden,
      initialCell,
      lengths,
      hiddenMask,
    ],
    outputs: [sequence, finalHidden, finalCell, reserve],
    attributes,
  }
  run(forwardCall)

  const gradProjected = blank([...lead, width], placed(width))
  const gradProduct = cell === 'gru' ? blank([...lead, width], placed(width)) : null
  const gradInitialHidden = c.initial ? blank([B, H]) : null
  const gradInitialCell = initialCell ? blank([B, H], { offset: 1 }) : null
  run({
    op: 'recurrentBackward',
    inputs: [
      upstream.gradSequence ? sequenceOperand(upstream.gradSequence, H) : null,
      state(upstream.gradFinalHidden),
      state(upstream.gradFinalCell),
      sequence,
      reserve,
      recurrent,
      initialHidden,
      initialCell,
      lengths,
      hiddenMask,
    ],
    outputs: [gradProjected, gradProduct, gradInitialHidden, gradInitialCell],
    attributes,
  })
  return {
    sequence: back(values(sequence), H),
    finalHidden: values(finalHidden),
    finalCell: finalCell && values(finalCell),
    reserve: reserve && back(values(reserve), RESERVED[cell] * H),
    gradProjected: back(values(gradProjected), width),
    gradRecurrentProduct: gradProduct && back(values(gradProduct), width),
    gradInitialHidden: gradInitialHidden && values(gradInitialHidden),
    gradInitialCell: gradInitialCell && values(gradInitialCell),
    rerun(outputs: { readonly reserve: boolean }): number[] {
      run({ ...forwardCall, outputs: [sequence, finalHidden, finalCell, outputs.reserve ? reserve : null] })
      return back(values(sequence), H)
    },
  }
}

const CELLS: readonly RecurrentKind[] = ['simpleTanh', 'simpleRelu', 'lstm', 'gru']
const RAGGED = [3, 0, 5, 1, 5]

const VARIANTS: readonly (readonly [string, Omit<Case, 'cell'>])[] = [
  ['one row, one step, one unit', { B: 1, T: 1, H: 1 }],
  ['one step', { B: 3, T: 1, H: 4, initial: true }],
  ['one row', { B: 1, T: 6, H: 3, initial: true }],
  ['three units', { B: 2, T: 5, H: 3 }],
  ['129 units', { B: 3, T: 3, H: 129, initial: true }],
  ['many rows', { B: 33, T: 2, H: 5 }],
  ['reverse', { B: 4, T: 5, H: 3, reverse: true, initial: true }],
  ['time-major', { B: 3, T: 5, H: 4, timeMajor: true, initial: true }],
  ['ragged, with empty and full rows', { B: 5, T: 5, H: 3, lengths: RAGGED, initial: true }],
  ['ragged, reverse, time-major', { B: 5, T: 5, H: 3, lengths: RAGGED, initial: true, reverse: true, timeMajor: true }],
  ['empty rows alone', { B: 2, T: 3, H: 3, lengths: [0, 0], initial: true }],
  ['no steps', { B: 2, T: 0, H: 3, initial: true }],
  ['no rows', { B: 0, T: 3, H: 2 }],
  ['hidden mask', { B: 3, T: 4, H: 5, mask: true, initial: true }],
  ['half of a bidirectional output', { B: 3, T: 4, H: 5, strided: 'vectors', lengths: [4, 2, 0], initial: true }],
  ['half, time-major, reverse', { B: 3, T: 4, H: 5, strided: 'vectors', timeMajor: true, reverse: true }],
  ['rows of a longer sequence', { B: 3, T: 4, H: 5, strided: 'rows', mask: true, reverse: true }],
  ['gradient of the sequence alone', { B: 3, T: 4, H: 3, upstream: 'sequence', initial: true, lengths: [2, 4, 0] }],
  ['gradient of the final state alone', { B: 3, T: 4, H: 3, upstream: 'final', initial: true, lengths: [2, 4, 0] }],
]

describe.each(CELLS)('recurrent %s', (cell) => {
  test.each(VARIANTS)('%s', async (_name, variant) => {
    const c: Case = { cell, ...variant }
    const from = sequenceOf(c)
    const upstream = upstreamOf(c)
    const actual = runCase(await kit(), c, from, upstream)
    const result = forward(from)
    expectClose(actual.sequence, result.sequence, RELATIVE, ABSOLUTE)
    expectClose(actual.finalHidden, result.finalHidden, RELATIVE, ABSOLUTE)
    if (actual.finalCell) expectClose(actual.finalCell, result.finalCell, RELATIVE, ABSOLUTE)
    if (actual.reserve) {
      const kept = RESERVED[cell] * c.H
      const within = (_: number, i: number): boolean =>
        Math.floor(i / kept) % c.T < (c.lengths?.[Math.floor(i / kept / c.T)] ?? c.T)
      expectClose(actual.reserve.filter(within), result.reserve.filter(within), RELATIVE, ABSOLUTE)
    }
    const gradients = backward(from, result, upstream)
    expectClose(actual.gradProjected, gradients.gradProjected, RELATIVE, ABSOLUTE)
    if (actual.gradRecurrentProduct) {
      expectClose(actual.gradRecurrentProduct, gradients.gradRecurrentProduct, RELATIVE, ABSOLUTE)
    }
    if (actual.gradInitialHidden) expectClose(actual.gradInitialHidden, gradients.gradInitialHidden, RELATIVE, ABSOLUTE)
    if (actual.gradInitialCell) expectClose(actual.gradInitialCell, gradients.gradInitialCell, RELATIVE, ABSOLUTE)
  })

  test.each([false, true])('gradients agree with finite differences, reverse %s', async (reverse) => {
    const c: Case = { cell, B: 3, T: 4, H: 3, lengths: [4, 2, 0], initial: true, mask: true, reverse }
    const width = GATES[cell] * c.H
    const from: Sequence = { ...sequenceOf(c), disturbance: new Array<number>(c.B * c.T * width).fill(0) }
    const upstream = upstreamOf(c)
    const actual = runCase(await kit(), c, from, upstream)
    const dot = (a: readonly number[], b: readonly number[] | undefined): number =>
      b === undefined ? 0 : a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    const loss = (at: Sequence): number => {
      const { sequence, finalHidden, finalCell } = forward(at)
      const { gradSequence, gradFinalHidden, gradFinalCell } = upstream
      return dot(sequence, gradSequence) + dot(finalHidden, gradFinalHidden) + dot(finalCell, gradFinalCell)
    }
    // Central differences in doubles: truncation and cancellation both stay below 1e-8.
    const step = 1e-5
    const slopes = (name: 'projected' | 'initialHidden' | 'initialCell' | 'disturbance'): number[] =>
      from[name]!.map((value, i) => {
        const up = loss({ ...from, [name]: from[name]!.with(i, value + step) })
        return (up - loss({ ...from, [name]: from[name]!.with(i, value - step) })) / (2 * step)
      })
    expectClose(actual.gradProjected, slopes('projected'), RELATIVE, ABSOLUTE)
    expectClose(actual.gradInitialHidden!, slopes('initialHidden'), RELATIVE, ABSOLUTE)
    if (actual.gradInitialCell) expectClose(actual.gradInitialCell, slopes('initialCell'), RELATIVE, ABSOLUTE)
    if (actual.gradRecurrentProduct) {
      expectClose(actual.gradRecurrentProduct, slopes('disturbance'), RELATIVE, ABSOLUTE)
    }
  })

  test('gives the same bits with and without a reserve', async () => {
    const c: Case = { cell, B: 4, T: 6, H: 7, initial: true }
    const actual = runCase(await kit(), c, sequenceOf(c), upstreamOf(c))
    expect(actual.rerun({ reserve: false })).toEqual(actual.sequence)
  })

  test('gives the same bits in two pieces and whatever the other rows are', async () => {
    const { floats, blank, run, values } = await kit()
    const [B, T, H] = [5, 6, 7]
    const from = sequenceOf({ cell, B, T, H, initial: true })
    const width = GATES[cell] * H
    const bias = from.recurrentBias ? floats([width], from.recurrentBias) : null
    const recurrent = floats([H, width], from.recurrent)
    const piece = (
      rows: number,
      start: number,
      steps: number,
      projected: Operand,
      hidden: Operand,
      cellState: Operand | null,
    ): { sequence: number[]; hidden: Operand; cellState: Operand | null } => {
      const rowsOf = { shape: [rows, steps, width], rowLength: steps * width, rowStride: T * width }
      const input = { ...projected, ...rowsOf, byteOffset: start * width * 4 }
      const outputs = [blank([rows, steps, H]), blank([rows, H]), cellState && blank([rows, H]), null] as const
      const inputs = [input, recurrent, bias, hidden, cellState, null, null] as const
      run({ op: 'recurrentForward', inputs, outputs, attributes: { cell, reverse: false, timeMajor: false } })
      return { sequence: values(outputs[0]), hidden: outputs[1], cellState: outputs[2] }
    }
    const projected = floats([B, T, width], from.projected)
    const hidden = floats([B, H], from.initialHidden!)
    const cellState = from.initialCell ? floats([B, H], from.initialCell) : null
    const whole = piece(B, 0, T, projected, hidden, cellState)
    const first = piece(B, 0, 2, projected, hidden, cellState)
    const second = piece(B, 2, 4, projected, first.hidden, first.cellState)
    const alone = piece(1, 0, T, projected, { ...hidden, shape: [1, H] }, cellState && { ...cellState, shape: [1, H] })
    expect(values(second.hidden)).toEqual(values(whole.hidden))
    const steps = (b: number, t: number): number[] =>
      t < 2
        ? first.sequence.slice((b * 2 + t) * H, (b * 2 + t + 1) * H)
        : second.sequence.slice((b * 4 + t - 2) * H, (b * 4 + t - 1) * H)
    expect(Array.from({ length: B * T }, (_, i) => steps(Math.floor(i / T), i % T)).flat()).toEqual(whole.sequence)
    expect(alone.sequence).toEqual(whole.sequence.slice(0, T * H))
  })
})
