// The page's end of the line to a worker: one face for Web Workers and those of node:worker_threads, and word of their death.

import { isMarked, PROTOCOL_VERSION, type FromWorker, type ToWorker } from './protocol.ts'
import { onLockReleased } from './life-lock.ts'

interface CommonWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
}

/** A `Worker` of the web, as far as it is used here. */
export interface WebWorkerLike extends CommonWorker {
  addEventListener(type: string, listener: (event: Event) => void): void
}

/** A `Worker` of `node:worker_threads`, as far as it is used here. */
export interface NodeWorkerLike extends CommonWorker {
  on(event: string, listener: (value: unknown) => void): unknown
  ref(): void
  unref(): void
}

/** A worker of either kind. */
export type WorkerLike = WebWorkerLike | NodeWorkerLike

/** Who hears what comes over the line. */
export interface Listener {
  message(message: FromWorker): void
  /** The worker will never answer again. Called once at most. */
  gone(problem: string, cause?: unknown): void
}

/** The line. */
export interface Link {
  post(message: ToWorker, transfer: ArrayBuffer[]): void
  listen(listener: Listener): void
  /** Watches a Web Lock of the worker: browsers tell a page nothing when a worker is terminated. */
  watch(lock: string): void
  /** While held, a waiting Node process stays alive; otherwise the worker doesn't keep it from ending. */
  hold(held: boolean): void
  /** Terminates the worker; its death is no news from here on. */
  end(): Promise<void>
}

/** Opens the line to a worker. */
export function linkTo(worker: WorkerLike): Link {
  let listener: Listener | undefined
  let death: readonly [problem: string, cause?: unknown] | undefined
  let ended = false
  const watching = new AbortController()

  const receive = (data: unknown): void => {
    if (ended || !isMarked(data)) return
    if (data.rnn !== PROTOCOL_VERSION) {
      gone(
        `the worker speaks version ${data.rnn} of the protocol, this side version ${PROTOCOL_VERSION}: install one version of @rnn/backend-worker for both`,
      )
    } else listener?.message(data as FromWorker) // one version writes one set of messages
  }
  const gone = (problem: string, cause?: unknown): void => {
    if (ended || death !== undefined) return
    death = [problem, cause]
    listener?.gone(problem, cause)
  }

  if ('on' in worker) {
    worker.on('message', receive)
    worker.on('messageerror', (error) => gone('a message of the worker could not be read', error))
    worker.on('error', (error) => gone(`the worker failed: ${messageOf(error)}`, error))
    worker.on('exit', (code) => gone(`the worker ended with exit code ${String(code)}`))
  } else {
    worker.addEventListener('message', (event) => receive((event as MessageEvent).data))
    worker.addEventListener('messageerror', () => gone('a message of the worker could not be read'))
    worker.addEventListener('error', (event) => {
      const { message, error } = event as Partial<ErrorEvent> // a file that can't be loaded gives a plain Event
      gone(message ? `the worker failed: ${message}` : "the worker's file could not be loaded or run", error)
    })
  }

  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(next) {
      listener = next
      if (death !== undefined) next.gone(...death)
    },
    watch: (lock) => onLockReleased(lock, watching.signal, () => gone('the worker was terminated')),
    hold(held) {
      if (!('on' in worker)) return
      if (held) worker.ref()
      else worker.unref()
    },
    async end() {
      ended = true
      watching.abort()
      await worker.terminate()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
