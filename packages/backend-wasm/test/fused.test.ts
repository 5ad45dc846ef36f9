// Fused ops against the CPU backend, on random shapes.

import type { Backend, RecurrentGate, RecurrentKind, RecurrentVariantKind } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'
import {
  blank,
  CASES,
  compare,
  cpuBackend,
  evaluate,
  floats,
  ints,
  randomInts,
  randoms,
  rows,
  U,
  within,
} from './kit.ts'
import type { Bound, Call, Described, Expected } from './kit.ts'

type CellName = RecurrentKind | RecurrentVariantKind

/** Gates, and what is kept of each unit and step. */
const SIZES: { readonly [Kind in CellName]: readonly [gates: number, reserved: number] } = {
  simpleTanh: [1, 0],
  simpleRelu: [1, 0],
  lstm: [4, 5],
  coupledLstm: [3, 4],
  gru: [3, 4],
  gruResetBefore: [3, 3],
}

/** What a cell is; with a function of the gates it is one with options. */
interface Form {
  readonly cell: CellName
  readonly gate?: RecurrentGate
  readonly peepholes?: boolean
}

const FORMS: readonly Form[] = [
  ...(['simpleTanh', 'simpleRelu', 'lstm', 'gru'] as const).map((cell) => ({ cell })),
  ...(['gru', 'gruResetBefore'] as const).flatMap((cell) =>
    (['sigmoid', 'hardSigmoid'] as const).map((gate) => ({ cell, gate })),
  ),
  ...(['lstm', 'coupledLstm'] as const).flatMap((cell) =>
    (['sigmoid', 'hardSigmoid'] as const).flatMap((gate) => [
      { cell, gate },
      { cell, gate, peepholes: true },
    ]),
  ),
]

interface Case extends Form {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly reverse: boolean
  readonly timeMajor: boolean
  readonly ragged: boolean
  readonly initial: boolean
  readonly masked: boolean
  readonly gap: number
  readonly upstream: number
  readonly seed: number
}

const size = (most: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: most }))
const cases: fc.Arbitrary<Case> = fc
  .record({
    form: fc.constantFrom(...FORMS),
    B: size(20),
    T: size(12),
    H: size(40),
    reverse: fc.boolean(),
    timeMajor: fc.boolean(),
    ragged: fc.boolean(),
    initial: fc.boolean(),
    masked: fc.boolean(),
    gap: fc.constantFrom(0, 0, 3),
    upstream: fc.integer({ min: 1, max: 7 }),
    seed: fc.nat(1000),
  })
  .map(({ form, ...rest }) => ({ ...rest, ...form }))

