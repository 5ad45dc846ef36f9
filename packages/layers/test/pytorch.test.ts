// The recurrent layers against PyTorch's outputs and gradients, with PyTorch's weights.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import {
  add,
  decorate,
  fusedCounts,
  mul,
  readTensors,
  scope,
  stack,
  sum,
  tensor,
  unstack,
  type Backend,
  type Tensor,
} from '@rnn/core'
import {
  bidirectional,
  dense,
  embedding,
  gru,
  importPytorch,
  lstm,
  simpleRnn,
  type HostArray,
  type Recurrent,
  type RecurrentState,
  type RunResult,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { expectClose } from './support/close.ts'
import { sharedVectors, waves } from './support/host.ts'

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}

interface RecurrentCase {
  readonly name: string
  readonly module: 'RNN' | 'GRU' | 'LSTM'
  readonly options: {
    readonly nonlinearity?: 'tanh' | 'relu'
    readonly input_size: number
    readonly hidden_size: number
    readonly num_layers: number
    readonly bidirectional: boolean
    readonly proj_size: number
  }
  readonly lengths: number[] | null
  readonly state_dict: Readonly<Record<string, Numbers>>
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly outputs: Readonly<Record<string, Numbers>>
  readonly loss_weights: Readonly<Record<string, Numbers>>
  readonly grads: Readonly<Record<string, Numbers>>
}

const cases = (sharedVectors('recurrent.json') ?? []) as RecurrentCase[]

const host = ({ data, shape }: Numbers): HostArray => ({ data: Float32Array.from(data), shape })
const stateOf = (state: RecurrentCase['state_dict']): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, host(value)]))

function layerOf({ module, options }: RecurrentCase): Recurrent {
  const { input_size: inputSize, hidden_size: units, num_layers: layers, nonlinearity, proj_size: size } = options
  const shared = { inputSize, units, layers }
  const layer: Recurrent =
    module === 'LSTM'
      ? lstm({ ...shared, ...(size > 0 && { projection: size }) })
      : module === 'GRU'
        ? gru(shared)
        : simpleRnn({ ...shared, activation: nonlinearity ?? 'tanh' })
  return options.bidirectional ? bidirectional(layer) : layer
}

const upload = (backend: Backend, { data, shape }: Numbers): Tensor =>
  tensor(Float32Array.from(data), { backend, shape })

/** The slices of `h_0` and `c_0` along their first axis: one state for each layer and direction. */
function statesOf(stacked: readonly Tensor[]): RecurrentState {
  const slices = stacked.map((each) => unstack(each))
  return (slices[0] ?? []).map((_, i) => slices.map((each) => each[i])) as unknown as RecurrentState
}

/** The outputs of a case by PyTorch's names, each state stacked. */
function outputsOf({ sequence, final }: RunResult<readonly Tensor[]>): Record<string, Tensor> {
  const [h_n, c_n] = (final[0] ?? []).map((_, s) => stack(final.map((state) => state[s] ?? sequence)))
  return { output: sequence, ...(h_n && { h_n }), ...(c_n && { c_n }) }
}

const THEIR_NAMES: Readonly<Record<string, string>> = {
  kernel: 'weight_ih',
  recurrent: 'weight_hh',
  projection: 'weight_hr',
  bias: 'bias_ih',
  recurrentBias: 'bias_hh',
}

/** PyTorch's gradients by our paths: kernels transposed; of the two biases of RNN and LSTM, whose gradients are equal, the first. */
function expectedGradients(layer: Recurrent, { module, grads }: RecurrentCase): Map<string, readonly number[]> {
  const expected = new Map<string, readonly number[]>(
    ['x', 'h_0', 'c_0'].map((name) => [name, grads[name]?.data ?? []]),
  )
  const transposed = ({ data, shape: [rows = 0, columns = 0] }: Numbers): number[] =>
    data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? NaN)
  for (const { path } of layer.parameters()) {
    const index = /^\d/.exec(path)?.[0] ?? '0'
    const ending = `l${index}${path.includes('backward') ? '_reverse' : ''}`
    const name = path.slice(path.lastIndexOf('.') + 1)
    const theirs = THEIR_NAMES[name]
    const gradient = grads[`${theirs}_${ending}`]
    if (gradient === undefined) throw new Error(`${module}: no gradient for ${path}`)
    expected.set(path, gradient.shape.length === 2 ? transposed(gradient) : gradient.data)
  }
  return expected
}

