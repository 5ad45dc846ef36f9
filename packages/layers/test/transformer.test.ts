// Layer normalisation and the Transformer's encoder block against PyTorch, and positions, containers and gelu against their formulas.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { hasCode, key, mul, scope, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  activation,
  bidirectional,
  dense,
  dropout,
  embedding,
  fromJSON,
  gru,
  highway,
  importPytorch,
  INFERENCE,
  lastOverTime,
  layerNormalization,
  positionalEncoding,
  positionEmbedding,
  residual,
  sequential,
  timeDistributed,
  transformerEncoderLayer,
  type HostArray,
  type Module,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { expectClose } from './support/close.ts'
import { ids, sharedVectors, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

interface Numbers {
  readonly shape: number[]
  readonly data: number[]
}

interface LayerCase {
  readonly name: string
  readonly lengths?: number[]
  readonly inputs: Readonly<Record<string, Numbers>>
  readonly output: Numbers
  readonly loss_weight: Numbers
  readonly grads: Readonly<Record<string, Numbers>>
}

const all = sharedVectors('layers.json') as readonly LayerCase[] | undefined
const cases = (all ?? []).filter(({ name }) => /^(layerNorm|transformerEncoderLayer)/.test(name))

const upload = (backend: Backend, { data, shape }: Numbers): Tensor =>
  tensor(Float32Array.from(data), { backend, shape })

/** Our paths by the names in the vectors. */
const PATHS: Readonly<Record<string, string>> = {
  gain: 'gain',
  bias: 'bias',
  'self_attn.in_proj_weight': 'attention.inputKernel',
  'self_attn.in_proj_bias': 'attention.inputBias',
  'self_attn.out_proj.weight': 'attention.outputKernel',
  'self_attn.out_proj.bias': 'attention.outputBias',
  'linear1.weight': 'widen.kernel',
  'linear1.bias': 'widen.bias',
  'linear2.weight': 'narrow.kernel',
  'linear2.bias': 'narrow.bias',
  'norm1.weight': 'attentionNorm.gain',
  'norm1.bias': 'attentionNorm.bias',
  'norm2.weight': 'outputNorm.gain',
  'norm2.bias': 'outputNorm.bias',
}

/** In our layout: kernels the other way round. */
function values({ data, shape: [rows = 0, columns] }: Numbers): readonly number[] {
  if (columns === undefined) return data
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? NaN)
}

function layerOf({ name, inputs }: LayerCase): Module {
  const inputSize = inputs['x']?.shape[2] ?? 0
  if (name.startsWith('layerNorm')) return layerNormalization({ inputSize })
  return transformerEncoderLayer({
    heads: 2,
    feedForwardUnits: inputs['linear1.weight']?.shape[0] ?? 0,
    inputSize,
    activation: 'gelu',
    normalize: name.endsWith('preNorm') ? 'before' : 'after',
  })
}

describe.skipIf(all === undefined)('layers give what PyTorch gives, forward and backward', () => {
  test('all cases are here', () => expect(cases.length).toBe(6))

  test.each(cases)('$name', async (layerCase) => {
    const backend = await cpu()
    const layer = await layerOf(layerCase).init(backend, { seed: 1 })
    const { inputs, lengths, output, loss_weight: weight, grads } = layerCase
    const { x = { shape: [], data: [] }, ...weights } = inputs
    const state = Object.entries(weights).map(([name, { data, shape }]): [string, HostArray] => [
      name === 'gain' ? 'weight' : name,
      { data: Float32Array.from(data), shape },
    ])
    importPytorch(layer as never, new Map(state))
    const live = backend.stats().liveBuffers
    scope(backend, () => {
      const rows = lengths && tensor(Int32Array.from(lengths), { backend })
      const parameters = Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
      const { gradients, aux } = valueAndGrad((all: Readonly<Record<string, Tensor>>) => {
        const result = layer.forward(all['x'] as Tensor, { ...INFERENCE, lengths: rows })
        return { value: sum(mul(result, upload(backend, weight))), aux: result }
      })({ x: upload(backend, x), ...parameters })
      expectClose('output', aux.dataSync(), output.data)
      const near = (name: string, got: ArrayLike<number> = [], due: readonly number[] = []): void =>
        expectClose(name, got, due, Math.max(...due.map(Math.abs)))
      near('x', gradients['x']?.dataSync(), grads['x']?.data)
      for (const [their, gradient] of Object.entries(grads).filter(([name]) => name !== 'x')) {
        near(their, gradients[PATHS[their] ?? '']?.dataSync(), values(gradient))
      }
      expect(Object.keys(gradients).length).toBe(Object.keys(grads).length)
    })
    expect(backend.stats().liveBuffers).toBe(live)
  })
})

