// Whole sequences against the CPU backend, in every size class and on every way that the plan may choose.

import { cpu } from '@rnn/backend-cpu'
import type { Backend, OpCall, Operand, RecurrentKind } from '@rnn/core'
import { afterAll, describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const backend = absent === undefined ? await makeWebgpu() : undefined
const reference = await cpu()

afterAll(async () => {
  await backend?.dispose()
  await reference.dispose()
})

const GATES = { simpleTanh: 1, simpleRelu: 1, lstm: 4, gru: 3 } as const
const RESERVED = { simpleTanh: 0, simpleRelu: 0, lstm: 5, gru: 4 } as const
const CELLS: readonly RecurrentKind[] = ['simpleTanh', 'simpleRelu', 'lstm', 'gru']

interface Case {
  readonly cell: RecurrentKind
  readonly B: number
  readonly T: number
  readonly H: number
  readonly reverse?: boolean
  readonly timeMajor?: boolean
  readonly ragged?: boolean
  readonly lengths?: readonly number[]
  readonly initial?: boolean
  readonly mask?: boolean
  /** A row whose projection is NaN from its first step on. */
  readonly broken?: number
}

/** An operand on the host; an output has no values. */
interface Described {
  readonly shape: readonly number[]
  readonly values?: Float32Array | Int32Array
}

/** Uniform in (−scale, scale), the same for the same seed. */
function randoms(seed: number, count: number, scale = 1): Float32Array {
  let state = (seed * 0x9e3779b1) >>> 0
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 13), 0x297a2d39)
    bits ^= bits >>> 16
    return scale * ((bits >>> 0) / 2 ** 31 - 1)
  })
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)
const given = (shape: readonly number[], seed: number, scale?: number): Described => ({
  shape,
  values: randoms(seed, size(shape), scale),
})

/** Runs a call; gives its outputs. */
async function evaluate(
  on: Backend,
  op: OpCall['op'],
  inputs: readonly (Described | null)[],
  outputs: readonly (Described | null)[],
  attributes: object,
): Promise<(Float32Array | null)[]> {
  const place = (each: Described | null): Operand | null => {
    if (each === null) return null
    const buffer = on.allocate(size(each.shape) * 4, 'transient')
    if (each.values !== undefined) on.write(buffer, each.values)
    const dtype = each.values instanceof Int32Array ? 'int32' : 'float32'
    return { buffer, byteOffset: 0, shape: each.shape, dtype }
  }
  const [placedInputs, placedOutputs] = [inputs.map(place), outputs.map(place)]
  on.run({ op, inputs: placedInputs, outputs: placedOutputs, attributes } as unknown as OpCall) // as the tests below make them
  const present = placedOutputs.filter((each) => each !== null)
  const bytes = await on.read(
    present.map(({ buffer, shape }) => ({ buffer, byteOffset: 0, byteLength: size(shape) * 4 })),
  )
  for (const each of [...placedInputs, ...placedOutputs]) if (each !== null) on.release(each.buffer)
  return placedOutputs.map((each) => (each === null ? null : new Float32Array(bytes[present.indexOf(each)]!.buffer)))
}

/** Calls of a case, forward first; backward is given what forward left on the CPU. */
function callsOf(c: Case): {
  readonly attributes: object
  readonly forwardInputs: readonly (Described | null)[]
  readonly forwardOutputs: readonly (Described | null)[]
  backwardInputs(forward: readonly (Float32Array | null)[]): readonly (Described | null)[]
  readonly backwardOutputs: readonly (Described | null)[]
  /** Whether element `i` of a sequence of this width lies before its row's end. */
  within(i: number, width: number): boolean
} {
  const { cell, B, T, H, reverse = false, timeMajor = false } = c
  const width = GATES[cell] * H
  const isLstm = cell === 'lstm'
  const sequenceOf = (inner: number): readonly number[] => (timeMajor ? [T, B, inner] : [B, T, inner])
  const lengths = c.ragged
    ? Int32Array.from(c.lengths ?? { length: B }, (_, b) => c.lengths?.[b] ?? (b * 5 + T) % (T + 1))
    : undefined
  const rowAndTime = (i: number, inner: number): readonly [b: number, t: number] => {
    const vector = Math.floor(i / inner)
    return timeMajor ? [vector % B, Math.floor(vector / B)] : [Math.floor(vector / T), vector % T]
  }
  const within = (i: number, inner: number): boolean => {
    const [b, t] = rowAndTime(i, inner)
    return t < (lengths?.[b] ?? T)
  }
  const nanPastEnds = (x: Described): Described => ({
    ...x,
    values: Float32Array.from(x.values!, (value, i) => (within(i, x.shape[2]!) ? value : NaN)),
  })
  const projected = nanPastEnds(given(sequenceOf(width), 1))
  if (c.broken !== undefined) {
    projected.values!.forEach((_, i) => {
      if (rowAndTime(i, width)[0] === c.broken) projected.values![i] = NaN
    })
  }
  const recurrent = given([H, width], 2, 1 / Math.sqrt(H))
  const state = { shape: [B, H] }
  const lengthsInput = lengths === undefined ? null : { shape: [B], values: lengths }
  const mask = c.mask ? { shape: [B, H], values: randoms(6, B * H).map((value) => (value > 0 ? 1.5 : 0)) } : null
  const initial = [c.initial ? given([B, H], 4) : null, c.initial && isLstm ? given([B, H], 5) : null]
  return {
    attributes: { cell, reverse, timeMajor },
    within,
    forwardInputs: [
      projected,
      recurrent,
      cell === 'gru' ? given([width], 3, 0.1) : null,
      ...initial,
      lengthsInput,
      mask,
    ],
    forwardOutputs: [
      { shape: sequenceOf(H) },
      state,
      isLstm ? state : null,
      RESERVED[cell] > 0 ? { shape: sequenceOf(RESERVED[cell] * H) } : null,
    ],
    backwardInputs: ([sequence, , , reserve]) => [
      nanPastEnds(given(sequenceOf(H), 7)),
      given([B, H], 8),
      isLstm ? given([B, H], 9) : null,
      { shape: sequenceOf(H), values: sequence! },
      reserve == null ? null : nanPastEnds({ shape: sequenceOf(RESERVED[cell] * H), values: reserve }),
      recurrent,
      ...initial,
      lengthsInput,
      mask,
    ],
    backwardOutputs: [
      { shape: sequenceOf(width) },
      cell === 'gru' ? { shape: sequenceOf(width) } : null,
      c.initial ? state : null,
      c.initial && isLstm ? state : null,
    ],
  }
}

