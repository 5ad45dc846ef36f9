// Models in a worker: the same bits as on the backend itself.

import { cpu } from '@rnn/backend-cpu'
import type { Backend } from '@rnn/core'
import { bidirectional, dense, dropout, embedding, lstm, maxOverTime, sequential, type Sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer, type TrainingBatch } from '@rnn/train'
import { expect, test } from 'vitest'
import { remote } from '../src/index.ts'
import { spawn } from './spawn.ts'

const [B, T, V] = [8, 6, 20]
const batchOf = (step: number): TrainingBatch => ({
  inputs: { data: Int32Array.from({ length: B * T }, (_, i) => (i * 7 + step) % V), shape: [B, T] },
  lengths: { data: Int32Array.from({ length: B }, (_, i) => 1 + ((i + step) % T)), shape: [B] },
  targets: { data: Int32Array.from({ length: B }, (_, i) => i % 3), shape: [B] },
  size: B,
})

async function classifier(backend: Backend): Promise<Sequential> {
  const model = sequential(
    embedding({ vocabularySize: V, units: 5 }),
    bidirectional(lstm({ units: 7 })),
    maxOverTime(),
    dropout(0.3),
    dense({ units: 3 }),
  )
  return model.init(backend, { seed: 1 })
}

const trainerOf = (model: Sequential): Trainer =>
  new Trainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, seed: 2 })

async function train(trainer: Trainer, from: number, to: number): Promise<number[]> {
  const losses = []
  for (let step = from; step < to; step++) {
    const loss = trainer.step(batchOf(step))
    losses.push(...(await loss.data()))
    loss.dispose()
  }
  return losses
}

test('training in a worker gives the losses and the predictions of the backend itself, to the last bit', async () => {
  const [here, there] = [await cpu(), await remote(spawn('cpu'))]
  const request = { inputs: batchOf(0).inputs, lengths: batchOf(0).lengths! }
  const results = []
  for (const backend of [here, there]) {
    const model = await classifier(backend)
    const trainer = trainerOf(model)
    const losses = await train(trainer, 0, 20)
    results.push({ losses, predictions: (await model.predict(request)).data })
    trainer.dispose()
    model.dispose()
    await backend.sync()
    expect(backend.stats().liveBuffers).toBe(0)
  }
  expect(results[1]).toEqual(results[0])
  await here.dispose()
  await there.dispose()
})

test('a training moved into a worker and out again goes on to the bit', async () => {
  const [here, there] = [await cpu(), await remote(spawn('cpu'))]
  const expected = await train(trainerOf(await classifier(here)), 0, 12)
  const trainer = trainerOf(await classifier(here))
  const losses = await train(trainer, 0, 4)
  await trainer.to(there)
  losses.push(...(await train(trainer, 4, 8)))
  await trainer.to(here)
  losses.push(...(await train(trainer, 8, 12)))
  expect(losses).toEqual(expected)
  await here.dispose()
  await there.dispose()
})

test('a model moves into a worker', async () => {
  const [here, there] = [await cpu(), await remote(spawn('cpu'))]
  const model = await classifier(here)
  const request = { inputs: batchOf(0).inputs, lengths: batchOf(0).lengths! }
  const before = await model.predict(request)
  await model.to(there)
  expect((await model.predict(request)).data).toEqual(before.data)
  await here.dispose()
  await there.dispose()
})