/** Runs forward on both backends, then backward of the CPU's results on both. */
async function check(backend: Backend, c: Case): Promise<void> {
  const { cell, gate, B, T, H, reverse, timeMajor, seed } = c
  const hasCell = cell === 'lstm' || cell === 'coupledLstm'
  const [G, reserved] = SIZES[cell]
  const sequenceShape = (width: number): readonly number[] => (timeMajor ? [T, B, width] : [B, T, width])
  const place = (width: number): Partial<Described> => rows(sequenceShape(width), width, c.gap, 1)
  const scale = 1 / Math.sqrt(H)
  // Hard sigmoids are 0 or 1 from ±2.5 on: some must be.
  const spread = gate === 'hardSigmoid' ? 4 : 1
  const projected = floats(sequenceShape(G * H), randoms(seed, B * T * G * H, spread), place(G * H))
  const recurrent = floats([H, G * H], randoms(seed + 1, H * G * H, scale))
  const recurrentBias = cell === 'gru' ? floats([G * H], randoms(seed + 2, G * H, 0.1)) : null
  const h0 = c.initial ? floats([B, H], randoms(seed + 3, B * H)) : null
  const c0 = c.initial && hasCell ? floats([B, H], randoms(seed + 4, B * H)) : null
  const lengths = c.ragged ? ints([B], randomInts(seed + 5, B, 0, T)) : null
  const mask = c.masked
    ? floats(
        [B, H],
        randomInts(seed + 6, B * H, 0, 1).map((bit) => bit * 2),
      )
    : null
  const seen = cell === 'lstm' ? 3 : 2
  const peephole = c.peepholes ? floats([seen, H], randoms(seed + 10, seen * H, 0.5)) : null
  const state = blank([B, H])
  const attributes = { cell, reverse, timeMajor, ...(gate && { gate }) }
  const own = gate ? [peephole] : []
  const forward: Call = {
    op: gate ? 'recurrentVariantForward' : 'recurrentForward',
    inputs: [projected, recurrent, recurrentBias, h0, c0, lengths, mask, ...own],
    outputs: [
      blank(sequenceShape(H), place(H)),
      state,
      hasCell ? state : null,
      reserved > 0 ? blank(sequenceShape(reserved * H)) : null,
    ],
    attributes,
  }
  // As the conformance kit derives it: (2 + 2√(H+2))·Z roundings of the gates' sums, 16 of their arithmetic, growing as √T; relu states may grow with T.
  // A peephole adds up to ½·c, and c grows by 1 a step at most.
  const terms = (peephole ? 0.5 * (1 + T) : 0) + spread + 0.1 + 2 * H * scale * (cell === 'simpleRelu' ? 2 * T : 1)
  // Reset before the product, an error of the reset gate goes through a product of its own.
  const chained = cell === 'gruResetBefore' ? 1 + 2 * H * scale : 1
  const roundings = Math.sqrt(T) * (2 * (1 + Math.sqrt(H + 2)) * terms + 16) * chained * Math.max(2, Math.sqrt(T))
  const bound: Bound = (due) => roundings * U * Math.max(1, Math.abs(due))
  const defined = withinRows(c, lengths, reserved * H)
  await compare(backend, forward, [bound, bound, bound, (due, i) => (defined(i) ? bound(due, i) : Infinity)])

  const [sequence, , , reserve] = evaluate(await cpuBackend(), forward)
  const gradProjected = blank(sequenceShape(G * H))
  const given = (bit: number, make: () => Described): Described | null => (c.upstream & bit ? make() : null)
  // Values of the reserve past the rows' ends are not defined: whatever is there must not matter.
  const kept = reserve && Float32Array.from(reserve, (value, i) => (defined(i) ? value : NaN))
  const backward: Call = {
    op: gate ? 'recurrentVariantBackward' : 'recurrentBackward',
    inputs: [
      given(1, () => floats(sequenceShape(H), randoms(seed + 7, B * T * H), place(H))),
      given(2, () => floats([B, H], randoms(seed + 8, B * H))),
      hasCell ? given(4, () => floats([B, H], randoms(seed + 9, B * H))) : null,
      floats(sequenceShape(H), sequence!, place(H)),
      kept ? floats(sequenceShape(reserved * H), kept) : null,
      recurrent,
      h0,
      c0,
      lengths,
      mask,
      ...own,
    ],
    outputs: [
      gradProjected,
      cell === 'gru' ? gradProjected : null,
      h0 && state,
      c0 && state,
    ] satisfies (Expected | null)[],
    attributes,
  }
  const due = evaluate(await cpuBackend(), backward)
  let largest = 1
  for (const values of due) for (const value of values ?? []) largest = Math.max(largest, Math.abs(value))
  const gradRoundings = Math.sqrt(T) * (2 * (1 + Math.sqrt(G * H)) * Math.sqrt(G * H) * scale + 16) * 2 * largest
  await compare(backend, backward, () => gradRoundings * U)
}

/** True at each element of a sequence of this width that lies within its row. */
function withinRows(c: Case, lengths: Described | null, width: number): (i: number) => boolean {
  return (i) => {
    const step = Math.floor(i / width)
    const [row, t] = c.timeMajor ? [step % c.B, Math.floor(step / c.B)] : [Math.floor(step / c.T), step % c.T]
    return lengths === null || t < lengths.values[row]!
  }
}