/**
 * Sums of H + 2 terms (backward: G·H) of which each is at most 1/√H times 1.5 (backward: times the largest gradient), 16 roundings of the gates' arithmetic, all
 * growing as √T: the derivation of the conformance kit, in units of 2⁻²⁴.
 */
function roundings({ cell, T, H }: Case, largest: number): number {
  const terms = GATES[cell] * H + 2
  return Math.sqrt(T) * (2 * (1 + Math.sqrt(terms)) * 1.5 * Math.sqrt(H) + 16) * Math.max(1, largest) * 2 ** -24
}

function expectClose(got: Float32Array, due: Float32Array, c: Case, counts: (i: number) => boolean): void {
  let largest = 0
  due.forEach((value, i) => {
    if (counts(i) && Number.isFinite(value)) largest = Math.max(largest, Math.abs(value))
  })
  const bound = roundings(c, largest)
  const wrong = got.findIndex((value, i) => {
    if (!counts(i) || Object.is(value, due[i]) || (Number.isNaN(value) && Number.isNaN(due[i]))) return false
    return !(Math.abs(value - due[i]!) <= bound)
  })
  expect(wrong === -1 ? undefined : { at: wrong, got: got[wrong], due: due[wrong], bound }).toBeUndefined()
}

async function check(c: Case): Promise<void> {
  const { attributes, forwardInputs, forwardOutputs, backwardInputs, backwardOutputs, within } = callsOf(c)
  const due = await evaluate(reference, 'recurrentForward', forwardInputs, forwardOutputs, attributes)
  const got = await evaluate(backend!, 'recurrentForward', forwardInputs, forwardOutputs, attributes)
  due.forEach((values, n) => {
    if (values === null) return
    const width = RESERVED[c.cell] * c.H
    expectClose(got[n]!, values, c, n === 3 ? (i) => within(i, width) : () => true)
  })
  const inputs = backwardInputs(due)
  const gradDue = await evaluate(reference, 'recurrentBackward', inputs, backwardOutputs, attributes)
  const gradGot = await evaluate(backend!, 'recurrentBackward', inputs, backwardOutputs, attributes)
  gradDue.forEach((values, n) => values && expectClose(gradGot[n]!, values, c, () => true))
}

/** All optional operands: cases that share them share their programs, which software compiles slowly. The kit has all the other combinations. */
const EVERYTHING = { ragged: true, initial: true, mask: true } as const

describe.skipIf(absent)(`a sequence equals the CPU's${absent ? `: ${absent}` : ''}`, () => {
  for (const cell of CELLS) {
    for (const H of [1, 3, 64, 65, 127, 256, 300, 512]) {
      test(`${cell} with ${H} units`, async () => {
        await check({ ...EVERYTHING, cell, B: 3, T: 4, H })
        await check({ ...EVERYTHING, cell, B: 18, T: 3, H, reverse: true, timeMajor: true })
      })
    }
    test(`${cell}: several rows in a workgroup, and more workgroups than one`, async () => {
      await check({ ...EVERYTHING, cell, B: 601, T: 3, H: 20, reverse: true })
      await check({ ...EVERYTHING, cell, B: 77, T: 3, H: 70 })
    })
    test(`${cell}: a row of NaN stays by itself`, async () => {
      await check({ ...EVERYTHING, cell, B: 601, T: 3, H: 20, broken: 1 })
      await check({ ...EVERYTHING, cell, B: 77, T: 3, H: 70, broken: 2 })
      await check({ ...EVERYTHING, cell, B: 6, T: 3, H: 300, broken: 3 })
    })
    test(`${cell}: no rows, no steps`, async () => {
      for (const H of [4, 300]) {
        await check({ ...EVERYTHING, cell, B: 0, T: 3, H })
        await check({ ...EVERYTHING, cell, B: 3, T: 0, H })
      }
    })
  }
})

test.skipIf(absent)('the steps of a long sequence go over several submissions, in order', async () => {
  await check({ ...EVERYTHING, cell: 'lstm', B: 1, T: 140, H: 130, lengths: [139] })
})

test.skipIf(absent)('other lengths and batches compile nothing', async () => {
  await check({ ...EVERYTHING, cell: 'lstm', B: 9, T: 3, H: 60 })
  await check({ ...EVERYTHING, cell: 'lstm', B: 9, T: 3, H: 300 })
  const { pipelinesCreated } = backend!.stats()
  await check({ ...EVERYTHING, cell: 'lstm', B: 40, T: 7, H: 52, reverse: true })
  await check({ ...EVERYTHING, cell: 'lstm', B: 21, T: 5, H: 333, timeMajor: true })
  expect(backend!.stats().pipelinesCreated).toBe(pipelinesCreated)
})
