// The recurrent layers against PyTorch's outputs, with PyTorch's weights.

import { cpu } from '@rnn/backend-cpu'
import { readTensors, scope, tensor, type Backend, type Tensor } from '@rnn/core'
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
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
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
  readonly inputs: Readonly<Record<'x' | 'h_0' | 'c_0', Numbers>>
  readonly outputs: Readonly<Record<string, Numbers>>
}

const all = (sharedVectors('recurrent.json') ?? []) as RecurrentCase[]
const cases = all.filter(({ options }) => options.proj_size === 0)

const host = ({ data, shape }: Numbers): HostArray => ({ data: Float32Array.from(data), shape })
const stateOf = (state: RecurrentCase['state_dict']): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, host(value)]))

function layerOf({ module, options }: RecurrentCase): Recurrent {
  const { input_size: inputSize, hidden_size: units, num_layers: layers, nonlinearity } = options
  const shared = { inputSize, units, layers }
  const layer: Recurrent =
    module === 'LSTM'
      ? lstm(shared)
      : module === 'GRU'
        ? gru(shared)
        : simpleRnn({ ...shared, activation: nonlinearity ?? 'tanh' })
  return options.bidirectional ? bidirectional(layer) : layer
}

/** `h_0` and `c_0`, each `[layers · directions, batch, units]`, as one state for each layer and direction. */
function initialOf({ inputs }: RecurrentCase, backend: Backend): RecurrentState {
  const given = [inputs.h_0, inputs.c_0].filter((each) => each !== undefined)
  const states = Array.from({ length: inputs.h_0.shape[0] ?? 0 }, (_, i) =>
    given.map(({ data, shape: [, batch = 0, units = 0] }) => {
      const size = batch * units
      return tensor(Float32Array.from(data.slice(i * size, (i + 1) * size)), { backend, shape: [batch, units] })
    }),
  )
  return states as unknown as RecurrentState
}

function expectClose(got: ArrayLike<number>, expected: readonly number[]): void {
  expect(got.length).toBe(expected.length)
  const misses = expected.flatMap((value, i) => {
    const difference = Math.abs((got[i] ?? NaN) - value)
    return difference <= 1e-6 + 1e-5 * Math.abs(value) ? [] : [`[${i}]: ${got[i]} instead of ${value}`]
  })
  expect(misses).toEqual([])
}

describe.skipIf(all.length === 0)('recurrent layers give what PyTorch gives', () => {
  test('all cases without projection are here', () => expect(cases.length).toBe(64))

  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_, recurrentCase) => {
    const backend = await cpu()
    const layer = layerOf(recurrentCase)
    await layer.init(backend, { seed: 1 })
    importPytorch(layer, stateOf(recurrentCase.state_dict))
    const { inputs, outputs, lengths } = recurrentCase
    const live = backend.stats().liveBuffers
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    scope(backend, () => {
      const x = tensor(Float32Array.from(inputs.x.data), { backend, shape: inputs.x.shape })
      const rows = lengths === null ? undefined : tensor(Int32Array.from(lengths), { backend })
      const { sequence, final } = layer.run(x, { initial: initialOf(recurrentCase, backend), lengths: rows })
      reading = readTensors([sequence, ...(final.flat() as Tensor[])])
    })
    const [sequence = [], ...states] = await reading
    expectClose(sequence, outputs['output']?.data ?? [])
    const stateCount = recurrentCase.module === 'LSTM' ? 2 : 1
    const collected = (which: number): number[] =>
      states.filter((_, i) => i % stateCount === which).flatMap((each) => [...each])
    expectClose(collected(0), outputs['h_n']?.data ?? [])
    if (stateCount === 2) expectClose(collected(1), outputs['c_n']?.data ?? [])
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('a projection is refused by name', async () => {
    const projected = all.find(({ options }) => options.proj_size > 0)
    if (projected === undefined) throw new Error('the vectors have no case with a projection')
    const layer = layerOf(projected)
    await layer.init(await cpu(), { seed: 1 })
    expect(() => importPytorch(layer, stateOf(projected.state_dict))).toThrow(
      /weight_hr_l0': the LSTM has a projection/,
    )
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
    /weight_hh_l0 \[6, 3\] instead of \[6, 2\]; unexpected weight_ih_l1; check units, layers, directions and prefix/,
  )
  expect((await layer.predict(waves(1, 2, 3))).data).toEqual(before)
  expect(() => importPytorch(gru({ units: 2 }), state)).toThrow(/no backend yet/)
})
