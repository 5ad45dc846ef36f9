// Weights of a stateful model in a model with other rows, or none.

import { cpu } from '@rnn/backend-cpu'
import { gru, loadModel, loadWeights, lstm, saveModel, saveWeights, sequential, type Sequential } from '@rnn/layers'
import { expect, test } from 'vitest'
import { waves } from './support/host.ts'

const make = (statefulRows?: number): Sequential => {
  const rows = statefulRows === undefined ? {} : { statefulRows }
  return sequential(lstm({ units: 3, inputSize: 2, ...rows }), gru({ units: 2, ...rows }))
}
const x = waves(1, 4, 2)

test.each([
  ['of as many rows as it is then fed', 4, 1],
  ['without states', 4, undefined],
  ['with states', undefined, 1],
])('trained in batches, loaded into a model %s', async (_, trained, loaded) => {
  const backend = await cpu()
  const model = await make(trained).init(backend, { seed: 1 })
  await model.predict(waves(4, 3, 2))
  const bytes = await saveWeights(model)
  const other = await make(loaded).init(backend, { seed: 2 })
  const due = await make().init(backend, { seed: 3 })
  await other.predict(x)
  await loadWeights(other, bytes)
  await loadWeights(due, bytes)
  expect((await other.predict(x)).data).toEqual((await due.predict(x)).data) // begins a new sequence
  const files = { ...(await saveModel(other)), 'weights.safetensors': bytes }
  const again = await loadModel(files, await cpu())
  expect((await again.predict(x)).data).toEqual((await due.predict(x)).data)
})

test('states that fit go on; weights that do not fit are refused as ever', async () => {
  const backend = await cpu()
  const model = await make(1).init(backend, { seed: 1 })
  await model.predict(x)
  const bytes = await saveWeights(model)
  const other = await make(1).init(backend, { seed: 2 })
  await loadWeights(other, bytes)
  expect((await other.predict(x)).data).toEqual((await model.predict(x)).data)
  const wide = await sequential(lstm({ units: 3, inputSize: 2 }), gru({ units: 4 })).init(backend, { seed: 1 })
  await expect(loadWeights(wide, bytes)).rejects.toThrow(
    'loadWeights: the weights are of another model: different 1.kernel [3, 6] instead of [3, 12], 1.recurrent [2, 6] instead of [4, 12], 1.bias [6] instead of [12], 1.recurrentBias [6] instead of [12]; make the model',
  )
})
