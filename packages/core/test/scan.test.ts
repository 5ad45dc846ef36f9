// The scan: the same equations fused, step by step, and by hand; lengths, directions, and what it refuses.

import { cpu } from '@rnn/backend-cpu'
import {
  add,
  decorate,
  defineCell,
  fusedCounts,
  glorotUniform,
  gruCell,
  gruVariant,
  linear,
  lstmCell,
  lstmVariant,
  mul,
  scan,
  scope,
  sigmoid,
  simpleCell,
  simpleReluCell,
  sizeOf,
  sub,
  tanh,
  tensor,
  zeroInitializer,
  zeros,
  type Backend,
  type Cell,
  type ScanOptions,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { beforeAll, describe, expect, test } from 'vitest'

let backend: Backend
let composite: Backend
beforeAll(async () => {
  backend = await cpu()
  composite = decorate(await cpu(), { supports: () => ({ reason: 'composites only' }) })
})

/** Different values everywhere, of moderate size. */
function filled(on: Backend, shape: Shape, seed: number): Tensor {
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 1.7 + seed)),
    { backend: on, shape },
  )
}

function parametersOf(cell: Cell, on: Backend, inputSize: number, units: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(cell.parameters(inputSize, units)).map(([name, { shape }], i) => [name, filled(on, shape, i)]),
  )
}

/** A leaky integrator: a cell that no backend knows. State: level. */
const leaky = defineCell<'kernel' | 'rate', readonly [level: Tensor]>({
  kind: 'leaky',
  gates: 1,
  stateSizes: (units) => [units],
  parameters: (inputSize, units) => ({
    kernel: { shape: [inputSize, units], initializer: glorotUniform },
    rate: { shape: [units], initializer: zeroInitializer },
  }),
  project: (x, { kernel }) => linear(x, kernel),
  step(projected, [level], { rate }) {
    const keep = sigmoid(rate)
    return [add(mul(keep, level), mul(sub(1, keep), tanh(projected)))]
  },
})

const [B, T, I, H] = [3, 5, 4, 3]

describe.each<[string, Cell]>([
  ['simple tanh', simpleCell],
  ['simple relu', simpleReluCell],
  ['LSTM', lstmCell],
  ['GRU', gruCell],
  ['LSTM with hard-sigmoid gates', lstmVariant({ recurrentActivation: 'hardSigmoid' })],
  ['LSTM with peepholes', lstmVariant({ peepholes: true })],
  ['LSTM with coupled gates and peepholes', lstmVariant({ coupledGates: true, peepholes: true })],
  ['GRU with hard-sigmoid gates', gruVariant({ recurrentActivation: 'hardSigmoid' }) as unknown as Cell],
  ['GRU, reset before', gruVariant({ resetAfter: false }) as unknown as Cell],
  ['a user-written cell', leaky],
])('%s', (_, cell) => {
  function run(on: Backend, options: Partial<ScanOptions>, time = T): number[][] {
    return scope(on, () => {
      const shape = options.timeMajor === true ? [time, B, I] : [B, time, I]
      const lengths = options.lengths && tensor(options.lengths.dataSync(), { backend: on })
      const initial = options.initial?.map((each, i) => filled(on, each.shape, 20 + i))
      const given = { ...options, ...(lengths && { lengths }), ...(initial && { initial }) }
      const { sequence, final } = scan(cell, filled(on, shape, 9), parametersOf(cell, on, I, H), { ...given, units: H })
      return [sequence, ...final].map((each) => [...each.dataSync()])
    })
  }
  const someLengths = (): Tensor => tensor(Int32Array.of(T, 0, 2), { backend })
  const someState = (): Tensor[] => cell.stateSizes(H).map((width) => zeros([B, width], { backend }))

  test.each<[string, () => Partial<ScanOptions>]>([
    ['plain', () => ({})],
    ['reverse', () => ({ reverse: true })],
    ['lengths', () => ({ lengths: someLengths() })],
    [
      'reverse with lengths and an initial state',
      () => ({ reverse: true, lengths: someLengths(), initial: someState() }),
    ],
    ['time-major with an initial state', () => ({ timeMajor: true, initial: someState() })],
  ])('fused and composite agree: %s', (__, options) => {
    const [fused, stepwise] = [run(backend, options()), run(composite, options())]
    fused.forEach((values, i) => values.forEach((value, j) => expect(value).toBeCloseTo(stepwise[i]?.[j] ?? NaN, 5)))
  })

  test('a row is not changed by what lies past its end', () => {
    const [whole] = run(composite, {}, 2)
    const [ragged] = run(composite, { lengths: tensor(Int32Array.of(2, 2, 2), { backend }) }, 2)
    expect(ragged).toEqual(whole)
  })

  test('past a row’s end outputs are zero and the state stands still', () => {
    const [sequence = [], final = []] = run(composite, { lengths: someLengths() })
    const at = (b: number, t: number): number[] => sequence.slice((b * T + t) * H, (b * T + t + 1) * H)
    expect(at(2, 2)).toEqual([0, 0, 0])
    expect(at(1, 0)).toEqual([0, 0, 0])
    expect(final.slice(2 * H)).toEqual(at(2, 1))
    expect(final.slice(H, 2 * H)).toEqual([0, 0, 0])
  })

  test('no time steps at all give the initial state', () => {
    for (const on of [backend, composite]) {
      const [sequence, hidden] = run(on, { initial: someState() }, 0)
      expect(sequence).toEqual([])
      expect(hidden).toEqual([...filled(on, [B, H], 20).dataSync()])
    }
  })
})

