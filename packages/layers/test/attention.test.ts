// The attention layers against PyTorch's outputs and gradients, and at their edges: memories of nothing, large scores, drops.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { key, mul, scope, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  additiveAttention,
  concatAttention,
  dotAttention,
  generalAttention,
  importPytorch,
  INFERENCE,
  multiHeadAttention,
  type Attention,
  type AttentionSizes,
  type HostArray,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { sharedVectors, waves } from './support/host.ts'

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}

interface AttentionCase {
  readonly name: string
  readonly lengths: number[]
  readonly inputs: Readonly<Record<'query' | 'memory', Numbers> & Record<string, Numbers>>
  readonly output: Numbers
  readonly loss_weight: Numbers
  readonly grads: Readonly<Record<string, Numbers>>
}

const all = sharedVectors('layers.json') as readonly AttentionCase[] | undefined
const cases = (all ?? []).filter(({ name }) => /^(attention|multiHeadAttention)/.test(name))

const host = ({ data, shape }: Numbers): HostArray => ({ data: Float32Array.from(data), shape })
const upload = (backend: Backend, { data, shape }: Numbers): Tensor =>
  tensor(Float32Array.from(data), { backend, shape })

function transposed({ data, shape: [rows = 0, columns = 0] }: Numbers): number[] {
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? NaN)
}

/** The layer of a case with its weights, and PyTorch's gradients by our paths. */
async function layerOf(
  { name, inputs, grads }: AttentionCase,
  backend: Backend,
): Promise<{ layer: Attention; expected: Map<string, readonly number[]> }> {
  const sizes: AttentionSizes = {
    querySize: inputs.query.shape[2] ?? 0,
    memorySize: inputs.memory.shape[2] ?? 0,
  }
  const expected = new Map<string, readonly number[]>()
  for (const each of ['query', 'memory']) expected.set(each, grads[each]?.data ?? [])
  const made = async <A extends Attention>(layer: A): Promise<A> => layer.init(backend, { seed: 1 })
  if (name.startsWith('multiHeadAttention')) {
    const layer = await made(multiHeadAttention({ heads: 2, units: sizes.querySize ?? 0, ...sizes }))
    const { query: _query, memory: _memory, ...state } = inputs
    importPytorch(layer, Object.fromEntries(Object.entries(state).map(([each, value]) => [each, host(value)])))
    const theirs = {
      inputKernel: 'in_proj_weight',
      inputBias: 'in_proj_bias',
      outputKernel: 'out_proj.weight',
      outputBias: 'out_proj.bias',
    }
    for (const [path, their] of Object.entries(theirs)) {
      const gradient = grads[their] ?? { shape: [], data: [] }
      expected.set(path, path.endsWith('Kernel') ? transposed(gradient) : gradient.data)
    }
    return { layer, expected }
  }
  const layer = name.startsWith('attentionDot')
    ? await made(dotAttention(sizes))
    : name.startsWith('attentionGeneral')
      ? await made(generalAttention(sizes))
      : await made(additiveAttention({ units: inputs['scoreVector']?.shape[0] ?? 0, ...sizes }))
  for (const { path, variable } of layer.parameters()) {
    const their = path === 'kernel' ? 'weight' : path
    variable.assign(Float32Array.from(inputs[their]?.data ?? []))
    expected.set(path, grads[their]?.data ?? [])
  }
  return { layer, expected }
}

/** Within 1e-5 of the largest element + 1e-6: an element of a gradient is a sum whose terms may cancel, and rounds as they do. */
function expectClose(name: string, got: ArrayLike<number>, expected: readonly number[]): void {
  expect(got.length, name).toBe(expected.length)
  const bound = 1e-6 + 1e-5 * Math.max(...expected.map(Math.abs))
  const misses = expected.flatMap((value, i) =>
    Math.abs((got[i] ?? NaN) - value) <= bound ? [] : [`${name}[${i}]: ${got[i]} instead of ${value}`],
  )
  expect(misses).toEqual([])
}

describe.skipIf(all === undefined)('attention gives what PyTorch gives, forward and backward', () => {
  test('all cases are here', () => expect(cases.length).toBe(8))

  test.each(cases)('$name', async (attentionCase) => {
    const backend = await cpu()
    const { layer, expected } = await layerOf(attentionCase, backend)
    const { inputs, lengths, output, loss_weight: weight } = attentionCase
    const live = backend.stats().liveBuffers
    scope(backend, () => {
      const rows = tensor(Int32Array.from(lengths), { backend })
      const parameters = Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
      const given = { query: upload(backend, inputs.query), memory: upload(backend, inputs.memory) }
      const { gradients, aux } = valueAndGrad(({ query, memory }: Record<string, Tensor>) => {
        if (query === undefined || memory === undefined) throw new Error('the case has no input')
        const context = layer.forward({ query, memory, lengths: rows })
        return { value: sum(mul(context, upload(backend, weight))), aux: context }
      })({ ...given, ...parameters })
      expectClose('context', aux.dataSync(), output.data)
      expect(Object.keys(gradients).toSorted()).toEqual([...expected.keys()].toSorted())
      for (const [name, gradient] of Object.entries(gradients))
        expectClose(name, gradient.dataSync(), expected.get(name) ?? [])
    })
    expect(backend.stats().liveBuffers).toBe(live)
  })
})

