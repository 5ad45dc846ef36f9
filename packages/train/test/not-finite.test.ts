// Training that comes to NaN: what is left out, what is put back, and what is never saved.

import { cpu } from '@rnn/backend-cpu'
import { mean, sqrt, square, sub } from '@rnn/core'
import { dense, gru, sequential } from '@rnn/layers'
import { expect, test } from 'vitest'
import {
  fit,
  meanSquaredError,
  memorySnapshots,
  sgd,
  Trainer,
  type Loss,
  type TrainingBatch,
  type TrainingSet,
} from '../src/index.ts'
import { weightsOf } from './helpers.ts'

const setOf = (...batches: TrainingBatch[]): TrainingSet => ({
  batchCount: batches.length,
  sampleCount: batches.length,
  batches: (_, start = 0) => batches.slice(start),
})

/** √ of the mean squared error: 0 where all is right, and there its gradient is 0 / 0. */
const rootMeanSquare: Loss = {
  name: 'rootMeanSquare',
  configuration: {},
  compute: (outputs, targets) => sqrt(mean(square(sub(outputs, targets)))),
}

const point = (x: number, y: number): TrainingBatch => ({
  inputs: { data: Float32Array.of(x), shape: [1, 1] },
  targets: { data: Float32Array.of(y), shape: [1, 1] },
  size: 1,
})

test('a gradient that is NaN under a finite loss: the step is left out, and the parameter named', async () => {
  const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
  const store = memorySnapshots()
  const trainer = new Trainer(model, { loss: rootMeanSquare, optimizer: sgd({ learningRate: 0.1 }) })
  await trainer.fit(setOf(point(1, 3)), { epochs: 1 })
  const before = await weightsOf(model)
  const right = point(0, before['0.bias']![0]!) // 0 · w + b is b
  await expect(trainer.fit(setOf(right), { epochs: 2, snapshots: { every: 1, store } })).rejects.toThrow(
    /the gradient of 0\.(kernel|bias) is not finite in epoch 2, batch 1, though the loss is; that step was left out/,
  )
  expect(await weightsOf(model)).toEqual(before)
  await trainer.restore((await store.load())!)
  expect(await weightsOf(model)).toEqual(before)

  const careless = { loss: rootMeanSquare, optimizer: sgd({ learningRate: 0.1 }), notFinite: 'continue' } as const
  await fit(model, setOf(right), { ...careless, epochs: 1 })
  expect((await weightsOf(model))['0.bias']).toEqual([Number.NaN])
})

test('squares of gradients may be infinite, as long as the gradients are not', async () => {
  const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
  const options = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e-30 }), clipNorm: 1 }
  await fit(model, setOf(point(1e18, 1e18)), { ...options, epochs: 1 })
  expect((await weightsOf(model))['0.kernel']!.every(Number.isFinite)).toBe(true)
})

test('weights that are not finite are no checkpoint', async () => {
  const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
  const options = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }) }
  const trainer = new Trainer(model, options)
  model.parameters()[0]!.variable.assign(Float32Array.of(Number.NaN))
  await expect(trainer.checkpoint()).rejects.toMatchObject({
    code: 'E_NOT_FINITE',
    message: expect.stringContaining('0.kernel holds values that are NaN or infinite') as string,
  })
  expect(await new Trainer(model, { ...options, notFinite: 'continue' }).checkpoint()).toBeInstanceOf(Uint8Array)
})

test('a stateful layer has the state from before the step that was left out', async () => {
  const model = sequential(gru({ units: 3, inputSize: 1, statefulRows: 1, returns: 'last' }), dense({ units: 1 }))
  await model.init(await cpu(), { seed: 1 })
  const steps = (...values: number[]): TrainingBatch => ({
    inputs: { data: Float32Array.from(values), shape: [1, values.length, 1] },
    targets: { data: Float32Array.of(1), shape: [1, 1] },
    size: 1,
  })
  const options = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }) }
  await fit(model, setOf(steps(1, 2)), { ...options, epochs: 1 })
  const before = await weightsOf(model)
  expect(Object.keys(before).some((path) => path.includes('state'))).toBe(true)
  await expect(fit(model, setOf(steps(1, Number.NaN)), { ...options, epochs: 1 })).rejects.toThrow(
    'the loss became NaN',
  )
  expect(await weightsOf(model)).toEqual(before)
})