test('importing a Transformer block says what is missing and what is too much, under PyTorch’s names', async () => {
  const layer = await transformerEncoderLayer({ heads: 1, feedForwardUnits: 2, inputSize: 2 }).init(await cpu(), {
    seed: 1,
  })
  expect(() =>
    importPytorch(
      layer,
      { 'encoder.self_attn.in_proj_weight': waves(6, 2), 'encoder.x': waves(1) },
      { prefix: 'encoder.' },
    ),
  ).toThrow(/missing encoder\.self_attn\.out_proj\.weight;.*missing encoder\.norm2\.bias; unexpected encoder\.x/)
})

const sequence = waves(3, 4, 2)
const lengths = [4, 1, 2]

testLayer('layerNormalization', {
  make: () => layerNormalization({ inputSize: 2, epsilon: 1e-3 }),
  input: sequence,
  outputShape: [3, 4, 2],
  parameters: { gain: [2], bias: [2] },
})
testLayer('layerNormalization without parameters', {
  make: () => layerNormalization({ inputSize: 2, useGain: false, useBias: false }),
  input: waves(5, 2),
  outputShape: [5, 2],
  parameters: {},
})
testLayer('residual', {
  make: () => residual(gru({ units: 2, inputSize: 2, layers: 2, dropout: 0.5 })),
  input: sequence,
  outputShape: [3, 4, 2],
  parameters: Object.fromEntries(
    [0, 1].flatMap((i) => [
      [`layer.${i}.kernel`, [2, 6]],
      [`layer.${i}.recurrent`, [2, 6]],
      [`layer.${i}.bias`, [6]],
      [`layer.${i}.recurrentBias`, [6]],
    ]),
  ),
  random: true,
})
testLayer('highway', {
  make: () => highway(dense({ units: 2, activation: 'relu' }), { inputSize: 2 }),
  input: sequence,
  outputShape: [3, 4, 2],
  parameters: { kernel: [2, 2], bias: [2], 'layer.kernel': [2, 2], 'layer.bias': [2] },
})
testLayer('timeDistributed', {
  make: () =>
    timeDistributed(
      sequential(embedding({ vocabularySize: 5, units: 2 }), bidirectional(gru({ units: 2, returns: 'last' }))),
    ),
  input: ids([2, 3, 2], 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1),
  outputShape: [2, 3, 4],
  parameters: {
    'layer.0.kernel': [5, 2],
    ...Object.fromEntries(
      ['forward', 'backward'].flatMap((direction) => [
        [`layer.1.${direction}.kernel`, [2, 6]],
        [`layer.1.${direction}.recurrent`, [2, 6]],
        [`layer.1.${direction}.bias`, [6]],
        [`layer.1.${direction}.recurrentBias`, [6]],
      ]),
    ),
  },
})
testLayer('positionalEncoding', {
  make: positionalEncoding,
  input: waves(2, 3, 5),
  outputShape: [2, 3, 5],
  parameters: {},
})
testLayer('positionEmbedding', {
  make: () => positionEmbedding({ maxLength: 6, inputSize: 2 }),
  input: sequence,
  outputShape: [3, 4, 2],
  parameters: { kernel: [6, 2] },
})
for (const normalize of ['before', 'after'] as const) {
  testLayer(`transformerEncoderLayer that normalises ${normalize}, and pooling`, {
    make: () =>
      sequential(
        transformerEncoderLayer({
          heads: 2,
          feedForwardUnits: 3,
          inputSize: 4,
          dropout: 0.5,
          activation: 'gelu',
          normalize,
        }),
        lastOverTime(),
      ),
    input: waves(3, 4, 4),
    outputShape: [3, 4],
    lengths,
    random: true,
    parameters: {
      '0.attention.inputKernel': [4, 12],
      '0.attention.inputBias': [12],
      '0.attention.outputKernel': [4, 4],
      '0.attention.outputBias': [4],
      '0.attentionNorm.gain': [4],
      '0.attentionNorm.bias': [4],
      '0.widen.kernel': [4, 3],
      '0.widen.bias': [3],
      '0.narrow.kernel': [3, 4],
      '0.narrow.bias': [4],
      '0.outputNorm.gain': [4],
      '0.outputNorm.bias': [4],
    },
  })
}

