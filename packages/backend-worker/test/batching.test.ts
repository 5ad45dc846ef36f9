// Calls travel many in a message, and never wait for company longer than a macrotask.

import { scope, tanh, tensor, add, type Tensor } from '@rnn/core'
import { expect, test } from 'vitest'
import { remote } from '../src/index.ts'
import { spawn, watched } from './spawn.ts'

test('a step of 200 ops travels in a few messages, in order', async () => {
  const { worker, sent } = watched(spawn('cpu'))
  const backend = await remote(worker)
  const start = tensor(new Float32Array(16), { backend })
  await backend.sync()
  sent.length = 0
  const end = scope(backend, () => {
    let x: Tensor = start
    for (let i = 0; i < 100; i++) x = add(tanh(x), 1)
    return x
  })
  const values = await end.data()
  expect(sent.length).toBeLessThanOrEqual(4)
  expect(sent.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(400) // 200 runs, 200 allocations
  let expected = 0
  for (let i = 0; i < 100; i++) expected = Math.fround(Math.fround(Math.tanh(expected)) + 1)
  expect(values[0]).toBeCloseTo(expected, 5)
  await backend.dispose()
})

test('the worker starts on a long step while it is still being recorded', async () => {
  const { worker, sent } = watched(spawn('cpu'))
  const backend = await remote(worker)
  for (let i = 0; i < 300; i++) backend.release(backend.allocate(4, 'transient'))
  expect(sent.length).toBeGreaterThan(0)
  await backend.dispose()
})

test('large data does not wait for company', async () => {
  const { worker, sent } = watched(spawn('cpu'))
  const backend = await remote(worker)
  const buffer = backend.allocate(2 ** 22, 'transient')
  expect(sent).toEqual([])
  backend.write(buffer, new Uint8Array(2 ** 22))
  expect(sent).toEqual([2])
  await backend.dispose()
})

test('calls that nobody waits for leave in one message, in the next macrotask', async () => {
  const { worker, sent } = watched(spawn('cpu'))
  const backend = await remote(worker)
  for (let i = 0; i < 3; i++) {
    backend.release(backend.allocate(4, 'transient'))
    await undefined
  }
  expect(sent).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(sent).toEqual([6])
  await backend.dispose()
})
