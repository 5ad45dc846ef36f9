// Cells that are linear in their state: PyTorch's numbers, in parallel over time and step by step, and what is made of them.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import {
  add,
  decorate,
  defineLinearCell,
  fusedCounts,
  glorotUniform,
  linear,
  minGruCell,
  minLstmCell,
  mul,
  readTensors,
  scan,
  scope,
  sigmoid,
  split,
  stack,
  sum,
  tensor,
  transpose,
  type Backend,
  type Cell,
  type ScanOptions,
  type Tensor,
} from '@rnn/core'
import { bidirectional, minGru, minLstm, rnn, type Recurrent, type RecurrentOptions } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { sharedVectors, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}

interface CellCase {
  readonly name: string
  readonly params: Readonly<Record<string, Numbers>>
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly outputs: Readonly<Record<string, Numbers>>
  readonly loss_weights: Readonly<Record<string, Numbers>>
  readonly grads: Readonly<Record<string, Numbers>>
}

const CELLS: Readonly<Record<string, Cell>> = { minGru: minGruCell, minLstm: minLstmCell }
const LAYERS: Readonly<Record<string, (options: RecurrentOptions) => Recurrent>> = { minGru, minLstm }
const kindOf = ({ name }: CellCase): string => name.slice(0, name.indexOf('/'))
const all = (sharedVectors('cells.json') ?? []) as CellCase[]
const cases = all.filter((each) => Object.hasOwn(CELLS, kindOf(each)))

/** The same cell without the parallel form: its step is the truth. */
const stepwise = (cell: Cell): Cell => {
  const { recurrence: _, ...rest } = cell
  return rest
}

const WAYS: readonly (readonly [title: string, on: (device: Backend) => Backend, cell: (cell: Cell) => Cell])[] = [
  ['by the fused linear scan', (device) => device, (cell) => cell],
  [
    'by its composite',
    (device) => decorate(device, { supports: () => ({ reason: 'to be compared' }) }),
    (cell) => cell,
  ],
  ['step by step', (device) => device, stepwise],
]

describe.skipIf(all.length === 0)('minGRU and minLSTM give what PyTorch gives', () => {
  test('all four cases are here', () => expect(cases.length).toBe(4))

  const runs = cases.flatMap((each) =>
    WAYS.map(([title, on, way]) => ({ each, on, way, title: `${each.name}, ${title}` })),
  )
  test.each(runs)('$title', async ({ each, on, way }) => {
    const { params, inputs, outputs, loss_weights: weights, grads } = each
    const backend = on(await cpu())
    const units = outputs['final0']?.shape[1] ?? 0
    const upload = ({ data, shape }: Numbers): Tensor => tensor(Float32Array.from(data), { backend, shape })
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    const names: string[] = []
    scope(backend, () => {
      const given = Object.fromEntries(
        Object.entries({ ...inputs, ...params }).map(([name, numbers]) => [name, upload(numbers)]),
      )
      const { gradients, aux } = valueAndGrad(({ x, state0, ...parameters }: Record<string, Tensor>) => {
        if (x === undefined || state0 === undefined) throw new Error('the case has no input')
        const { sequence, final } = scan(way(CELLS[kindOf(each)] as Cell), x, parameters as Record<string, Tensor>, {
          units,
          initial: [state0],
        })
        const results: Record<string, Tensor> = { sequence, ...(final[0] && { final0: final[0] }) }
        const terms = Object.entries(results).map(([name, result]) =>
          sum(mul(result, upload(weights[name] ?? { data: [], shape: [0] }))),
        )
        return { value: terms.reduce((total, term) => add(total, term)), aux: results }
      })(given)
      names.push(...Object.keys(aux), ...Object.keys(gradients))
      reading = readTensors([...Object.values(aux), ...Object.values(gradients)])
    })
    const arrays = await reading
    expect(names).toEqual([...Object.keys(outputs), ...Object.keys(inputs), ...Object.keys(params)])
    names.forEach((name, i) => {
      const expected = outputs[name]?.data ?? grads[name]?.data ?? []
      // An element of a gradient is a sum whose terms may cancel: there the largest element sets the scale (as in pytorch.test.ts).
      const largest = Math.max(...expected.map(Math.abs))
      expected.forEach((value, at) => {
        const bound = 1e-6 + 1e-5 * (outputs[name] === undefined ? largest : Math.abs(value))
        expect(Math.abs((arrays[i]?.[at] ?? NaN) - value), `${name}[${at}]`).toBeLessThanOrEqual(bound)
      })
    })
  })
})

const [B, T, I, H] = [4, 6, 3, 5]

interface Outcome {
  readonly sequence: Float32Array
  readonly final: Float32Array
  readonly gradients: readonly Float32Array[]
}

