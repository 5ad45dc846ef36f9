// Starts a worker thread wherever that is possible: node:worker_threads, or Web Workers.

import type { Start } from './worker-main.ts'

/** A worker, as far as it is used here. */
export interface Thread {
  /** Resolves when the worker can take commands; rejects if it never will. */
  readonly ready: Promise<void>
  /** Why the worker has ended, once it has and was not told to. */
  readonly failure: { readonly problem: string } | undefined
  end(): Promise<void>
}

interface NodeWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void
  unref(): void
  terminate(): Promise<unknown>
}

interface Scope {
  readonly process?: {
    getBuiltinModule?(
      name: 'node:worker_threads',
    ): { readonly Worker: new (url: URL, options: { readonly name: string }) => NodeWorker } | undefined
  }
  readonly Worker?: typeof Worker
  readonly crossOriginIsolated?: boolean
}

const scope = globalThis as unknown as Scope // the lib of types is that of a page

/** Why there can't be threads here, or undefined where there can. */
export function whyNoThreads(): string | undefined {
  if (scope.process?.getBuiltinModule?.('node:worker_threads') !== undefined) return undefined
  if (scope.Worker === undefined) return 'there are no workers here'
  if (typeof SharedArrayBuffer === 'undefined' || scope.crossOriginIsolated !== true) {
    return 'memory can be shared by cross-origin isolated pages only: serve it with COOP same-origin and COEP require-corp'
  }
  return undefined
}

/** A worker has so long to start. */
const START_MILLISECONDS = 15_000

/** Starts a worker. */
export function spawn(start: Start): Thread {
  let failure: { readonly problem: string } | undefined
  let ended = false
  let settle: { resolve(): void; reject(error: Error): void }
  const ready = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  const fail = (problem: string): void => {
    if (ended || failure !== undefined) return
    failure = { problem }
    settle.reject(new Error(problem))
  }
  const timer = setTimeout(() => fail(`it did not start within ${START_MILLISECONDS / 1000} s`), START_MILLISECONDS)
  ready.then(() => clearTimeout(timer)).catch(() => clearTimeout(timer))

  const threads = scope.process?.getBuiltinModule?.('node:worker_threads')
  let terminate: () => Promise<unknown> | void
  if (threads !== undefined) {
    const worker = new threads.Worker(new URL('../worker.js', import.meta.url), { name: 'rnn-wasm' })
    worker.on('message', () => settle.resolve())
    worker.on('error', (error) => fail(messageOf(error)))
    worker.on('exit', (code) => fail(`it ended with exit code ${String(code)}`))
    worker.postMessage(start, [])
    worker.unref()
    terminate = () => worker.terminate()
  } else {
    const worker = new Worker(new URL('../worker.js', import.meta.url), { type: 'module', name: 'rnn-wasm' })
    worker.addEventListener('message', () => settle.resolve())
    worker.addEventListener('error', ({ message }) => fail(message || 'its file could not be loaded or run'))
    worker.postMessage(start, [])
    terminate = () => worker.terminate()
  }
  return {
    ready,
    get failure() {
      return failure
    },
    async end() {
      ended = true
      clearTimeout(timer)
      await terminate()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
