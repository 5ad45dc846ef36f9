// The path that Web Workers take, on threads of Node that look like them: events instead of emitters, no word of a termination. The same is tried
// in browsers, where they are at hand.

import { tanh, tensor, type Backend } from '@rnn/core'
import type { Worker } from 'node:worker_threads'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { remote, type WebWorkerLike, type WorkerLike } from '../src/index.ts'
import { spawn } from './spawn.ts'

/** What a page sees of a worker. Its end is no event. */
function asWebWorker(worker: Worker): WebWorkerLike {
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
    addEventListener(type, listener) {
      if (type === 'message') worker.on('message', (data) => listener(new MessageEvent('message', { data })))
      if (type === 'error') {
        worker.on('error', (error: Error) => {
          listener(Object.assign(new Event('error'), { message: `Uncaught Error: ${error.message}`, error: undefined }))
        })
      }
    },
  }
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => new Error('did not reject'),
    (error: unknown) => error,
  )

async function values(backend: Backend): Promise<number[]> {
  const x = tensor([0, 0.5, 1], { backend })
  const y = tanh(x)
  const data = await y.data()
  x.dispose()
  y.dispose()
  return Array.from(data)
}

test('a Web Worker serves a backend', async () => {
  const backend = await remote(asWebWorker(spawn('web')), { options: { poolBytes: 0 } })
  const expected = [0, 0.5, 1].map((x) => expect.closeTo(Math.tanh(x), 6))
  expect(await values(backend)).toEqual(expected)
  await backend.dispose()
})

test('calls that nobody waits for leave without setImmediate too', async () => {
  vi.stubGlobal('setImmediate', undefined)
  try {
    const worker = asWebWorker(spawn('web'))
    const sent = vi.spyOn(worker, 'postMessage')
    const backend = await remote(worker)
    sent.mockClear()
    backend.allocate(4, 'transient')
    backend.allocate(4, 'transient')
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(sent).toHaveBeenCalledTimes(1)
    await backend.dispose()
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a Web Worker that is terminated behind the back of its backend is noticed by its lock', async () => {
  const worker = spawn('web')
  const backend = await remote(asWebWorker(worker))
  const waiting = rejection(backend.sync())
  await worker.terminate()
  await navigator.locks.request('another', () => {}) // Node grants what has become free at the next request only
  const error = await waiting
  expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
  expect(String(error)).toContain('the worker was terminated')
  await backend.dispose()
})

test('a Web Worker whose file throws is an error with its message', async () => {
  const error = await rejection(remote(asWebWorker(spawn('throws-at-load'))))
  expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
  expect(String(error)).toContain('Uncaught Error: this file is broken')
})

test('a Web Worker whose file is not there gives an event without words: an error all the same', async () => {
  const worker: WebWorkerLike = {
    postMessage: () => {},
    terminate: () => {},
    addEventListener: (type, listener) => type === 'error' && setTimeout(() => listener(new Event('error')), 1),
  }
  const error = await rejection(remote(worker))
  expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
  expect(String(error)).toContain('could not be loaded')
})

test('the types of both kinds of worker fit', () => {
  expectTypeOf<globalThis.Worker>().toExtend<WorkerLike>()
  expectTypeOf<Worker>().toExtend<WorkerLike>()
})