/** Outputs and gradients of a scan from the initial state on. */
async function outcomeOf(
  cell: Cell,
  options: Partial<ScanOptions> & { rows?: readonly number[] },
  backend: Backend,
): Promise<Outcome> {
  const { rows, timeMajor = false, ...rest } = options
  let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
  scope(backend, () => {
    const upload = (...shape: number[]): Tensor => tensor(waves(...shape).data, { backend, shape })
    const shapes = Object.entries(cell.parameters(I, H)).map(([name, { shape }]) => [name, upload(...shape)] as const)
    const x = timeMajor ? transpose(upload(B, T, I), [1, 0, 2]) : upload(B, T, I)
    const lengths = rows && tensor(Int32Array.from(rows), { backend })
    const { gradients, aux } = valueAndGrad(({ input, before, ...parameters }: Record<string, Tensor>) => {
      if (input === undefined || before === undefined) throw new Error('no input')
      const found = scan(cell, input, parameters as Record<string, Tensor>, {
        units: H,
        timeMajor,
        lengths,
        ...rest,
        initial: [before],
      })
      const sequence = timeMajor ? transpose(found.sequence, [1, 0, 2]) : found.sequence
      const final = found.final[0] ?? sequence
      const value = add(sum(mul(sequence, upload(B, T, H))), sum(mul(final, upload(B, H))))
      return { value, aux: { sequence, final } }
    })({ input: x, before: upload(B, H), ...Object.fromEntries(shapes) })
    const { input, ...others } = gradients
    const inputGradient = timeMajor && input ? transpose(input, [1, 0, 2]) : (input ?? aux.final)
    reading = readTensors([aux.sequence, aux.final, inputGradient, ...Object.values(others)])
  })
  const [sequence, final, ...gradients] = (await reading) as Float32Array[]
  return { sequence: sequence as Float32Array, final: final as Float32Array, gradients }
}

describe.each([
  ['minGru', minGruCell as unknown as Cell],
  ['minLstm', minLstmCell as unknown as Cell],
])('%s in parallel equals %s step by step', (_, cell) => {
  test.each<[string, Partial<ScanOptions> & { rows?: readonly number[] }]>([
    ['forward', {}],
    ['in reverse', { reverse: true }],
    ['with lengths, an empty row among them', { rows: [3, 6, 0, 1] }],
    ['with lengths in reverse', { rows: [3, 6, 0, 1], reverse: true }],
    ['time-major, with lengths, in reverse', { rows: [6, 2, 0, 5], reverse: true, timeMajor: true }],
    ['with expected zoneout', { zoneout: [0.25] }],
  ])('%s', async (__, options) => {
    const backend = await cpu()
    const [got, expected] = [await outcomeOf(cell, options, backend), await outcomeOf(stepwise(cell), options, backend)]
    // Both round each of some hundred operations of values of about 1; the largest sums have about 50.
    const close = (a: Float32Array, b: Float32Array): void =>
      a.forEach((value, i) => expect(Math.abs(value - (b[i] ?? NaN))).toBeLessThan(2e-5))
    close(got.sequence, expected.sequence)
    close(got.final, expected.final)
    got.gradients.forEach((gradient, i) => close(gradient, expected.gradients[i] ?? gradient.map(() => NaN)))
    expect(backend.stats().liveBuffers).toBe(0)
    expect(fusedCounts(backend).linearScanForward).toEqual({ fused: 1, composite: 0 })
  })

  test('no steps leave the state as it is', async () => {
    const backend = await cpu()
    scope(backend, () => {
      const parameters = Object.fromEntries(
        Object.entries(cell.parameters(I, H)).map(([name, { shape }]) => [
          name,
          tensor(waves(...shape).data, { backend, shape }),
        ]),
      )
      const x = tensor(new Float32Array(0), { backend, shape: [B, 0, I] })
      const initial = tensor(waves(B, H).data, { backend, shape: [B, H] })
      const { sequence, final } = scan(cell, x, parameters, { units: H, initial: [initial] })
      expect(sequence.shape).toEqual([B, 0, H])
      expect(final[0]?.dataSync()).toEqual(waves(B, H).data)
    })
    expect(backend.stats().liveBuffers).toBe(0)
  })

  test('gates that are all shut leave a finite state', async () => {
    const backend = await cpu()
    scope(backend, () => {
      const specs = Object.entries(cell.parameters(1, 1)).map(([name, { shape }]) => [name, shape] as const)
      const parameters = Object.fromEntries(
        specs.map(([name, shape]) => [
          name,
          tensor(
            Float32Array.from({ length: shape.at(-1) ?? 0 }, () => (name === 'bias' ? -1000 : 0)),
            { backend, shape },
          ),
        ]),
      )
      const x = tensor(new Float32Array(3), { backend, shape: [1, 3, 1] })
      const { gradients, value } = valueAndGrad((each: Record<string, Tensor>) =>
        sum(scan(cell, x, each, { units: 1 }).sequence),
      )(parameters)
      for (const each of [value, ...Object.values(gradients)])
        expect([...each.dataSync()].every(Number.isFinite)).toBe(true)
    })
  })
})

