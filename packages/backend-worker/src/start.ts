// The handshake: from a worker that may not have loaded yet to a backend that runs in it.

import { RnnError } from '@rnn/core'
import type { Link } from './link.ts'
import { PROTOCOL_VERSION, type StartedMessage } from './protocol.ts'
import { fromWire } from './wire-error.ts'

/** What the handshake needs of `RemoteOptions`. */
export interface StartOptions {
  readonly options?: unknown
  readonly signal?: AbortSignal
  readonly startTimeout?: number
}

/**
 * Has the worker make its backend.
 *
 * @throws what making it threw; E_BACKEND_LOST for a worker that fails or doesn't answer, E_ABORTED, E_VALUE
 */
export function start(link: Link, { options, signal, startTimeout = 60_000 }: StartOptions): Promise<StartedMessage> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      settle()
      reject(
        new RnnError({
          code: 'E_ABORTED',
          operation: 'remote',
          problem: 'the signal was aborted before the worker was ready',
          cause: signal?.reason,
        }),
      )
    }
    const lose = (problem: string, fix: string, cause?: unknown): void => {
      settle()
      reject(new RnnError({ code: 'E_BACKEND_LOST', operation: 'remote', problem, fix, cause }))
    }
    const timer = setTimeout(() => {
      lose(
        `the worker did not answer for ${startTimeout} ms`,
        "its file must call serve(…) of '@rnn/backend-worker/serve'; a large download may need a longer startTimeout",
      )
    }, startTimeout)
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }

    signal?.addEventListener('abort', abort)
    if (signal?.aborted) {
      abort()
      return
    }
    const post = (): void => {
      try {
        link.post({ rnn: PROTOCOL_VERSION, type: 'start', options }, [])
      } catch (cause) {
        settle()
        reject(
          new RnnError({
            code: 'E_VALUE',
            operation: 'remote',
            problem: "the backend's options can't be sent to a worker",
            fix: 'give plain data: no functions, no class instances',
            cause,
          }),
        )
      }
    }
    link.listen({
      message(message) {
        // The worker's file has run only now: what was posted before it listened may be lost. It takes the first start and ignores others.
        if (message.type === 'listening') post()
        if (message.type === 'started') {
          settle()
          resolve(message)
        }
        if (message.type === 'refused') {
          settle()
          reject(fromWire(message.error))
        }
      },
      gone: (problem, cause) => lose(problem, "see what the worker's file does when it loads", cause),
    })
    // The worker may have been listening for long.
    post()
  })
}