test('gelu is x·Φ(x), and its gradient Φ(x) + x·φ(x)', async () => {
  const backend = await cpu()
  // Φ by the series of erf, to double precision for |x| ≤ 3.
  const erf = (x: number): number => {
    let term = x
    let total = x
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n
      total += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * total
  }
  const inputs = Array.from({ length: 61 }, (_, i) => (i - 30) / 10)
  scope(backend, () => {
    const layer = activation('gelu')
    const { gradients, aux } = valueAndGrad((x: Tensor) => {
      const y = layer.forward(x)
      return { value: sum(y), aux: y }
    })(tensor(inputs, { backend }))
    const [outputs, slopes] = [aux.dataSync(), gradients.dataSync()]
    inputs.forEach((x, i) => {
      const phi = 0.5 * (1 + erf(x / Math.SQRT2))
      // The formula for erf errs by 1.5e-7, its derivative by ten times that; the rest is rounding.
      expect(Math.abs((outputs[i] ?? NaN) - x * phi)).toBeLessThan(6e-7)
      const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
      expect(Math.abs((slopes[i] ?? NaN) - phi - x * density)).toBeLessThan(4e-6)
    })
    expect([...layer.forward(tensor([-1000, 0, 1000], { backend })).dataSync()]).toEqual([-0, 0, 1000])
  })
})

test('positions are the sinusoids of the paper', async () => {
  const layer = await positionalEncoding().init(await cpu(), { seed: 1 })
  const { data } = await layer.predict({ data: new Float32Array(15), shape: [1, 3, 5] })
  const expected = [0, 1, 2].flatMap((t) =>
    [0, 0, 2, 2, 4].map((i, feature) => (feature % 2 === 0 ? Math.sin : Math.cos)(t / 10_000 ** (i / 5))),
  )
  expect(data).toEqual(Float32Array.from(expected))
})

test('a residual connection adds; a highway starts nearly shut, and with the gate open gives what the layer gives', async () => {
  const backend = await cpu()
  const x = waves(2, 3)
  const inner = await dense({ units: 3, inputSize: 3 }).init(backend, { seed: 1 })
  const { data: h } = await inner.predict(x)
  const sumOf = await (await residual(inner).init(backend, { seed: 1 })).predict(x)
  const { data: again } = await inner.predict(x)
  again.forEach((value, i) => expect(sumOf.data[i]).toBe(Math.fround(value + (x.data[i] ?? NaN))))
  expect(again).not.toEqual(h) // init of the whole starts the parts afresh, by their paths
  const way = await highway(dense({ units: 3 }), { inputSize: 3 }).init(backend, { seed: 2 })
  const set = (path: string, value: number): void => {
    const variable = way.variables().find((each) => each.path === path)?.variable
    variable?.assign(new Float32Array(variable.size).fill(value))
  }
  expect(way.bias?.value.dataSync()).toEqual(new Float32Array(3).fill(-2))
  set('kernel', 0)
  set('bias', 100)
  const { data: open } = await way.predict(x)
  const { data: through } = await way.layer.predict(x)
  through.forEach((value, i) => expect(Math.abs((open[i] ?? NaN) - value)).toBeLessThan(1e-6))
  set('bias', -100)
  const { data: shut } = await way.predict(x)
  x.data.forEach((value, i) => expect(Math.abs((shut[i] ?? NaN) - value)).toBeLessThan(1e-6))
})

