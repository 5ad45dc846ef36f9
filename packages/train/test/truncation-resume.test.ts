// Streams and long sequences that are trained on after a break: a position between windows, a move, a device that is lost.

import { cpu } from '@rnn/backend-cpu'
import { decorate, RnnError, type Backend } from '@rnn/core'
import { expect, test } from 'vitest'
import { fit, Trainer } from '../src/index.ts'
import { weightsOf } from './helpers.ts'
import { batchOf, modelOf, options, setOf } from './streams.ts'

test('a position in a batch cut one way is none in a batch cut another way', async () => {
  const trainer = new Trainer(await modelOf('gru', await cpu()), options())
  const controller = new AbortController()
  const set = setOf([batchOf(1)])
  await trainer.fit(set, {
    epochs: 1,
    truncate: { steps: 5 },
    signal: controller.signal,
    onBatch: () => controller.abort(),
  })
  await expect(trainer.fit(set, { epochs: 1, truncate: { steps: 4 } })).rejects.toThrow(
    /E_CHECKPOINT|fit: training stands at window 1 of a batch that was cut to 5, backward 5 steps, not to 4, backward 4/,
  )
  await trainer.fit(set, { epochs: 1, truncate: { steps: 5 } })
  expect(trainer.position.step).toBe(3)
})

test('a training that is moved between two windows goes on to the bit', async () => {
  const straight = await modelOf('lstm', await cpu())
  await fit(straight, setOf([batchOf(1)]), { ...options(), truncate: { steps: 3 } })
  const model = await modelOf('lstm', await cpu())
  const other = await cpu()
  const trainer = new Trainer(model, options())
  await trainer.fit(setOf([batchOf(1)]), {
    epochs: 1,
    truncate: { steps: 3 },
    onBatch: ({ step }) => (step === 2 ? trainer.to(other) : undefined),
  })
  expect(await weightsOf(model)).toEqual(await weightsOf(straight))
})

test.each([60, 200, 333])('a device that is lost after %i calls costs no bit', async (calls) => {
  const set = setOf([
    { ...batchOf(1), continues: false },
    { ...batchOf(2), continues: true },
  ])
  const truncate = { steps: 3, backward: 6 }
  const straight = await modelOf('lstm', await cpu())
  await fit(straight, set, { ...options(), truncate })

  const backend = await cpu()
  let left = calls
  const lost = (): RnnError =>
    new RnnError({ code: 'E_BACKEND_LOST', operation: 'test', problem: 'the device was lost' })
  const fragile = decorate(backend, {
    run(call) {
      if (left-- <= 0) throw lost()
      backend.run(call)
    },
    async read(ranges) {
      if (left <= 0) throw lost()
      return backend.read(ranges)
    },
  })
  const model = await modelOf('lstm', fragile)
  left = calls
  let losses = 0
  const recover = (): Promise<Backend> => {
    losses++
    return cpu()
  }
  await fit(model, set, { ...options(), truncate, snapshots: { every: 2, recover } })
  expect(losses).toBe(1)
  expect(await weightsOf(model)).toEqual(await weightsOf(straight))
})
