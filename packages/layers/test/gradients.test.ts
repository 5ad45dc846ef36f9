// Gradients through the layers without cells: what counts gets one, what doesn't gets none.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { key, mul, scope, sum, tensor, type Tensor } from '@rnn/core'
import {
  dense,
  dropout,
  embedding,
  gru,
  INFERENCE,
  lastOverTime,
  maxOverTime,
  meanOverTime,
  Module,
  sequential,
  type ForwardContext,
} from '@rnn/layers'
import { expect, test } from 'vitest'

test.each([
  ['maxOverTime', maxOverTime, [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['meanOverTime', meanOverTime, [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['lastOverTime', lastOverTime, [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
] as const)('%s sends gradients to the steps that count, and none into an empty row', async (_, make, expected) => {
  const backend = await cpu()
  scope(backend, () => {
    const x = tensor([1, 9, 4, 5, 8, 8, 1, 2, 3, 4, 5, 6], { backend, shape: [2, 3, 2] })
    const lengths = tensor(Int32Array.of(2, 0), { backend })
    const { gradients } = valueAndGrad((each: Tensor) => sum(make().forward(each, { ...INFERENCE, lengths })))(x)
    expect([...gradients.dataSync()]).toEqual(expected)
  })
  expect(backend.stats().liveBuffers).toBe(0)
})

test('an embedding sends gradients to the rows that were looked up, but for padding', async () => {
  const backend = await cpu()
  const layer = await embedding({ vocabularySize: 4, units: 2, paddingIndex: 0 }).init(backend, { seed: 1 })
  scope(backend, () => {
    const ids = tensor(Int32Array.of(0, 2, 2, 3), { backend })
    const { gradients } = valueAndGrad<Tensor>(() => sum(layer.forward(ids)))(layer.kernel.value)
    expect([...gradients.dataSync()]).toEqual([0, 0, 0, 0, 2, 2, 1, 1])
  })
})

test('a frozen layer gets none, and passes them on', async () => {
  const backend = await cpu()
  const model = sequential(dense({ units: 2, inputSize: 2 }), dense({ units: 1 }))
  await model.init(backend, { seed: 1 })
  for (const { variable } of model.layers[1]?.parameters() ?? []) variable.trainable = false
  const trainable = model.parameters().filter(({ variable }) => variable.trainable)
  expect(trainable.map(({ path }) => path)).toEqual(['0.kernel', '0.bias'])
  scope(backend, () => {
    const x = tensor([[1, 2]], { backend })
    const parameters = trainable.map(({ variable }) => variable.value)
    const { gradients } = valueAndGrad<readonly Tensor[]>(() => sum(model.forward(x, INFERENCE)))(parameters)
    expect(gradients[1]?.dataSync()).toEqual(model.layers[1]?.parameters()[0]?.variable.value.dataSync())
  })
})

test('dropout drops in backward what it dropped in forward', async () => {
  const backend = await cpu()
  scope(backend, () => {
    const x = tensor(new Float32Array(64).fill(1), { backend })
    const context = { training: true, key: key(3), lengths: undefined }
    const layer = dropout(0.5)
    const { gradients } = valueAndGrad((each: Tensor) => sum(layer.forward(each, context)))(x)
    expect([...gradients.dataSync()]).toEqual([...layer.forward(x, context).dataSync()])
  })
})

test('a thousand training passes leave no tensors and repeat to the last bit', async () => {
  class Doubled extends Module {
    readonly inner = sequential(
      embedding({ vocabularySize: 5, units: 3, paddingIndex: 0 }),
      gru({ units: 4, layers: 2, dropout: 0.3, recurrentDropout: 0.2 }),
      maxOverTime(),
      dropout(0.4),
      dense({ units: 2, activation: 'tanh' }),
    )
    override forward(ids: Tensor, context: ForwardContext): Tensor {
      return mul(this.inner.forward(ids, context), 2)
    }
  }
  const backend = await cpu()
  const losses = async (passes: number): Promise<number[]> => {
    const model = await new Doubled().init(backend, { seed: 4 })
    const live = backend.stats().liveBuffers
    const values = Array.from({ length: passes }, (_, i) =>
      scope(backend, () => {
        const ids = tensor(Int32Array.of(1, 2, 3, 4, 1, 0), { backend, shape: [2, 3] })
        const lengths = tensor(Int32Array.of(3, 2), { backend })
        const parameters = model.parameters().map(({ variable }) => variable.value)
        const { value } = valueAndGrad<readonly Tensor[]>(() =>
          sum(model.forward(ids, { training: true, key: key(i), lengths })),
        )(parameters)
        return value.dataSync()[0] ?? NaN
      }),
    )
    expect(backend.stats().liveBuffers).toBe(live)
    model.dispose()
    return values
  }
  const thousand = await losses(1000)
  expect(await losses(20)).toEqual(thousand.slice(0, 20))
  expect(new Set(thousand).size).toBeGreaterThan(100)
})