test('states that a cell hands on unchanged stay those of the caller, and are not given back as the final ones', () => {
  const passing = defineCell<never, readonly [h: Tensor, start: Tensor, last: Tensor]>({
    kind: 'passing',
    gates: 1,
    stateSizes: (units) => [units, units, units],
    parameters: () => ({}),
    step: (x, [h, start, last]) => [add(x, h), start, add(last, start)],
  })
  const before = backend.stats().liveBuffers
  const initial = [1, 2, 3].map((seed) => filled(backend, [B, H], seed))
  const x = filled(backend, [B, T, H], 4)
  const { sequence, final } = scan(passing as unknown as Cell, x, {}, { units: H, initial })
  for (const each of [sequence, ...final]) each.dispose()
  expect(initial.map((each) => each.disposed)).toEqual([false, false, false])
  for (const each of [x, ...initial]) each.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('a cell with equations of its own under a built-in name runs by its equations', () => {
  scope(backend, () => {
    const still = { ...gruCell, step: (_: Tensor, [h]: readonly [Tensor]) => [mul(h, 0.5)] as const }
    const initial = [filled(backend, [B, H], 3)]
    const x = filled(backend, [B, 1, I], 9)
    const { final } = scan(still as unknown as Cell, x, parametersOf(gruCell, backend, I, H), { units: H, initial })
    expect(final[0]?.dataSync()).toEqual(mul(initial[0]!, 0.5).dataSync())
  })
})

describe('cells with options', () => {
  /** How sequences of a cell ran: fused, as composites, or through the generic scan without a question to the backend. */
  function waysOf(cell: Cell, supports?: Backend['supports']): object {
    const on = decorate(backend, supports ? { supports } : {})
    scope(on, () => scan(cell, filled(on, [B, T, I], 9), parametersOf(cell, on, I, H), { units: H }))
    return fusedCounts(on)
  }
  const [fused, refused] = [
    { fused: 1, composite: 0 },
    { fused: 0, composite: 1 },
  ] as const
  const hard = { recurrentActivation: 'hardSigmoid' } as const

  test.each<[string, Cell]>([
    ['hard-sigmoid gates', lstmVariant(hard)],
    ['peepholes', lstmVariant({ peepholes: true })],
    ['coupled gates', lstmVariant({ coupledGates: true })],
    ['all of them', lstmVariant({ peepholes: true, coupledGates: true, ...hard })],
    ['hard-sigmoid gates of a GRU', gruVariant(hard) as unknown as Cell],
    ['reset before the product', gruVariant({ resetAfter: false }) as unknown as Cell],
    ['both of a GRU', gruVariant({ resetAfter: false, ...hard }) as unknown as Cell],
  ])('%s run fused', (_, cell) => {
    expect(waysOf(cell)).toEqual({ recurrentVariantForward: fused })
  })

  test.each<[string, Cell]>([
    ['a projection', lstmVariant({ projection: 2, peepholes: true })],
    ['layer normalisation', lstmVariant({ layerNorm: true, ...hard })],
    ['a clip', lstmVariant({ clip: 1, peepholes: true })],
    ['another candidate of a GRU', gruVariant({ resetAfter: false, activation: 'relu' }) as unknown as Cell],
    ['another candidate', lstmVariant({ activation: 'softplus', coupledGates: true })],
    ['gates without a kernel', lstmVariant({ recurrentActivation: 'linear' })],
  ])('%s: the generic scan', (_, cell) => {
    expect(waysOf(cell)).not.toHaveProperty('recurrentVariantForward')
    expect(waysOf(cell)).not.toHaveProperty('recurrentForward')
  })

  test('a backend that fuses the usual cells, whatever their attributes, refuses them by the name of the op', () => {
    const known = ['recurrentForward', 'recurrentBackward']
    const supports: Backend['supports'] = ({ op }) => known.includes(op) || { reason: `no kernel for ${op}` }
    expect(waysOf(lstmVariant({ peepholes: true }), supports)).toEqual({ recurrentVariantForward: refused })
    expect(waysOf(lstmCell, supports)).toEqual({ recurrentForward: fused })
  })

  test('a cell with equations of its own under the name and the options of one of ours runs by its equations', () => {
    scope(backend, () => {
      const ours = lstmVariant({ peepholes: true })
      const still = { ...ours, step: (_: Tensor, [h, c]: readonly [Tensor, Tensor]) => [mul(h, 0.5), c] as const }
      const initial = [filled(backend, [B, H], 3), filled(backend, [B, H], 4)]
      const x = filled(backend, [B, 1, I], 9)
      const { final } = scan(still as unknown as Cell, x, parametersOf(ours, backend, I, H), { units: H, initial })
      expect(final[0]?.dataSync()).toEqual(mul(initial[0]!, 0.5).dataSync())
    })
  })
})

test('a mask on the hidden state reaches the recurrent product alone, fused and composite alike', () => {
  for (const cell of [simpleCell, lstmCell, gruCell] as readonly Cell[]) {
    const [fused, stepwise] = [backend, composite].map((on) =>
      scope(on, () => {
        const hiddenMask = tensor(
          [
            [0, 2, 2],
            [2, 0, 2],
            [2, 2, 0],
          ],
          { backend: on },
        )
        const options = {
          units: H,
          hiddenMask,
          initial: cell.stateSizes(H).map((width, i) => filled(on, [B, width], i)),
        }
        return [...scan(cell, filled(on, [B, T, I], 9), parametersOf(cell, on, I, H), options).sequence.dataSync()]
      }),
    )
    fused?.forEach((value, i) => expect(value).toBeCloseTo(stepwise?.[i] ?? NaN, 5))
  }
})

test('which of the two ran is counted', () => {
  scope(composite, () =>
    scan(lstmCell, filled(composite, [1, 2, I], 1), parametersOf(lstmCell, composite, I, H), { units: H }),
  )
  scope(backend, () =>
    scan(lstmCell, filled(backend, [1, 2, I], 1), parametersOf(lstmCell, backend, I, H), { units: H }),
  )
  expect(fusedCounts(composite).recurrentForward?.fused).toBe(0)
  expect(fusedCounts(composite).recurrentForward?.composite).toBeGreaterThan(0)
  expect(fusedCounts(backend).recurrentForward?.composite).toBe(0)
})

test('a fused op that throws is an error, never a silent fallback', () => {
  const failing = decorate(backend, {
    run: (call) => {
      if (call.op === 'recurrentForward') throw new Error('kernel fault')
      backend.run(call)
    },
  })
  const attempt = (): unknown =>
    scan(lstmCell, filled(failing, [1, 2, I], 1), parametersOf(lstmCell, failing, I, H), { units: H })
  expect(() => scope(failing, attempt)).toThrow('kernel fault')
})

test('without a tape a long scan frees what no step reads again', () => {
  const live = (): number => composite.stats().liveBuffers
  const before = live()
  let peak = 0
  const known: Cell = leaky
  const counted: Cell = {
    ...known,
    step(...args) {
      peak = Math.max(peak, live())
      return known.step(...args)
    },
  }
  const time = 50
  scope(
    composite,
    () => void scan(counted, filled(composite, [1, time, I], 1), parametersOf(leaky, composite, I, H), { units: H }),
  )
  // One output a step, and a constant number of others.
  expect(peak - before).toBeLessThan(time + 15)
  expect(live()).toBe(before)
})

describe('refuses', () => {
  const attempt =
    (options: Partial<ScanOptions>, x = zeros([B, T, I], { backend }), cell: Cell = lstmCell) =>
    () =>
      scan(cell, x, parametersOf(cell, backend, I, H), { units: H, ...options })

  test.each<[string, () => () => unknown, string]>([
    [
      'a matrix',
      () => attempt({}, zeros([B, I], { backend })),
      'lstm: x has shape [3, 4], expected [batch, time, features]',
    ],
    [
      'other features',
      () => attempt({}, zeros([B, T, 9], { backend })),
      'lstm: kernel has shape [4, 12], expected [9, 12]',
    ],
    ['float lengths', () => attempt({ lengths: zeros([B], { backend }) }), 'lstm: lengths is float32, expected int32'],
    [
      'lengths of another batch',
      () => attempt({ lengths: zeros([2], { backend, dtype: 'int32' }) }),
      'lstm: lengths has shape [2], expected [3]',
    ],
    ['a missing state', () => attempt({ initial: [zeros([B, H], { backend })] }), 'lstm: 1 state tensor, expected 2'],
    [
      'a mask of true and false',
      () => attempt({ hiddenMask: zeros([B, H], { backend, dtype: 'bool' }) }),
      "lstm: hiddenMask is bool, expected float32; convert it with cast(hiddenMask, 'float32')",
    ],
    [
      'a mask where a cell has no place for it',
      () => attempt({ hiddenMask: zeros([B, H], { backend }) }, undefined, leaky),
      'leaky: this cell has no place for recurrent dropout',
    ],
  ])('%s', (_, make, message) => {
    expect(make()).toThrow(message)
  })

  test('a missing parameter', () => {
    expect(() => scan(gruCell, zeros([B, T, I], { backend }), {}, { units: H })).toThrow(
      "gru: parameter 'kernel' is missing; give kernel, recurrent, bias, recurrentBias",
    )
  })
})
