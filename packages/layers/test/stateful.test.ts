// States that stay between calls.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { key, scope, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  bidirectional,
  dense,
  gru,
  INFERENCE,
  loadWeights,
  lstm,
  resetStates,
  saveWeights,
  sequential,
  stacked,
  type HostArray,
  type Recurrent,
} from '@rnn/layers'
import { beforeEach, describe, expect, test } from 'vitest'
import { waves } from './support/host.ts'

let backend: Backend
beforeEach(async () => {
  backend = await cpu()
})

const upload = ({ data, shape }: HostArray): Tensor => tensor(data, { backend, shape })
/** Both sides round each of some ten operations a step, of values below 1. */
const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length)
  Array.from(a).forEach((value, i) => expect(Math.abs(value - (b[i] ?? NaN))).toBeLessThan(2e-6))
}

describe('a stateful layer', () => {
  const make = (): Recurrent =>
    stacked(lstm({ units: 4, inputSize: 3, statefulRows: 2 }), gru({ units: 5, statefulRows: 2 }))
  const x = waves(2, 6, 3)
  const half = (which: 0 | 1): HostArray => ({
    data: Float32Array.from({ length: 18 }, (_, i) => x.data[Math.floor(i / 9) * 18 + which * 9 + (i % 9)] ?? NaN),
    shape: [2, 3, 3],
  })

  test('goes on where the call before left off, until reset', async () => {
    const model = await sequential(make(), dense({ units: 2 })).init(backend, { seed: 1 })
    const whole = await model.predict(x)
    resetStates(model)
    const live = backend.stats().liveBuffers
    const parts = [await model.predict(half(0)), await model.predict(half(1))]
    parts.forEach(({ data }, which) =>
      close(
        data,
        Float32Array.from({ length: 12 }, (_, i) => whole.data[Math.floor(i / 6) * 12 + which * 6 + (i % 6)] ?? NaN),
      ),
    )
    const third = await model.predict(half(0))
    expect(third.data).not.toEqual(parts[0]?.data)
    resetStates(model)
    expect((await model.predict(half(0))).data).toEqual(parts[0]?.data)
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('keeps its states where the model goes: to another backend, and into its weights', async () => {
    const layer = await make().init(backend, { seed: 1 })
    const again = await make().init(backend, { seed: 2 })
    await layer.predict(half(0))
    await loadWeights(again, await saveWeights(layer))
    const expected = await layer.predict(half(1))
    await again.to(await cpu())
    expect((await again.predict(half(1))).data).toEqual(expected.data)
    expect(layer.states().map(({ path, variable }) => [path, variable.spec.shape])).toEqual([
      ['0.state0', [2, 4]],
      ['0.state1', [2, 4]],
      ['1.state0', [2, 5]],
    ])
    expect(layer.parameterCount).toBe(4 * (3 * 4 + 4 * 4 + 4) + (4 * 15 + 5 * 15 + 30))
    again.dispose()
  })

  test('goes on while training, with no gradient into the batch before', async () => {
    const layer = await make().init(backend, { seed: 1 })
    const parameters = (): Record<string, Tensor> =>
      Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
    const gradientsOf = (run: (piece: Tensor) => Tensor, which: 0 | 1): Float32Array[] =>
      scope(backend, () => {
        const { gradients } = valueAndGrad<Record<string, Tensor>>(() => sum(run(upload(half(which)))))(parameters())
        return Object.values(gradients).map((each) => each.dataSync() as Float32Array)
      })
    const context = { ...INFERENCE, training: true, key: key(1) }
    const live = backend.stats().liveBuffers
    gradientsOf((piece) => layer.forward(piece, context), 0)
    const got = gradientsOf((piece) => layer.forward(piece, context), 1)
    expect(backend.stats().liveBuffers).toBe(live)
    scope(backend, () => {
      const { final } = layer.run(upload(half(0)))
      const expected = gradientsOf((piece) => layer.run(piece, { initial: final }).sequence, 1)
      expect(got).toEqual(expected)
    })
  })

  test('streams by a stepper without touching its own states', async () => {
    const layer = await make().init(backend, { seed: 1 })
    await layer.predict(half(0))
    const before = await saveWeights(layer)
    using stream = layer.stepper({ shape: [1, 1, 3] })
    stream.step(Float32Array.of(1, 2, 3))
    expect(await saveWeights(layer)).toEqual(before)
  })

  test('refuses what does not fit', async () => {
    const layer = await make().init(backend, { seed: 1 })
    await expect(layer.predict(waves(3, 2, 3))).rejects.toThrow(
      /stacked: the batch has 3 rows, but the layer goes on with states of 2 \(statefulRows\); give each batch as many rows/,
    )
    expect(() => bidirectional(gru({ units: 2, statefulRows: 2 }))).toThrow(/gru: statefulRows for a layer that reads/)
    expect(() => gru({ units: 2, statefulRows: 0 })).toThrow(/gru: statefulRows is 0/)
    const stateless = await gru({ units: 2, inputSize: 1 }).init(backend, { seed: 1 })
    expect(() => stateless.reset()).toThrow(
      /gru: reset of a layer that keeps no state between calls; give it statefulRows/,
    )
    expect(() => resetStates(stateless)).toThrow(/resetStates: no layer of this model is stateful/)
    expect(() => gru({ units: 2, statefulRows: 2 }).reset()).toThrow(/init/)
  })
})