test('timeDistributed gives each step what the layer gives to it alone, and drops differently in each', async () => {
  const backend = await cpu()
  const layer = await timeDistributed(gru({ units: 2, inputSize: 3, returns: 'last' })).init(backend, { seed: 1 })
  const x = waves(2, 3, 4, 3)
  const { data, shape } = await layer.predict({ inputs: x, lengths: ids([2], 1, 3) })
  expect(shape).toEqual([2, 3, 2])
  const { data: alone } = await layer.layer.predict({ data: x.data.subarray(48, 60), shape: [1, 4, 3] })
  expect(data.subarray(8, 10)).toEqual(alone)
  scope(backend, () => {
    const ones = tensor(new Float32Array(400).fill(1), { backend, shape: [1, 2, 200] })
    const context = { training: true, key: key(1), lengths: undefined }
    const dropped = timeDistributed(dropout(0.5)).forward(ones, context).dataSync()
    expect(dropped.subarray(0, 200)).not.toEqual(dropped.subarray(200))
  })
})

test('wrong layers, sizes and inputs are refused by name', async () => {
  const backend = await cpu()
  const init = <M extends Module>(layer: M): Promise<M> => layer.init(backend, { seed: 1 })
  await expect(init(residual(dense({ units: 3, inputSize: 2 })))).resolves.toBeDefined() // it is not told its own size here
  expect(() => sequential(dense({ units: 2, inputSize: 2 }), residual(dense({ units: 3 }))).build(undefined)).toThrow(
    'residual: the dense layer gets 2 features and gives 3; give it as many units as it gets features, or put a dense layer before',
  )
  expect(() => highway(dense({ units: 3 }), { inputSize: 2 }).build(undefined)).toThrow(
    /highway: the dense layer gets 2/,
  )
  await expect(init(highway(dense({ units: 3 })))).rejects.toSatisfy(
    (error) => hasCode(error, 'E_CONFIGURATION') || hasCode(error, 'E_NOT_BUILT'),
  )
  const last = await init(residual(gru({ units: 2, inputSize: 2, returns: 'last' })))
  await expect(last.predict(sequence)).rejects.toThrow(
    "residual: the layer turns [3, 4, 2] into [3, 2]; give one that keeps the shape; a recurrent layer must return 'sequence'",
  )
  await expect((await init(timeDistributed(dense({ units: 1, inputSize: 2 })))).predict(waves(2))).rejects.toThrow(
    'timeDistributed: the input has shape [2], expected [batch, time, …]',
  )
  const short = await init(positionEmbedding({ maxLength: 3, inputSize: 2 }))
  await expect(short.predict(sequence)).rejects.toThrow(
    'positionEmbedding: the input has shape [3, 4, 2], and there are vectors for 3 steps; cut the sequences, or train with a larger maxLength',
  )
  const block = { heads: 3, feedForwardUnits: 4 }
  expect(() => transformerEncoderLayer({ ...block, inputSize: 4 }).build(undefined)).toThrow(
    /4 units can't be divided among 3 heads/,
  )
  expect(() => transformerEncoderLayer({ ...block, dropout: 1 })).toThrow(/transformerEncoderLayer: dropout is 1/)
  expect(() => fromJSON({ type: 'transformerEncoderLayer', ...block, normalize: 'middle' })).toThrow(
    /normalize is 'middle'; use 'after' or 'before'/,
  )
  expect(() => layerNormalization({ epsilon: 0 })).toThrow(
    'layerNormalization: epsilon is 0; use a small number above 0',
  )
  const attentive = await init(transformerEncoderLayer({ heads: 1, feedForwardUnits: 2, inputSize: 2 }))
  expect(() => attentive.stepper({ shape: [1, 1, 2] })).toThrow(/transformerEncoderLayer: it needs whole sequences/)
})