describe.each(BUILDS)('fused ops, $title', (build) => {
  test('recurrent sequences, forward and backward', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(cases, (c) => check(backend, c)),
      { numRuns: 4 * CASES },
    )
    await backend.dispose()
  })

  test.each(FORMS)('$cell $gate $peepholes of notable sizes', async (form) => {
    const backend = await makeBackend(build)
    const plain = {
      ...form,
      reverse: false,
      timeMajor: false,
      ragged: false,
      initial: false,
      masked: false,
      gap: 0,
      upstream: 7,
      seed: 1,
    }
    for (const [B, T, H] of [
      [1, 1, 1],
      [1, 5, 64],
      [2, 3, 129],
      [3, 2, 256],
      [32, 4, 128],
      [64, 2, 40],
      [13, 3, 200],
    ] as const) {
      await check(backend, { ...plain, B, T, H })
      await check(backend, { ...plain, B, T, H, initial: true, ragged: true, reverse: true })
    }
    await backend.dispose()
  })

  test('linear scans', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(
        size(8),
        fc.nat(20),
        size(30),
        fc.boolean(),
        fc.boolean(),
        fc.nat(999),
        async (B, T, H, reverse, initial, seed) => {
          const shape = [B, T, H]
          const count = B * T * H
          const [a, b, h, gradH] = [1, 2, 3, 4].map((own) => floats(shape, randoms(seed + own, count))) as [
            Described,
            Described,
            Described,
            Described,
          ]
          const h0 = initial ? floats([B, H], randoms(seed + 5, B * H)) : null
          const bound: Bound = (due) => 4 * (1 + T) * U * Math.max(1, Math.abs(due))
          await compare(
            backend,
            { op: 'linearScanForward', inputs: [a, b, h0], outputs: [blank(shape)], attributes: { reverse } },
            bound,
          )
          await compare(
            backend,
            {
              op: 'linearScanBackward',
              inputs: [gradH, a, h, h0],
              outputs: [blank(shape), blank(shape), h0 && blank([B, H])],
              attributes: { reverse },
            },
            bound,
          )
        },
      ),
      { numRuns: CASES },
    )
    await backend.dispose()
  })

  test('softmax, cross-entropy and layer norm', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(
        size(12),
        size(50),
        fc.nat(999),
        fc.boolean(),
        fc.boolean(),
        async (N, V, seed, smooth, weighted) => {
          const x = floats([N, V], randoms(seed, N * V, 8), { offset: 1 })
          for (const log of [false, true]) {
            await compare(
              backend,
              { op: 'softmax', inputs: [x], outputs: [blank([N, V])], attributes: { log } },
              log ? within(4 * U, 40 * U) : within(80 * U, 2 ** -140),
            )
          }
          const labels = ints([N], randomInts(seed + 1, N, -1, V - 1))
          const weights = weighted ? floats([V], randoms(seed + 2, V).map(Math.abs)) : null
          const attributes = { labelSmoothing: smooth ? 0.1 : 0 }
          const one = blank([N])
          await compare(
            backend,
            { op: 'crossEntropyForward', inputs: [x, labels, weights], outputs: [one, one], attributes },
            within(8 * U, 80 * U),
          )
          const [, logSumExp] = evaluate(await cpuBackend(), {
            op: 'crossEntropyForward',
            inputs: [x, labels, weights],
            outputs: [one, one],
            attributes,
          })
          const inputs = [floats([N], randoms(seed + 3, N)), x, labels, weights, floats([N], logSumExp!)]
          await compare(
            backend,
            { op: 'crossEntropyBackward', inputs, outputs: [blank([N, V])], attributes },
            within(80 * U, 8 * U),
          )

          const [gain, bias] = [
            weighted ? floats([V], randoms(seed + 4, V)) : null,
            smooth ? floats([V], randoms(seed + 5, V)) : null,
          ]
          const norm: Call = {
            op: 'layerNormForward',
            inputs: [x, gain, bias],
            outputs: [blank([N, V]), one, one],
            attributes: { epsilon: 1e-3 },
          }
          // x̂ is at most √V, and 1/σ at most 32.
          await compare(backend, norm, [() => 64 * Math.sqrt(V) * U, within(4 * U, 16 * U), within(16 * U)])
          const [, mean, rstd] = evaluate(await cpuBackend(), norm)
          const call: Call = {
            op: 'layerNormBackward',
            inputs: [floats([N, V], randoms(seed + 6, N * V)), x, gain, floats([N], mean!), floats([N], rstd!)],
            outputs: [blank([N, V]), gain && blank([V]), bias && blank([V])],
            attributes: {},
          }
          const largest = Math.max(1, ...rstd!)
          await compare(backend, call, [() => 32 * V * largest * U, () => 8 * N * Math.sqrt(V) * U, () => 4 * N * U])
        },
      ),
      { numRuns: CASES },
    )
    await backend.dispose()
  })

  test('sums of squares of many tensors', async () => {
    const backend = await makeBackend(build)
    for (const many of [0, 1, 3, 600]) {
      const inputs = Array.from({ length: many }, (_, i) => floats([i % 70], randoms(i, i % 70), { offset: i & 3 }))
      await compare(backend, { op: 'sumOfSquares', inputs, outputs: [blank([])], attributes: {} }, within(64 * U))
    }
    await compare(
      backend,
      { op: 'sumOfSquares', inputs: [floats([100_001], randoms(1, 100_001))], outputs: [blank([])], attributes: {} },
      within(64 * U),
    )
    await backend.dispose()
  })

  test('steps of optimisers', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(
        size(70),
        fc.nat(999),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (count, seed, scaled, first, second) => {
          const vector = (own: number, least?: number): Described => {
            const values = randoms(seed + own, count)
            return floats([count], least === undefined ? values : values.map((x) => least + Math.abs(x)), {
              offset: own,
            })
          }
          const scale = scaled ? floats([], [0.25]) : null
          const bound = within(8 * U, 16 * U)
          const weightDecay = second ? 0.01 : 0
          await compare(
            backend,
            {
              op: 'sgdStep',
              inputs: [vector(1), floats([1], [0.1]), scale],
              outputs: [vector(2), first ? vector(3) : null],
              attributes: { momentum: first ? 0.9 : 0, nesterov: second, weightDecay },
            },
            bound,
          )
          await compare(
            backend,
            {
              op: 'rmspropStep',
              inputs: [vector(1), floats([1], [0.1]), scale],
              // Mean squares well above the squared average: their difference must not cancel.
              outputs: [vector(2), vector(3, 3), first ? vector(4) : null, second ? vector(5) : null],
              attributes: { decay: 0.9, epsilon: 1e-7, momentum: second ? 0.9 : 0, weightDecay },
            },
            within(16 * U, 64 * U),
          )
          await compare(
            backend,
            {
              op: 'adamStep',
              inputs: [vector(1), floats([3], [0.1, 0.1, 0.2]), scale],
              outputs: [vector(2), vector(3), vector(4, 1)],
              attributes: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay, decoupled: first },
            },
            within(16 * U, 32 * U),
          )
        },
      ),
      { numRuns: CASES },
    )
    await backend.dispose()
  })
})
