// Tensors outside any scope that nobody disposes of are left to the garbage collector.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend } from '@rnn/core'
import { expect, test } from 'vitest'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const witness = new FinalizationRegistry<() => void>((collected) => collected())

/** Makes a tensor that nothing holds; gives a function that says whether it has been collected. */
function abandonTensor(backend: Backend): () => boolean {
  let isCollected = false
  witness.register(tensor([1], { backend }), () => (isCollected = true))
  return () => isCollected
}

/** Collects garbage until the tensor is gone and the finalisers of that round have ended. */
async function collect(isCollected: () => boolean): Promise<void> {
  for (let round = 0; round < 1000 && !isCollected(); round++) {
    await macrotask()
    collectGarbage()
  }
  expect(isCollected()).toBe(true)
  await macrotask()
}

test('the buffer goes with the tensor', async () => {
  const backend = await cpu()
  const isCollected = abandonTensor(backend)
  expect(backend.stats().liveBuffers).toBe(1)
  await collect(isCollected)
  expect(backend.stats().liveBuffers).toBe(0)
})

test('a backend that has been disposed of meanwhile is no error', async () => {
  const errors: unknown[] = []
  const note = (error: unknown): void => void errors.push(error)
  process.on('uncaughtException', note)
  try {
    const backend = await cpu()
    const isCollected = abandonTensor(backend)
    await backend.dispose()
    await collect(isCollected)
    expect(errors).toEqual([])
  } finally {
    process.off('uncaughtException', note)
  }
})
