// Worker threads for the tests: they run the TypeScript files of ./workers, and meet the sources or dist as the tests do.

import { Worker } from 'node:worker_threads'
import type { NodeWorkerLike } from '../src/link.ts'

const execArgv = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']

/** A thread that runs `workers/NAME.ts`; its standard error is kept from the tests' output. */
export function spawn(name: string): Worker {
  return new Worker(new URL(`./workers/${name}.ts`, import.meta.url), { execArgv, stderr: true })
}

/** What went to a worker. */
export interface Watched {
  readonly worker: NodeWorkerLike
  /** Commands of each message so far. */
  readonly sent: number[]
}

/** The worker, with the messages that it is sent counted. */
export function watched(worker: Worker): Watched {
  const sent: number[] = []
  return {
    sent,
    worker: {
      postMessage(message, transfer) {
        const { commands } = message as { readonly commands?: readonly unknown[] }
        if (commands !== undefined) sent.push(commands.length)
        worker.postMessage(message, transfer)
      },
      terminate: () => worker.terminate(),
      on: (event, listener) => worker.on(event, listener),
      ref: () => worker.ref(),
      unref: () => worker.unref(),
    },
  }
}
