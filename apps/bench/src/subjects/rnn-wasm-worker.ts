/** This project on its WebAssembly backend in a worker: what the way there and back costs, for each op (`scan-linear` runs thousands) and for each training step. */

import { Worker } from 'node:worker_threads'
import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'

/** `remote(…)` of `@rnn/backend-worker` over `@rnn/backend-wasm` with one thread. */
export const rnnWasmWorker: Subject = {
  id: 'rnn-wasm-worker',
  title: '@rnn on backend-wasm in a worker, 1 thread',
  threads: 1,
  missing: () =>
    missingPackage([
      '@rnn/core',
      '@rnn/autodiff',
      '@rnn/layers',
      '@rnn/train',
      '@rnn/backend-wasm',
      '@rnn/backend-worker',
    ]),
  async prepare(task) {
    const { remote } = await import('@rnn/backend-worker')
    const { rnnImplementations } = await import('./rnn/implementations.ts')
    const backend = await remote(new Worker(new URL('./rnn/wasm-worker.ts', import.meta.url)))
    return rnnImplementations(backend, task)
  },
}
