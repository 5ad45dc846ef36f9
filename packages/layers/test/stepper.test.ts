// Streaming: step by step a model gives what it gives for the whole sequence.

import { cpu } from '@rnn/backend-cpu'
import {
  add,
  constant,
  decorate,
  defineCell,
  glorotUniform,
  keep,
  linear,
  mul,
  reshape,
  sub,
  tanh,
  tensor,
  type Backend,
  type Tensor,
} from '@rnn/core'
import { bidirectional, dense, embedding, gru, lstm, Module, rnn, sequential, simpleRnn, Variable } from '@rnn/layers'
import { beforeEach, describe, expect, test } from 'vitest'

let backend: Backend
beforeEach(async () => {
  backend = await cpu()
})

/** A cell that no backend knows, whose second state is the first one of the step before. */
const delayed = defineCell<'kernel', readonly [h: Tensor, past: Tensor]>({
  kind: 'delayed',
  gates: 1,
  stateSizes: (units) => [units, units],
  parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, units], initializer: glorotUniform } }),
  project: (x, { kernel }) => linear(x, kernel),
  step: (projected, [h, past]) => [tanh(add(projected, mul(sub(h, past), 0.5))), add(h, 0)],
})

const [T, I] = [7, 3]
const features = Float32Array.from({ length: T * I }, (_, i) => Math.sin(i * 1.3))

describe.each<[string, () => Module]>([
  ['LSTM', () => lstm({ units: 5, inputSize: I })],
  ['stacked LSTM', () => lstm({ units: 5, layers: 2, inputSize: I })],
  ['GRU and dense', () => sequential(gru({ units: 4, inputSize: I }), dense({ units: 2, activation: 'tanh' }))],
  [
    'simple networks in a row',
    () => sequential(simpleRnn({ units: 4, inputSize: I }), simpleRnn({ units: 3, activation: 'relu' })),
  ],
  ['a user-written cell', () => rnn(delayed, { units: 4, inputSize: I })],
])('%s', (_, make) => {
  test.each([
    ['fused', (on: Backend) => on],
    ['composite', (on: Backend) => decorate(on, { supports: () => ({ reason: 'composites only' }) })],
  ])('equals the whole sequence, %s', async (__, on) => {
    const model = await make().init(on(backend), { seed: 3 })
    const { data, shape } = await model.predict({ data: features, shape: [1, T, I] })
    const units = shape[2] ?? 0
    using stream = model.stepper({ shape: [1, 1, I] })
    for (let round = 0; round < 2; round++) {
      for (let t = 0; t < T; t++) {
        const output = stream.step(features.slice(t * I, (t + 1) * I))
        for (let i = 0; i < units; i++) expect(output[i]).toBeCloseTo(data[t * units + i] ?? NaN, 6)
      }
      stream.reset()
    }
  })
})

test('rows of a batch have states of their own, and ids are taken as such', async () => {
  const model = await sequential(embedding({ vocabularySize: 9, units: 4 }), gru({ units: 3 })).init(backend, {
    seed: 1,
  })
  const whole = await model.predict({ data: Int32Array.of(1, 2, 3, 8, 7, 6), shape: [2, 3] })
  using stream = model.stepper({ shape: [2, 1] })
  expect(stream.outputShape).toEqual([2, 1, 3])
  stream.step(Int32Array.of(1, 8))
  stream.step(Int32Array.of(2, 7))
  const last = stream.step(Int32Array.of(3, 6))
  const expected = [...whole.data.slice(6, 9), ...whole.data.slice(15, 18)]
  last.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 6))
})

test('started one after another without waiting, steps take effect in order', async () => {
  const model = await lstm({ units: 4, inputSize: I }).init(backend, { seed: 2 })
  using waiting = model.stepper({ shape: [1, 1, I] })
  using atOnce = model.stepper({ shape: [1, 1, I] })
  const steps = Array.from({ length: T }, (_, t) => features.slice(t * I, (t + 1) * I))
  expect(await Promise.all(steps.map((step) => waiting.stepAsync(step)))).toEqual(
    steps.map((step) => atOnce.step(step)),
  )
})

test('a step makes no buffers, and dispose frees them all', async () => {
  const model = await sequential(lstm({ units: 4, inputSize: I }), dense({ units: 2 })).init(backend, { seed: 2 })
  const before = backend.stats().liveBuffers
  const stream = model.stepper({ shape: [1, 1, I] })
  const live = backend.stats().liveBuffers
  for (let t = 0; t < T; t++) stream.step(features.slice(t * I, (t + 1) * I))
  expect(backend.stats().liveBuffers).toBe(live)
  stream.dispose()
  stream.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
  expect(() => stream.step(features.slice(0, I))).toThrow(
    'stepper: it was disposed; make a new one with model.stepper(…)',
  )
})

test('weights that change are seen at the next step', async () => {
  const model = await dense({ units: 1, inputSize: 2, useBias: false }).init(backend, { seed: 1 })
  using stream = model.stepper({ shape: [1, 1, 2] })
  model.parameters()[0]?.variable.assign(Float32Array.of(1, 10))
  expect(stream.step(Float32Array.of(2, 3))).toEqual(Float32Array.of(32))
})

