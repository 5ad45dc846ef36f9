// The worker's end of the line: `self` in a Web Worker, `parentPort` in a thread of Node.

import { RnnError } from '@rnn/core'

/** The line to the page, or to the thread that made this one. */
export interface Page {
  /** In a thread of Node, whose end its maker hears of. */
  readonly isThread: boolean
  post(message: unknown, transfer: ArrayBuffer[]): void
  listen(listener: (data: unknown) => void): void
}

interface ParentPort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  on(event: 'message' | 'messageerror', listener: (data: unknown) => void): void
}

interface Scope {
  readonly process?: {
    readonly getBuiltinModule?: (id: 'node:worker_threads') => { readonly parentPort: ParentPort | null } | undefined
  }
  /** Present in the dedicated workers of the web only. */
  readonly DedicatedWorkerGlobalScope?: unknown
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message' | 'messageerror', listener: (event: MessageEvent) => void): void
}

/** @throws E_VALUE outside a worker */
export function pageOf(): Page {
  const scope = globalThis as unknown as Scope // the lib of types is that of a page
  const port = scope.process?.getBuiltinModule?.('node:worker_threads')?.parentPort
  if (port) {
    return {
      isThread: true,
      post: (message, transfer) => port.postMessage(message, transfer),
      listen(listener) {
        port.on('message', listener)
        port.on('messageerror', unreadable)
      },
    }
  }
  if (scope.DedicatedWorkerGlobalScope === undefined) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'serve',
      problem: 'called outside a worker',
      fix: 'call it in the file of a worker, and remote(worker) where the worker is made',
    })
  }
  return {
    isThread: false,
    post: (message, transfer) => scope.postMessage(message, transfer),
    listen(listener) {
      scope.addEventListener('message', ({ data }) => listener(data))
      scope.addEventListener('messageerror', unreadable)
    },
  }
}

/** Calls are lost, and with them the meaning of all that follow. Uncaught, the error reaches the page as the death of the worker. */
function unreadable(): never {
  throw new Error('a message of the page could not be read')
}
