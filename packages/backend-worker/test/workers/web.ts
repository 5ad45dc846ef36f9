// A thread of Node dressed as a dedicated worker of the web: no parentPort to be found, but the globals of a worker's scope.

import { parentPort } from 'node:worker_threads'

const listeners = new Map<string, (event: { readonly data: unknown }) => void>()
Object.assign(globalThis, {
  DedicatedWorkerGlobalScope: true,
  postMessage: (message: unknown, transfer: ArrayBuffer[]) => parentPort?.postMessage(message, transfer),
  addEventListener: (type: string, listener: (event: { readonly data: unknown }) => void) =>
    listeners.set(type, listener),
})
parentPort?.on('message', (data: unknown) => listeners.get('message')?.({ data }))
process.getBuiltinModule = () => undefined as never

await import('./cpu.ts')
