// A training that has found its pace: it creates nothing on the device, and reads nothing back unless a loss is due.

import { bidirectional, dense, dropout, embedding, lstm, maxOverTime, sequential, type Sequential } from '@rnn/layers'
import { adam, crossEntropy, fit, Trainer, type TrainingBatch, type TrainingSet } from '@rnn/train'
import { expect, test } from 'vitest'
import type { WebgpuStats } from '@rnn/backend-webgpu'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

const [B, V] = [16, 50]

function batchOf(step: number, T: number): TrainingBatch {
  return {
    inputs: { data: Int32Array.from({ length: B * T }, (_, i) => (i * 7 + step * 3) % V), shape: [B, T] },
    lengths: { data: Int32Array.from({ length: B }, (_, i) => 1 + ((i + step) % T)), shape: [B] },
    targets: { data: Int32Array.from({ length: B }, (_, i) => i % 3), shape: [B] },
    size: B,
  }
}

/** What must not grow. */
const created = ({ buffersCreated, pipelinesCreated, bindGroupsCreated, reads, liveBuffers }: WebgpuStats) => ({
  buffersCreated,
  pipelinesCreated,
  bindGroupsCreated,
  reads,
  liveBuffers,
})

/** The text classifier's network. */
function classifier(): Sequential {
  return sequential(
    embedding({ vocabularySize: V, units: 12, paddingIndex: 0 }),
    dropout(0.3),
    bidirectional(lstm({ units: 16 })),
    maxOverTime(),
    dropout(0.5),
    dense({ units: 3 }),
  )
}

const settings = () => ({ loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }), clipNorm: 5, seed: 2 })

/** Its training step by step: what was created before the first step, and after each. */
async function train(timeOf: (step: number) => number, steps: number) {
  const backend = await makeWebgpu()
  const model = await classifier().init(backend, { seed: 1 })
  const trainer = new Trainer(model, settings())
  const seen = [created(backend.stats())]
  for (let step = 0; step < steps; step++) {
    trainer.step(batchOf(step, timeOf(step))).dispose()
    seen.push(created(backend.stats()))
  }
  await backend.sync()
  expect(backend.stats().reads).toBe(seen.at(-1)!.reads + 1)
  trainer.dispose()
  model.dispose()
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(0)
  await backend.dispose()
  return seen
}

test.skipIf(absent)(`after the third step nothing is created, and nothing is read${remark}`, async () => {
  const seen = await train(() => 9, 12)
  const [third, last] = [seen[3]!, seen.at(-1)!]
  expect(last).toEqual(third)
  expect(last.reads).toBe(seen[0]!.reads)
})

test.skipIf(absent)(`fit reads losses several at a time, and nothing else${remark}`, async () => {
  const backend = await makeWebgpu()
  const model = await classifier().init(backend, { seed: 1 })
  const STEPS = 48
  const set: TrainingSet = {
    batchCount: STEPS,
    sampleCount: STEPS * B,
    batches: () => Array.from({ length: STEPS }, (_, step) => batchOf(step, 9)),
  }
  const seen: ReturnType<typeof created>[] = []
  let [began, ended] = [0, 0]
  await fit(model, set, {
    ...settings(),
    epochs: 1,
    onBatch({ step }) {
      ended = performance.now()
      if (step === 1) began = ended
      seen.push(created(backend.stats()))
    },
  })
  const [first, third, last] = [seen[0]!, seen[2]!, seen.at(-1)!]
  // Losses are due when there are eight, or after 100 ms, which a device in software may take for a step.
  expect(last.reads - first.reads).toBeLessThanOrEqual(STEPS / 8 + (ended - began) / 100)
  expect(last.pipelinesCreated).toBe(third.pipelinesCreated)
  // For the losses that wait, eight at most, and to read them through.
  expect(last.buffersCreated - third.buffersCreated).toBeLessThan(STEPS / 2)
  model.dispose()
  await backend.dispose()
})

test.skipIf(absent)(`batches of many lengths share pipelines, and buffers by classes of size${remark}`, async () => {
  const lengths = [9, 4, 12, 7, 3, 11, 5, 10, 8, 6]
  // A new order in each round, as of shuffled buckets.
  const round = (step: number): number => Math.floor(step / lengths.length)
  const seen = await train((step) => lengths[(step * (1 + 2 * (round(step) % 2)) + round(step)) % lengths.length]!, 50)
  // Every length has come by once: the pool has what each of them needs, in whatever order they return, and gives each call the buffers that it had before.
  expect(seen.at(-1)).toEqual(seen[lengths.length])
})
