// A training outlives its device: it goes on from the last snapshot, to the last bit as if nothing had happened.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import { decorate, RnnError, type Backend } from '@rnn/core'
import { expect, onTestFinished, test } from 'vitest'
import { accuracy, adam, crossEntropy, fileSnapshots, memorySnapshots, Trainer } from '../src/index.ts'
import type { FitLoopOptions, SnapshotOptions, SnapshotStore } from '../src/index.ts'
import { classifier, sequences } from './helpers.ts'

const EPOCHS = 3
const set = sequences()

/** A CPU backend that is lost at its n-th call, and stays so: calls throw, reads that wait and all later ones reject. */
async function losable(calls: number, memory: 'at hand' | 'far away' = 'at hand'): Promise<Backend> {
  const backend = await cpu()
  let left = calls
  const lost = (): RnnError =>
    new RnnError({ code: 'E_BACKEND_LOST', operation: 'test', problem: 'the device was lost' })
  const fragile = decorate(backend, {
    run(call) {
      if (left-- <= 0) throw lost()
      backend.run(call)
    },
    write(buffer, data, offset) {
      if (left <= 0) throw lost()
      backend.write(buffer, data, offset)
    },
    async read(ranges) {
      const bytes = await backend.read(ranges)
      if (left <= 0) throw lost()
      return bytes
    },
    async sync() {
      if (left <= 0) throw lost()
    },
  })
  const { readSync: _, ...distant } = fragile
  return memory === 'at hand' ? fragile : distant
}

interface Outcome {
  readonly weights: Readonly<Record<string, readonly number[]>>
  readonly losses: readonly (number | undefined)[]
  readonly accuracies: readonly (number | undefined)[]
  readonly steps: number
}

async function train(
  backend: Backend,
  snapshots?: SnapshotOptions,
  more: Partial<FitLoopOptions> = {},
): Promise<Outcome> {
  const model = await classifier().init(backend, { seed: 5 })
  const trainer = new Trainer(model, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
    clipNorm: 1,
    seed: 6,
    metrics: [accuracy()],
  })
  const history = await trainer.fit(set, { epochs: EPOCHS, validation: set, snapshots, ...more })
  const weights = await trainer.readWeights()
  const outcome = {
    weights: Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, Array.from(data)])),
    losses: history.column('loss'),
    accuracies: history.column('validationAccuracy'),
    steps: trainer.position.step,
  }
  trainer.dispose()
  model.dispose()
  return outcome
}

const whole = await train(await cpu())
/** Calls of the whole training, to spread losses over. */
const calls = await (async () => {
  let count = 0
  const backend = await cpu()
  await train(
    decorate(backend, {
      run(call) {
        count++
        backend.run(call)
      },
    }),
  )
  return count
})()

test.each([0.02, 0.1, 0.34, 0.5, 0.77, 0.99].flatMap((share) => [1, 4, 1000].map((every) => ({ share, every }))))(
  'lost after $share of its calls, with snapshots every $every steps',
  async ({ share, every }) => {
    const messages: string[] = []
    const replacement = await cpu()
    const recover = ({ message }: RnnError): Backend => {
      messages.push(message)
      return replacement
    }
    const outcome = await train(await losable(Math.floor(calls * share)), { every, recover })
    expect(outcome).toEqual(whole)
    expect(messages).toEqual([expect.stringContaining('the device was lost')])
    expect(replacement.stats().liveBuffers).toBe(0)
  },
)

test('lost while losses, metrics and snapshots are on their way', async () => {
  for (const share of [0.1, 0.3, 0.6, 0.9]) {
    const outcome = await train(await losable(Math.floor(calls * share), 'far away'), {
      every: 2,
      recover: () => cpu(),
    })
    expect(outcome).toEqual(whole)
  }
})

test('lost three times over', async () => {
  const next = [0.3, 0.4, 0.5].map((share) => Math.floor(calls * share))
  let lost = 0
  const recover = async (): Promise<Backend> => {
    lost++
    const left = next.shift()
    return left === undefined ? cpu() : losable(left)
  }
  expect(await train(await losable(Math.floor(calls * 0.2)), { every: 2, recover })).toEqual(whole)
  expect(lost).toBeGreaterThanOrEqual(2)
})

test('without a way to go on the error ends the training, and the store has the last snapshot', async () => {
  const store = memorySnapshots()
  const lost = train(await losable(Math.floor(calls / 2)), { every: 1, store })
  await expect(lost).rejects.toMatchObject({ code: 'E_BACKEND_LOST' })
  const bytes = await store.load()
  const model = await classifier().init(await cpu(), { seed: 99 })
  const options = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, metrics: [accuracy()] }
  const trainer = new Trainer(model, options)
  await trainer.restore(bytes!)
  expect(trainer.position.step).toBeGreaterThan(2)
  const history = await trainer.fit(set, { epochs: EPOCHS, validation: set })
  expect(history.column('loss')).toEqual(whole.losses)
})

test('what recover throws ends the training; other errors are not for it', async () => {
  const failing = train(await losable(100), {
    every: 1,
    recover: () => {
      throw new Error('no other device')
    },
  })
  await expect(failing).rejects.toThrow('no other device')
  const other = train(
    await cpu(),
    { every: 1, recover: () => cpu() },
    {
      onBatch: () => {
        throw new Error('of the program')
      },
    },
  )
  await expect(other).rejects.toThrow('of the program')
})

test('a store that fails ends the training with its error', async () => {
  const store: SnapshotStore = {
    save: () => Promise.reject(new Error('the disk is full')),
    load: () => Promise.resolve(undefined),
  }
  await expect(train(await cpu(), { every: 2, store })).rejects.toThrow('the disk is full')
})

test('snapshots every half step are none', async () => {
  await expect(train(await cpu(), { every: 0.5 })).rejects.toMatchObject({ code: 'E_VALUE' })
})

test('a file keeps the last snapshot, whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-snapshots-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const store = fileSnapshots(join(folder, 'training.safetensors'))
  expect(await store.load()).toBeUndefined()
  expect(await train(await losable(Math.floor(calls * 0.7)), { every: 3, store, recover: () => cpu() })).toEqual(whole)
  expect((await store.load())!.length).toBeGreaterThan(1000)
})