for (const [name, make, gates] of [
  ['minGru', minGru, 2],
  ['minLstm', minLstm, 3],
] as const) {
  testLayer(name, {
    make: () => make({ units: 4, inputSize: 3 }),
    input: waves(2, 5, 3),
    outputShape: [2, 5, 4],
    parameters: { kernel: [3, gates * 4], bias: [gates * 4] },
    lengths: [5, 2],
  })
  testLayer(`stacked bidirectional ${name} with dropout that gives its last state`, {
    make: () => bidirectional(make({ units: 3, inputSize: 2, layers: 2, dropout: 0.5, returns: 'last' })),
    input: waves(2, 4, 2),
    outputShape: [2, 6],
    parameters: Object.fromEntries(
      ['0.forward', '0.backward', '1.forward', '1.backward'].flatMap((place, i) => [
        [`${place}.kernel`, [i < 2 ? 2 : 6, gates * 3]],
        [`${place}.bias`, [gates * 3]],
      ]),
    ),
    lengths: [4, 3],
    random: true,
  })

  test.each([
    ['fused', (on: Backend) => on],
    ['composite', (on: Backend) => decorate(on, { supports: () => ({ reason: 'composites only' }) })],
  ])(`${name}: a stream of single steps equals the whole sequence, %s`, async (_, on) => {
    const layer = await LAYERS[name]?.({ units: 5, inputSize: 3, layers: 2 }).init(on(await cpu()), { seed: 3 })
    if (layer === undefined) return
    const x = waves(2, 7, 3)
    const { data } = await layer.predict(x)
    using stream = layer.stepper({ shape: [2, 1, 3] })
    for (let t = 0; t < 7; t++) {
      const input = Float32Array.from(
        { length: 6 },
        (__, i) => x.data[(Math.floor(i / 3) * 7 + t) * 3 + (i % 3)] ?? NaN,
      )
      const output = stream.step(input)
      const expected = Float32Array.from(output, (__, i) => data[(Math.floor(i / 5) * 7 + t) * 5 + (i % 5)] ?? NaN)
      expect(output).toEqual(expected) // the same products and the same scan: to the bit on this backend
    }
  })

  test(`${name}: recurrent dropout is refused with what to do`, () => {
    expect(() => make({ units: 2, recurrentDropout: 0.5 })).toThrow(
      /recurrentDropout for a cell that has no place for it; it has no recurrent product: use zoneout, or dropout between layers/,
    )
  })
}

test('a linear cell of the user runs on the linear scan as well', async () => {
  const leaky = defineLinearCell<'kernel'>({
    kind: 'leaky',
    gates: 2,
    parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, 2 * units], initializer: glorotUniform } }),
    project: (x, { kernel }) => linear(x, kernel),
    recurrence(projected) {
      const [forget, input] = split(projected, 2)
      return { factor: sigmoid(forget), term: input }
    },
  })
  const backend = await cpu()
  const layer = await rnn(leaky, { units: 3, inputSize: 2 }).init(backend, { seed: 1 })
  const x = waves(1, 4, 2)
  const whole = await layer.predict(x)
  expect(fusedCounts(backend).linearScanForward).toEqual({ fused: 1, composite: 0 })
  using stream = layer.stepper({ shape: [1, 1, 2] })
  const steps = [0, 1, 2, 3].flatMap((t) => [...stream.step(x.data.slice(2 * t, 2 * t + 2))])
  expect(Float32Array.from(steps)).toEqual(whole.data)
})

test('a recurrence of the wrong shape is refused by name', async () => {
  const backend = await cpu()
  const cell = defineLinearCell<'kernel'>({
    kind: 'narrow',
    gates: 1,
    parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, units], initializer: glorotUniform } }),
    recurrence: (x, { kernel }) => ({ factor: sigmoid(linear(x, kernel)), term: x }),
  })
  scope(backend, () => {
    const x = stack([tensor(waves(2, 3).data, { backend, shape: [2, 3] })])
    const kernel = tensor(waves(3, 4).data, { backend, shape: [3, 4] })
    expect(() => scan(cell as unknown as Cell, x, { kernel }, { units: 4 })).toThrow(
      /narrow: term has shape \[1, 2, 3\], expected \[1, 2, 4\]/,
    )
  })
})
