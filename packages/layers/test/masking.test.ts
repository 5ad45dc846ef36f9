// Steps that don't count, wherever they stand: what comes out is what comes of the steps that do.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { constant, mul, scope, sum, tensor, type Tensor } from '@rnn/core'
import {
  bidirectional,
  dense,
  embedding,
  fromJSON,
  gru,
  highway,
  INFERENCE,
  lastOverTime,
  lstm,
  masking,
  maxOverTime,
  meanOverTime,
  residual,
  sequential,
  timeDistributed,
  transformerEncoderLayer,
  type HostArray,
  type Module,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

const [BATCH, TIME, FEATURES] = [4, 5, 2]
const MARK = -7
/** The places of the steps that count, in each row: a gap in the middle, padding before, padding after, nothing at all. */
const PLACES = [[0, 1, 3], [2, 3, 4], [0, 1], []]

/** A batch with marks, and the same steps side by side with lengths. */
function batches(width = FEATURES): {
  marked: HostArray<Float32Array>
  closed: { inputs: HostArray; lengths: HostArray }
} {
  const values = waves(BATCH, TIME, width).data
  const marked = new Float32Array(values.length).fill(MARK)
  const closed = new Float32Array(values.length)
  PLACES.forEach((places, row) =>
    places.forEach((from, to) => {
      const step = values.subarray((row * TIME + from) * width, (row * TIME + from + 1) * width)
      marked.set(step, (row * TIME + from) * width)
      closed.set(step, (row * TIME + to) * width)
    }),
  )
  const shape = [BATCH, TIME, width]
  return {
    marked: { data: marked, shape },
    closed: { inputs: { data: closed, shape }, lengths: ids([BATCH], ...PLACES.map(({ length }) => length)) },
  }
}

const LAYERS: readonly (readonly [string, () => readonly Module[]])[] = [
  ['the last state of an LSTM', () => [lstm({ units: 3, inputSize: FEATURES, returns: 'last' }), dense({ units: 2 })]],
  ['both directions', () => [bidirectional(gru({ units: 3, inputSize: FEATURES, returns: 'last' }))]],
  ['max over time', () => [dense({ units: 3, inputSize: FEATURES }), maxOverTime()]],
  ['mean over time', () => [gru({ units: 3, inputSize: FEATURES }), meanOverTime()]],
  ['last over time', () => [lastOverTime()]],
  [
    'attention',
    () => [transformerEncoderLayer({ heads: 1, feedForwardUnits: 3, inputSize: FEATURES }), meanOverTime()],
  ],
]

describe.each(LAYERS)('%s', (_, make) => {
  test('sees only the steps that count, side by side', async () => {
    const backend = await cpu()
    const layers = make()
    const model = await sequential(masking({ value: MARK }), ...layers).init(backend, { seed: 1 })
    const inner = await sequential(...layers).init(backend, { seed: 1 }) // of the same layers: one set of values
    const { marked, closed } = batches()
    expect((await model.predict(marked)).data).toEqual((await inner.predict(closed)).data)
  })
})

test('a sequence comes out with each step at its own place, and zeros in the gaps; gradients flow to the steps that count alone', async () => {
  const backend = await cpu()
  const model = await sequential(
    masking({ value: MARK }),
    gru({ units: 3, inputSize: FEATURES }),
    dense({ units: 2 }),
  ).init(backend, { seed: 1 })
  const inner = await sequential(...model.layers.slice(1)).init(backend, { seed: 1 })
  const { marked, closed } = batches()
  const live = backend.stats().liveBuffers
  const { data } = await model.predict(marked)
  const { data: due } = await inner.predict(closed)
  const at = (values: Float32Array, row: number, step: number): number[] => [
    ...values.subarray((row * TIME + step) * 2, (row * TIME + step + 1) * 2),
  ]
  PLACES.forEach((places, row) => {
    for (let step = 0; step < TIME; step++) {
      const to = places.indexOf(step)
      expect(at(data, row, step)).toEqual(to < 0 ? [0, 0] : at(due, row, to))
    }
  })
  scope(backend, () => {
    const weights = tensor(waves(BATCH, TIME, 2).data, { backend, shape: [BATCH, TIME, 2] })
    const x = tensor(marked.data, { backend, shape: marked.shape })
    const { gradients } = valueAndGrad((each: Tensor) => sum(mul(model.forward(each, INFERENCE), weights)))(x)
    const slopes = gradients.dataSync()
    const reached = Array.from({ length: BATCH * TIME }, (_, i) => slopes[2 * i] !== 0)
    const counted = PLACES.flatMap((places) => Array.from({ length: TIME }, (_, step) => places.includes(step)))
    expect(reached).toEqual(counted)
  })
  expect(backend.stats().liveBuffers).toBe(live)
})

test('lengths that are given as well count too', async () => {
  const backend = await cpu()
  const model = await sequential(masking({ value: 0 }), meanOverTime()).init(backend, { seed: 1 })
  const x = { data: Float32Array.of(0, 2, 4, 8, 3, 0, 5, 9), shape: [2, 4, 1] }
  expect((await model.predict({ inputs: x, lengths: ids([2], 3, 4) })).data).toEqual(
    Float32Array.of(3, Math.fround(17 / 3)),
  )
})

test('a step counts as soon as one of its features is something else; NaN is', async () => {
  const model = await sequential(masking(), lastOverTime()).init(await cpu(), { seed: 1 })
  const x = { data: Float32Array.of(0, 5, 0, 0, NaN, 0, 0, 0), shape: [2, 2, 2] }
  expect((await model.predict(x)).data).toEqual(Float32Array.of(0, 5, NaN, 0))
})

test('ids are masked before they are looked up: padding on either side', async () => {
  const backend = await cpu()
  const model = await sequential(
    masking(),
    embedding({ vocabularySize: 5, units: 3 }),
    gru({ units: 2, returns: 'last' }),
  ).init(backend, { seed: 1 })
  const { data } = await model.predict(ids([3, 4], 0, 0, 1, 2, 1, 2, 0, 0, 1, 0, 0, 2))
  expect(data.subarray(0, 2)).toEqual(data.subarray(2, 4))
  expect(data.subarray(0, 2)).toEqual(data.subarray(4, 6))
})

describe('what a container learns of the mask, the layers after it are told', () => {
  test.each<[string, (mask: readonly Module[], inner: Module) => Module]>([
    ['sequential', (mask, inner) => sequential(...mask, inner)],
    ['sequential in sequential', (mask, inner) => sequential(sequential(...mask), inner)],
    ['residual', (mask, inner) => residual(sequential(...mask, inner))],
    [
      'highway',
      (mask, inner) => highway(sequential(...mask, inner), { biasInitializer: constant(0.5), inputSize: FEATURES }),
    ],
  ])('%s', async (_, contain) => {
    const backend = await cpu()
    const make = (...mask: readonly Module[]): Module =>
      sequential(
        contain(mask, dense({ units: FEATURES, inputSize: FEATURES, kernelInitializer: constant(0.5) })),
        gru({ units: 3, inputSize: FEATURES, kernelInitializer: constant(0.1), recurrentInitializer: constant(0.2) }),
      )
    const { marked, closed } = batches()
    const steps = (values: Float32Array, places: readonly number[], row: number): number[] =>
      places.flatMap((at) => [...values.subarray((row * TIME + at) * 3, (row * TIME + at + 1) * 3)])
    const model = await make(masking({ value: MARK })).init(backend, { seed: 1 })
    const live = backend.stats().liveBuffers
    const { data } = await model.predict(marked)
    expect(backend.stats().liveBuffers).toBe(live)
    const { data: due } = await (await make().init(await cpu(), { seed: 1 })).predict(closed)
    PLACES.forEach((places, row) => {
      expect(steps(data, places, row)).toEqual(steps(due, [...places.keys()], row))
      const gaps = [...Array(TIME).keys()].filter((at) => !places.includes(at))
      expect(steps(data, gaps, row).every((value) => value === 0)).toBe(true)
    })
    expect(data.some((value) => value !== 0)).toBe(true)
  })

  test('masking after masking: each step stands at its own place again, and what is counted is what both leave', async () => {
    const backend = await cpu()
    const model = await sequential(sequential(masking({ value: 1 })), masking({ value: 2 })).init(backend, { seed: 1 })
    const [x, due] = [Float32Array.of(1, 5, 2, 6, 3, 1, 2, 4, 0, 2), Float32Array.of(0, 5, 0, 6, 3, 0, 0, 4, 0, 0)]
    const heard: unknown[] = []
    const notes = { penalty: () => {}, counted: (steps: Tensor) => void heard.push([...steps.dataSync()]) }
    scope(backend, () => {
      const output = model.forward(tensor(x, { backend, shape: [2, 5, 1] }), { ...INFERENCE, notes })
      expect(output.dataSync()).toEqual(due)
    })
    expect(heard).toEqual([[0, 1, 0, 1, 1, 0, 0, 1, 1, 0]])
  })
})

test('in a stream, states stand still over a step that does not count, and it gives zeros', async () => {
  const model = await sequential(masking(), gru({ units: 2, inputSize: 2 }), lstm({ units: 2 })).init(await cpu(), {
    seed: 1,
  })
  using stream = model.stepper({ shape: [1, 1, 2] })
  const due = [stream.step(Float32Array.of(1, 2)), stream.step(Float32Array.of(3, 4))]
  stream.reset()
  const fed = [
    [0, 0],
    [1, 2],
    [0, 0],
    [0, 0],
    [3, 4],
  ].map((each) => stream.step(Float32Array.from(each)))
  const nothing = new Float32Array(2)
  expect(fed).toEqual([nothing, due[0], nothing, nothing, due[1]])
})

test('masking inside timeDistributed is of the steps within a step', async () => {
  const backend = await cpu()
  const words = await timeDistributed(sequential(masking(), meanOverTime())).init(backend, { seed: 1 })
  const x = { data: Float32Array.of(1, 3, 0, 0, 5, 0), shape: [1, 2, 3, 1] }
  expect((await words.predict({ inputs: x, lengths: ids([1], 1) })).data).toEqual(Float32Array.of(2, 5))
})

test('wrong values and inputs are refused', async () => {
  expect(() => masking({ value: NaN })).toThrow('masking: value is NaN; mark steps with a finite number')
  const layer = await masking().init(await cpu(), { seed: 1 })
  await expect(layer.predict(waves(3))).rejects.toThrow('masking: the input has shape [3], expected [batch, time, …]')
  expect(fromJSON({ type: 'masking', value: -1 }).toJSON()).toEqual({ type: 'masking', value: -1 })
  const { data, shape } = await layer.predict({ data: new Float32Array(0), shape: [2, 0, 3] })
  expect([data.length, shape]).toEqual([0, [2, 0, 3]])
})

testLayer('masking', {
  make: () => sequential(masking({ value: 2 }), gru({ units: 3, inputSize: 2 })),
  input: waves(3, 4, 2),
  outputShape: [3, 4, 3],
  parameters: { '1.kernel': [2, 9], '1.recurrent': [3, 9], '1.bias': [9], '1.recurrentBias': [9] },
  lengths: [4, 1, 2],
})