describe.skipIf(cases.length === 0)('recurrent layers give what PyTorch gives', () => {
  test('all cases are here', () => expect(cases.length).toBe(68))

  // A projection has no fused op.
  const runs = cases.flatMap((each) => [
    ...(each.options.proj_size === 0 ? [{ ...each, title: `${each.name}, fused`, fused: true }] : []),
    { ...each, title: `${each.name}, step by step`, fused: false },
  ])
  test.each(runs)('$title', async ({ fused, ...recurrentCase }) => {
    const device = await cpu()
    const backend = fused ? device : decorate(device, { supports: () => ({ reason: 'to be compared' }) })
    const layer = layerOf(recurrentCase)
    await layer.init(backend, { seed: 1 })
    importPytorch(layer, stateOf(recurrentCase.state_dict))
    const { inputs, outputs, lengths, loss_weights: weights } = recurrentCase
    const live = backend.stats().liveBuffers

    const names: string[] = []
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    scope(backend, () => {
      const rows = lengths === null ? undefined : tensor(Int32Array.from(lengths), { backend })
      const given = Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, upload(backend, each)]))
      const parameters = Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
      const { gradients, aux } = valueAndGrad(({ x, h_0, c_0 }: Record<string, Tensor>) => {
        if (x === undefined || h_0 === undefined) throw new Error('the case has no input')
        const initial = statesOf(c_0 === undefined ? [h_0] : [h_0, c_0])
        const results = outputsOf(layer.run(x, { initial, lengths: rows }))
        const terms = Object.entries(results).map(([name, each]) =>
          sum(mul(each, upload(backend, weights[name] ?? { data: [], shape: [0] }))),
        )
        return { value: terms.reduce((total, term) => add(total, term)), aux: results }
      })({ ...given, ...parameters })
      names.push(...Object.keys(aux), ...Object.keys(gradients))
      reading = readTensors([...Object.values(aux), ...Object.values(gradients)])
    })
    const arrays = await reading
    const gradients = expectedGradients(layer, recurrentCase)
    names.forEach((name, i) => {
      const gradient = gradients.get(name)
      const scale = gradient && Math.max(...gradient.map(Math.abs))
      expectClose(name, arrays[i] ?? [], gradient ?? outputs[name]?.data ?? [], scale)
    })
    expect(names.length).toBe(Object.keys(outputs).length + Object.keys(inputs).length + layer.parameters().length)
    expect(backend.stats().liveBuffers).toBe(live)
    const projected = recurrentCase.options.proj_size > 0
    expect(fusedCounts(backend).recurrentForward?.[fused ? 'composite' : 'fused']).toBe(projected ? undefined : 0)
  })

  test('weights with a projection are refused by a layer without, and by one of another size', async () => {
    const projected = cases.find(({ options }) => options.proj_size === 2)
    if (projected === undefined) throw new Error('the vectors have no case with a projection')
    const backend = await cpu()
    const { input_size: inputSize, hidden_size: units } = projected.options
    const plain = await lstm({ inputSize, units }).init(backend, { seed: 1 })
    expect(() => importPytorch(plain, stateOf(projected.state_dict))).toThrow(
      /weight_hh_l0 \[16, 2\] instead of \[16, 4\]; unexpected weight_hr_l0; check units, projection/,
    )
    const wider = await lstm({ inputSize, units, projection: 3 }).init(backend, { seed: 1 })
    expect(() => importPytorch(wider, stateOf(projected.state_dict))).toThrow(
      /weight_hr_l0 \[2, 4\] instead of \[3, 4\]/,
    )
    const other = await lstm({ inputSize, units, peepholes: true }).init(backend, { seed: 1 })
    expect(() => importPytorch(other, {})).toThrow(/PyTorch has no 'lstm' cell with peepholes; import into lstm/)
  })
})

test('Linear and Embedding are imported with a prefix', async () => {
  const backend = await cpu()
  const layer = await dense({ units: 2, inputSize: 3 }).init(backend, { seed: 1 })
  const weight = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }
  const bias = { data: Float32Array.of(10, 20), shape: [2] }
  importPytorch(
    layer,
    new Map([
      ['head.weight', weight],
      ['head.bias', bias],
      ['other.weight', bias],
    ]),
    { prefix: 'head.' },
  )
  expect((await layer.predict({ data: Float32Array.of(1, 0, -1), shape: [1, 3] })).data).toEqual(Float32Array.of(8, 18))

  const words = await embedding({ vocabularySize: 2, units: 3 }).init(backend, { seed: 1 })
  importPytorch(words, { weight })
  expect((await words.predict({ data: Int32Array.of(1), shape: [1] })).data).toEqual(Float32Array.of(4, 5, 6))
})

test('a state of another module is refused with what differs, and changes nothing', async () => {
  const layer = await gru({ units: 2, inputSize: 3 }).init(await cpu(), { seed: 1 })
  const before = (await layer.predict(waves(1, 2, 3))).data
  const state = {
    weight_ih_l0: waves(6, 3),
    weight_hh_l0: waves(6, 3),
    weight_ih_l1: waves(6, 2),
  }
  expect(() => importPytorch(layer, state)).toThrow(
    /weight_hh_l0 \[6, 3\] instead of \[6, 2\]; unexpected weight_ih_l1; check units, projection, layers, directions and prefix/,
  )
  expect((await layer.predict(waves(1, 2, 3))).data).toEqual(before)
  expect(() => importPytorch(gru({ units: 2 }), state)).toThrow(/no backend yet/)
})