const SIZES = { querySize: 4, memorySize: 4 }
const KINDS: readonly (readonly [string, () => Attention])[] = [
  ['additive', () => additiveAttention({ units: 5, useBias: true, ...SIZES })],
  ['concat', () => concatAttention({ units: 5, ...SIZES })],
  ['dot', () => dotAttention(SIZES)],
  ['scaled dot', () => dotAttention({ scaled: true, ...SIZES })],
  ['general', () => generalAttention(SIZES)],
  ['heads', () => multiHeadAttention({ heads: 2, units: 4, ...SIZES })],
]

describe.each(KINDS)('%s', (_, make) => {
  test('weights sum to 1 over the steps that count, or to 0 where none does, and so does the context', async () => {
    const backend = await cpu()
    const layer = await make().init(backend, { seed: 2 })
    // A bias shows whether an empty memory is told apart.
    for (const { path, variable } of layer.parameters())
      if (path.endsWith('Bias')) variable.assign(new Float32Array(variable.spec.shape[0] ?? 0).fill(0.5))
    scope(backend, () => {
      const query = tensor(waves(3, 2, 4).data, { backend, shape: [3, 2, 4] })
      const memory = tensor(waves(3, 5, 4).data, { backend, shape: [3, 5, 4] })
      const lengths = tensor(Int32Array.of(5, 2, 0), { backend })
      const { context, weights } = layer.attend(query, layer.prepare(memory, lengths))
      const values = weights.dataSync()
      const sums = Array.from({ length: 6 }, (_unused, row) => Array.from(values.subarray(row * 5, row * 5 + 5)))
      sums.forEach((row, i) => {
        const length = [5, 2, 0][Math.floor(i / 2)] ?? 0
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(length === 0 ? 0 : 1, 6)
        expect(row.slice(length).every((weight) => weight === 0)).toBe(true)
      })
      expect([...context.dataSync().subarray(16)]).toEqual(new Array(8).fill(0))
    })
  })

  test('scores of thousands stay finite, forward and backward', async () => {
    const backend = await cpu()
    const layer = await make().init(backend, { seed: 2 })
    scope(backend, () => {
      const large = ({ data, shape }: HostArray): Tensor =>
        tensor(
          Float32Array.from(data, (each) => each * 3000),
          { backend, shape },
        )
      const lengths = tensor(Int32Array.of(3), { backend })
      const parameters = layer.parameters().map(({ variable }) => variable.value)
      const { value, gradients } = valueAndGrad(([query, memory]: readonly Tensor[]) =>
        sum(layer.forward({ query: query as Tensor, memory: memory as Tensor, lengths })),
      )([large(waves(1, 2, 4)), large(waves(1, 4, 4)), ...parameters])
      for (const each of [value, ...gradients]) expect(each.dataSync().every(Number.isFinite)).toBe(true)
    })
  })

  test('sizes that were not given come from the first build, and others are refused', async () => {
    const layer = make()
    layer.buildFor(4, 4)
    expect(() => layer.buildFor(4, 6)).toThrow(/it is for queries of 4 and a memory of 4 features, and gets 4 and 6/)
  })
})

test('dropped weights of multi-head attention are those of the key, and none in inference', async () => {
  const backend = await cpu()
  const layer = await multiHeadAttention({ heads: 2, units: 4, dropout: 0.5, ...SIZES }).init(backend, { seed: 2 })
  scope(backend, () => {
    const query = tensor(waves(2, 3, 4).data, { backend, shape: [2, 3, 4] })
    const context = (seed: number, training: boolean): number[] => [
      ...layer.forward({ query, memory: query }, { training, key: key(seed), lengths: undefined }).dataSync(),
    ]
    expect(context(1, true)).toEqual(context(1, true))
    expect(context(1, true)).not.toEqual(context(2, true))
    expect(context(1, false)).toEqual([...layer.forward({ query, memory: query }, INFERENCE).dataSync()])
  })
})

test('nn.MultiheadAttention with a memory of another size, or without biases, is imported too; other modules are refused', async () => {
  const layer = await multiHeadAttention({ heads: 2, units: 4, querySize: 4, memorySize: 3 }).init(await cpu(), {
    seed: 1,
  })
  const state = {
    q_proj_weight: waves(4, 4),
    k_proj_weight: waves(4, 3),
    v_proj_weight: waves(4, 3),
    'out_proj.weight': waves(4, 4),
  }
  importPytorch(layer, state)
  const { data } = await layer.predict({ query: waves(1, 1, 4), memory: waves(1, 1, 3) })
  // One step of memory has all the weight: the context is its value, projected.
  const product = (weight: HostArray, x: ArrayLike<number>): number[] =>
    Array.from({ length: weight.shape[0] ?? 0 }, (_, row) =>
      Array.from(x).reduce((total, each, i) => total + (weight.data[row * x.length + i] ?? NaN) * each, 0),
    )
  expectClose('context', data, product(waves(4, 4), product(waves(4, 3), waves(3).data)))
  const { q_proj_weight: _absent, ...lacking } = state
  expect(() => importPytorch(layer, { ...lacking, bias_k: waves(1, 1, 4) })).toThrow(
    /missing q_proj_weight; unexpected bias_k/,
  )
})