describe('refuses', () => {
  test('a layer that reads backwards, leaving nothing behind', async () => {
    const model = await bidirectional(lstm({ units: 2, inputSize: I })).init(backend, { seed: 1 })
    const before = backend.stats().liveBuffers
    expect(() => model.stepper({ shape: [1, 1, I] })).toThrow(/bidirectional lstm: it reads the sequence from its end/)
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('an input of another size or kind', async () => {
    const model = await lstm({ units: 2, inputSize: I }).init(backend, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, I] })
    expect(() => stream.step(new Float32Array(2))).toThrow(
      'stepper: a Float32Array of 2 for an input of float32 [1, 1, 3]; give 3 values',
    )
    expect(() => stream.step(new Int32Array(3))).toThrow('stepper: a Int32Array of 3')
  })

  test('a model that has moved away', async () => {
    const model = await lstm({ units: 2, inputSize: I }).init(backend, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, I] })
    await model.to(await cpu())
    expect(() => stream.step(new Float32Array(I))).toThrow(/the model has moved to 'cpu'/)
  })

  test('a model that was made anew on the same backend', async () => {
    const model = await lstm({ units: 2, inputSize: I }).init(backend, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, I] })
    stream.step(new Float32Array(I))
    await model.init(backend, { seed: 2 })
    const error = expect.objectContaining({
      code: 'E_DISPOSED',
      message: "stepper: the model's values were replaced since it was made; make a new one with model.stepper(…)",
    })
    expect(() => stream.step(new Float32Array(I))).toThrow(error)
    expect(() => stream.reset()).toThrow(error)
    await expect(stream.stepAsync(new Float32Array(I))).rejects.toThrow(error)
    using next = model.stepper({ shape: [1, 1, I] })
    expect(next.step(new Float32Array(I))).toHaveLength(2)
  })

  test('a model of which one value got another tensor', async () => {
    const model = await dense({ units: 1, inputSize: 2, useBias: false }).init(backend, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, 2] })
    model.parameters()[0]?.variable.place(keep(tensor([1, 10], { backend, shape: [2, 1] })))
    expect(() => stream.step(Float32Array.of(2, 3))).toThrow(/the model's values were replaced since it was made/)
  })

  test('a model that was disposed', async () => {
    const model = await lstm({ units: 2, inputSize: I }).init(backend, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, I] })
    model.dispose()
    expect(() => stream.step(new Float32Array(I))).toThrow(
      expect.objectContaining({ code: 'E_DISPOSED', problem: 'the model was disposed' }),
    )
  })

  test('a state that is written while a view of it is in use, leaving nothing behind', async () => {
    class Viewing extends Module {
      readonly count = new Variable('count', { shape: [1], initializer: constant(0) }, { kind: 'state' })

      override forward(x: Tensor): Tensor {
        const view = reshape(this.count.value, [1, 1, 1])
        this.count.assign(add(this.count.value, 1))
        return add(x, view)
      }
    }
    const model = await new Viewing().init(backend, { seed: 1 })
    const before = backend.stats().liveBuffers
    expect(() => model.stepper({ shape: [1, 1, 1] })).toThrow(/stepper: the model writes a state of which a view/)
    expect(backend.stats().liveBuffers).toBe(before)
    expect(model.count.value.dataSync()).toEqual(Float32Array.of(0))
  })

  test('a cell whose state is no tensor of its own, leaving nothing behind', async () => {
    const model = await rnn({ ...delayed, step: (projected, [h]) => [tanh(add(projected, h)), h] } as typeof delayed, {
      units: 2,
      inputSize: I,
    }).init(backend, { seed: 1 })
    const before = backend.stats().liveBuffers
    expect(() => model.stepper({ shape: [1, 1, I] })).toThrow(/let its step return copy\(state\)/)
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('to step at once where reading has to wait', async () => {
    const { readSync: _, ...waiting } = decorate(backend, {})
    const model = await lstm({ units: 2, inputSize: I }).init(waiting, { seed: 1 })
    using stream = model.stepper({ shape: [1, 1, I] })
    expect(() => stream.step(new Float32Array(I))).toThrow(/use await stepper.stepAsync/)
    expect(await stream.stepAsync(new Float32Array(I))).toHaveLength(2)
  })
})

test('a layer that is used twice is refused: it would need two states', async () => {
  const layer = gru({ units: I, inputSize: I })
  const model = await sequential(layer, layer).init(backend, { seed: 1 })
  const before = backend.stats().liveBuffers
  expect(() => model.stepper({ shape: [1, 1, I] })).toThrow(
    'stepper: a recurrent layer is used twice in one forward pass, and would need two states; use a layer of its own for each place',
  )
  expect(backend.stats().liveBuffers).toBe(before)
})

test('states of the model itself move on with each step, and with nothing else', async () => {
  class Counting extends Module {
    readonly count = new Variable('count', { shape: [1], initializer: constant(0) }, { kind: 'state' })

    override forward(x: Tensor): Tensor {
      this.count.assign(add(this.count.value, 1))
      return add(x, this.count.value)
    }
  }
  const model = await new Counting().init(backend, { seed: 1 })
  using stream = model.stepper({ shape: [1, 1, 1] })
  expect([0, 10].map((x) => stream.step(Float32Array.of(x))[0])).toEqual([1, 12])
  expect(model.count.value.dataSync()[0]).toBe(2)
})
