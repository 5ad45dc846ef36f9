/** This project on its WebAssembly backend, on one thread and on two. */

import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'

function rnnOnWasm(id: string, threads: number): Subject {
  return {
    id,
    title: `@rnn on backend-wasm, ${threads} thread${threads === 1 ? '' : 's'}`,
    threads,
    missing: () => missingPackage(['@rnn/core', '@rnn/autodiff', '@rnn/layers', '@rnn/train', '@rnn/backend-wasm']),
    async prepare(task) {
      const { wasm } = await import('@rnn/backend-wasm')
      const { rnnImplementations } = await import('./rnn/implementations.ts')
      const backend = await wasm({ threads })
      const { info } = backend
      if (info.threads !== threads) return { cannot: `the backend has ${info.threads} of ${threads} threads here` }
      return rnnImplementations(backend, task)
    },
  }
}

/** The packages of this project on `@rnn/backend-wasm` with one thread. */
export const rnnWasm: Subject = rnnOnWasm('rnn-wasm', 1)

/** The same with two threads. */
export const rnnWasm2: Subject = rnnOnWasm('rnn-wasm-2', 2)
