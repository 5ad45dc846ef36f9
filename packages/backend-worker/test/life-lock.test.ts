// Locks stand in for the word that browsers don't send when a worker is terminated. Node has them too, so they can be tried here.

import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { onLockReleased } from '../src/life-lock.ts'

const holder = (): Worker => new Worker(new URL('./workers/lock-holder.ts', import.meta.url))

const nameFrom = (worker: Worker): Promise<string> => new Promise((resolve) => worker.once('message', resolve))

test('a lock that a worker holds is released when it is terminated, and not before', async () => {
  const worker = holder()
  const name = await nameFrom(worker)
  let released = false
  const death = new Promise<void>((resolve) => {
    onLockReleased(name, new AbortController().signal, () => {
      released = true
      resolve()
    })
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(released).toBe(false)
  await worker.terminate()
  // Node grants what has become free at the next request only; browsers do so at once.
  await navigator.locks.request('another', () => {})
  await death
})

test('who no longer watches hears nothing', async () => {
  const worker = holder()
  const name = await nameFrom(worker)
  const watching = new AbortController()
  let released = false
  onLockReleased(name, watching.signal, () => (released = true))
  watching.abort()
  await worker.terminate()
  await navigator.locks.request('another', () => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(released).toBe(false)
})
