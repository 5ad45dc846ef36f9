// Every layer by the common checks, and what is special about each.

import { cpu } from '@rnn/backend-cpu'
import {
  add,
  defineCell,
  glorotUniform,
  hasCode,
  key,
  linear,
  normalInitializer,
  scope,
  tanh,
  tensor,
  type Backend,
  type Tensor,
} from '@rnn/core'
import {
  activation,
  bidirectional,
  dense,
  dropout,
  embedding,
  gru,
  lastOverTime,
  lstm,
  maxOverTime,
  meanOverTime,
  recurrentOptions,
  rnn,
  sequential,
  simpleRnn,
  type Module,
} from '@rnn/layers'
import { expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

const lengths = [4, 1, 2]
const sequence = waves(3, 4, 2)

testLayer('embedding', {
  make: () => embedding({ vocabularySize: 5, units: 3, paddingIndex: 0 }),
  input: ids([2, 2], 0, 4, 2, 1),
  outputShape: [2, 2, 3],
  parameters: { kernel: [5, 3] },
})
testLayer('dense', {
  make: () => dense({ units: 3, inputSize: 2, activation: 'tanh' }),
  input: sequence,
  outputShape: [3, 4, 3],
  parameters: { kernel: [2, 3], bias: [3] },
})
testLayer('dense without bias', {
  make: () => dense({ units: 3, inputSize: 2, useBias: false }),
  input: waves(5, 2),
  outputShape: [5, 3],
  parameters: { kernel: [2, 3] },
})
testLayer('activation', { make: () => activation('softmax'), input: waves(2, 3), outputShape: [2, 3], parameters: {} })
testLayer('dropout', {
  make: () => dropout(0.5),
  input: waves(4, 8),
  outputShape: [4, 8],
  parameters: {},
  random: true,
})
testLayer('maxOverTime', { make: maxOverTime, input: sequence, outputShape: [3, 2], parameters: {}, lengths })
testLayer('meanOverTime', { make: meanOverTime, input: sequence, outputShape: [3, 2], parameters: {}, lengths })
testLayer('lastOverTime', { make: lastOverTime, input: sequence, outputShape: [3, 2], parameters: {}, lengths })
testLayer('lstm', {
  make: () => lstm({ units: 3, inputSize: 2 }),
  input: sequence,
  outputShape: [3, 4, 3],
  parameters: { kernel: [2, 12], recurrent: [3, 12], bias: [12] },
  lengths,
})
testLayer('stacked gru with dropout that gives its last state', {
  make: () => gru({ units: 3, inputSize: 2, layers: 2, dropout: 0.5, returns: 'last' }),
  input: sequence,
  outputShape: [3, 3],
  parameters: {
    '0.kernel': [2, 9],
    '0.recurrent': [3, 9],
    '0.bias': [9],
    '0.recurrentBias': [9],
    '1.kernel': [3, 9],
    '1.recurrent': [3, 9],
    '1.bias': [9],
    '1.recurrentBias': [9],
  },
  lengths,
  random: true,
})
testLayer('backward simpleRnn with recurrent dropout', {
  make: () => simpleRnn({ units: 4, inputSize: 2, activation: 'relu', direction: 'backward', recurrentDropout: 0.5 }),
  input: sequence,
  outputShape: [3, 4, 4],
  parameters: { kernel: [2, 4], recurrent: [4, 4], bias: [4] },
  lengths,
  random: true,
})
testLayer('bidirectional lstm', {
  make: () => bidirectional(lstm({ units: 3, inputSize: 2, returns: 'last' })),
  input: sequence,
  outputShape: [3, 6],
  parameters: {
    'forward.kernel': [2, 12],
    'forward.recurrent': [3, 12],
    'forward.bias': [12],
    'backward.kernel': [2, 12],
    'backward.recurrent': [3, 12],
    'backward.bias': [12],
  },
  lengths,
})
for (const merge of ['sum', 'mean', 'product'] as const) {
  testLayer(`bidirectional stacked simpleRnn, merged by ${merge}`, {
    make: () => bidirectional(simpleRnn({ units: 2, inputSize: 2, layers: 2 }), { merge }),
    input: sequence,
    outputShape: [3, 4, 2],
    parameters: Object.fromEntries(
      ['0.forward', '0.backward', '1.forward', '1.backward'].flatMap((path) => [
        [`${path}.kernel`, [2, 2]],
        [`${path}.recurrent`, [2, 2]],
        [`${path}.bias`, [2]],
      ]),
    ),
    lengths,
  })
}

/** h' = tanh(x·W + h·R + s), s' = s + 1: two states, no bias. */
const countingCell = defineCell<'kernel' | 'recurrent', readonly [h: Tensor, s: Tensor]>({
  kind: 'counting',
  gates: 1,
  stateSizes: (units) => [units, 1],
  parameters: (inputSize, units) => ({
    kernel: { shape: [inputSize, units], initializer: glorotUniform },
    recurrent: { shape: [units, units], initializer: glorotUniform },
  }),
  project: (x, { kernel }) => linear(x, kernel),
  step: (projected, [h, s], { recurrent }) => [tanh(add(add(projected, linear(h, recurrent)), s)), add(s, 1)],
})
testLayer("a cell of one's own", {
  make: () => bidirectional(rnn(countingCell, { units: 3, inputSize: 2 })),
  input: sequence,
  outputShape: [3, 4, 6],
  parameters: {
    'forward.kernel': [2, 3],
    'forward.recurrent': [3, 3],
    'backward.kernel': [2, 3],
    'backward.recurrent': [3, 3],
  },
  lengths,
  types: { counting: (config) => rnn(countingCell, recurrentOptions(config)) },
})
testLayer('sequential', {
  make: () =>
    sequential(
      embedding({ vocabularySize: 6, units: 2 }),
      dropout(0.25),
      gru({ units: 2 }),
      meanOverTime(),
      dense({ units: 2 }),
    ),
  input: ids([3, 4], 1, 2, 3, 4, 5, 0, 0, 0, 1, 1, 0, 0),
  outputShape: [3, 2],
  parameters: {
    '0.kernel': [6, 2],
    '2.kernel': [2, 6],
    '2.recurrent': [2, 6],
    '2.bias': [6],
    '2.recurrentBias': [6],
    '4.kernel': [2, 2],
    '4.bias': [2],
  },
  random: true,
})

async function init<M extends Module>(module: M, backend?: Backend): Promise<M> {
  await module.init(backend ?? (await cpu()), { seed: 1 })
  return module
}

test('an embedding gives zeros for padding and for −1, and its padding row is zero', async () => {
  const layer = await init(
    embedding({ vocabularySize: 4, units: 2, paddingIndex: 2, initializer: normalInitializer(1) }),
  )
  const { data } = await layer.predict(ids([4], 2, -1, 1, 2))
  expect([...data].map((value) => value === 0)).toEqual([true, true, true, true, false, false, true, true])
  expect([...(await layer.kernel.value.data())].map((value) => value === 0).slice(4, 6)).toEqual([true, true])
})

test('an embedding starts with pretrained rows, frozen on request', async () => {
  const weights = Float32Array.of(1, 2, 3, 4, 5, 6)
  const layer = await init(embedding({ vocabularySize: 3, units: 2, weights, trainable: false }))
  expect((await layer.predict(ids([1, 2], 2, 0))).data).toEqual(Float32Array.of(5, 6, 1, 2))
  expect(layer.trainableParameterCount).toBe(0)
  expect(layer.parameterCount).toBe(6)
  expect(layer.parameters().map(({ path, variable }) => [path, variable.trainable])).toEqual([['kernel', false]])
})

test('an id outside the vocabulary is an E_INDEX_RANGE', async () => {
  const backend = await cpu()
  const layer = await init(embedding({ vocabularySize: 3, units: 2 }), backend)
  await expect(layer.predict(ids([1], 3))).rejects.toSatisfy((error) => hasCode(error, 'E_INDEX_RANGE'))
  await expect(layer.predict(waves(1))).rejects.toThrow(/embedding: the ids are float32 \[1\], expected int32/)
  expect(backend.stats().liveBuffers).toBe(1)
})

test('pooling gives the values of the steps that count, and zeros for an empty row', async () => {
  const backend = await cpu()
  const x = { data: Float32Array.of(-1, -5, -2, -3, 9, 9, 7, 7, 7, 7, 7, 7), shape: [2, 3, 2] }
  const inputs = { inputs: x, lengths: ids([2], 2, 0) }
  expect((await (await init(maxOverTime(), backend)).predict(inputs)).data).toEqual(Float32Array.of(-1, -3, 0, 0))
  expect((await (await init(meanOverTime(), backend)).predict(inputs)).data).toEqual(Float32Array.of(-1.5, -4, 0, 0))
  expect((await (await init(lastOverTime(), backend)).predict(inputs)).data).toEqual(Float32Array.of(-2, -3, 0, 0))
  // On the device nobody can look at lengths first: too long counts as full, below 0 as empty, as in the recurrent layers.
  const outside = {
    inputs: tensor(x.data, { backend, shape: x.shape }),
    lengths: tensor(Int32Array.of(-1, 9), { backend }),
  }
  for (const make of [maxOverTime, lastOverTime]) {
    expect((await (await init(make(), backend)).predict(outside)).data).toEqual(Float32Array.of(0, 0, 7, 7))
  }
  expect((await (await init(maxOverTime(), backend)).predict(x)).data).toEqual(Float32Array.of(9, 9, 7, 7))
  expect((await (await init(meanOverTime(), backend)).predict(x)).data).toEqual(Float32Array.of(2, 1 / 3, 7, 7))
  expect((await (await init(lastOverTime(), backend)).predict(x)).data).toEqual(Float32Array.of(9, 9, 7, 7))
  for (const make of [maxOverTime, meanOverTime, lastOverTime]) {
    const empty = await (await init(make(), backend)).predict({ data: new Float32Array(0), shape: [2, 0, 3] })
    expect(empty).toEqual({ data: new Float32Array(6), shape: [2, 3] })
  }
})

test('dropout keeps the expectation, and needs a key while training', async () => {
  const backend = await cpu()
  const layer = await init(dropout(0.25), backend)
  scope(backend, () => {
    const x = tensor(new Float32Array(10_000).fill(1), { backend })
    const y = layer.forward(x, { training: true, key: key(5), lengths: undefined }).dataSync()
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    const mean = [...y].reduce((sum, value) => sum + value, 0) / y.length
    // The mean of n such values has the deviation √(p / ((1 − p) n)) = 0.0058; five of those.
    expect(Math.abs(mean - 1)).toBeLessThan(0.029)
    expect(() => layer.forward(x, { training: true, key: undefined, lengths: undefined })).toThrow(/no random key/)
    expect(layer.forward(x, { training: false, key: undefined, lengths: undefined })).toBe(x)
  })
  expect(() => dropout(1)).toThrow(/rate is 1/)
})

test('the last state of a row is the one at its own end, in both directions', async () => {
  const backend = await cpu()
  const x = waves(3, 4, 2)
  const batch = { inputs: x, lengths: ids([3], 4, 1, 0) }
  for (const direction of ['forward', 'backward'] as const) {
    const whole = await init(gru({ units: 2, inputSize: 2, direction }), backend)
    const last = await init(gru({ units: 2, inputSize: 2, direction, returns: 'last' }), backend)
    const { data } = await whole.predict(batch)
    const [first, second, third] = direction === 'forward' ? [3, 0, 0] : [0, 0, 0]
    const at = (row: number, step: number): number[] => [
      ...data.subarray((row * 4 + step) * 2, (row * 4 + step) * 2 + 2),
    ]
    expect([...(await last.predict(batch)).data]).toEqual([...at(0, first), ...at(1, second), ...at(2, third)])
    expect(at(2, 0)).toEqual([0, 0])
    expect(at(1, 1)).toEqual([0, 0])
  }
})

test('run takes and gives states: two halves of a sequence are the whole', async () => {
  const backend = await cpu()
  const layer = await init(lstm({ units: 3, inputSize: 2, layers: 2 }), backend)
  const x = waves(2, 6, 2)
  const { data } = await layer.predict(x)
  const half = (from: number): Float32Array =>
    Float32Array.from([...x.data.subarray(from, from + 6), ...x.data.subarray(12 + from, 18 + from)])
  const live = backend.stats().liveBuffers
  scope(backend, () => {
    const first = layer.run(tensor(half(0), { backend, shape: [2, 3, 2] }))
    const second = layer.run(tensor(half(6), { backend, shape: [2, 3, 2] }), { initial: first.final })
    const joined = [...second.sequence.dataSync()]
    expect(joined).toEqual([...data.subarray(9, 18), ...data.subarray(27, 36)])
    const [[hidden, cell]] = second.final
    expect([hidden.shape, cell.shape, second.last.shape]).toEqual([
      [2, 3],
      [2, 3],
      [2, 3],
    ])
    expect(() => layer.run(tensor(half(0), { backend, shape: [2, 3, 2] }), { initial: [first.final[0]] })).toThrow(
      /1 initial state, expected 2/,
    )
  })
  expect(backend.stats().liveBuffers).toBe(live)
})

test('recurrent layers start as Keras says: orthogonal recurrent kernel, forget bias 1', async () => {
  const layer = await init(lstm({ units: 2, inputSize: 3 }))
  const [, recurrent, bias] = await Promise.all(
    layer.parameters().map(async ({ variable }) => [...(await variable.value.data())]),
  )
  expect(bias).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
  const dot = (a: number, b: number): number =>
    Array.from({ length: 8 }, (_, i) => (recurrent?.[a * 8 + i] ?? 0) * (recurrent?.[b * 8 + i] ?? 0)).reduce(
      (x, y) => x + y,
    )
  expect(dot(0, 0)).toBeCloseTo(1, 6)
  expect(dot(0, 1)).toBeCloseTo(0, 6)
})

test('the directions of bidirectional start differently', async () => {
  const layer = await init(bidirectional(gru({ units: 2, inputSize: 2 })))
  const values = new Map(layer.parameters().map(({ path, variable }) => [path, [...variable.value.dataSync()]]))
  expect(values.get('forward.kernel')).not.toEqual(values.get('backward.kernel'))
})

test('options out of range are named', () => {
  expect(() => lstm({ units: 0 })).toThrow('lstm: units is 0; give a whole number of at least 1')
  expect(() => gru({ units: 2, dropout: 1 })).toThrow(/gru: dropout is 1/)
  expect(() => embedding({ vocabularySize: 3, units: 2, paddingIndex: 3 })).toThrow(
    /paddingIndex is 3; use an id of the vocabulary, 0 … 2/,
  )
  expect(() => embedding({ vocabularySize: 3, units: 2, weights: new Float32Array(5) })).toThrow(
    /5 values, expected 3 × 2 = 6/,
  )
  expect(() => bidirectional(lstm({ units: 2, direction: 'backward' }))).toThrow(/already has direction: 'backward'/)
  expect(() => bidirectional(bidirectional(lstm({ units: 2 })))).toThrow(/already has both directions/)
})
