// @rnn/backend-worker/serve, the worker's side: makes the backend when the page asks for it, and carries out what the page sends.

import { RnnError, type Backend } from '@rnn/core'
import { executorOf, type Executor } from './executor.ts'
import { holdLock } from './life-lock.ts'
import { isMarked, PROTOCOL_VERSION, type FromWorker, type ToWorker } from './protocol.ts'
import { toWire } from './wire-error.ts'
import { pageOf } from './worker-scope.ts'

/**
 * Serves a backend to the page that made this worker. The whole file of a worker:
 *
 * ```js
 * import { cpu } from '@rnn/backend-cpu'
 * import { serve } from '@rnn/backend-worker/serve'
 * serve((options) => cpu(options))
 * ```
 *
 * `makeBackend` gets the `options` of `remote`; what it throws, `remote` throws.
 *
 * @throws E_VALUE outside a worker
 */
export function serve<Options>(makeBackend: (options: Options) => Backend | Promise<Backend>): void {
  const page = pageOf()
  let starting = false
  let executor: Executor | undefined

  const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => page.post(message, transfer)

  async function start(options: Options): Promise<void> {
    try {
      const [backend, lock] = await Promise.all([makeBackend(options), page.isThread ? undefined : holdLock()])
      executor = executorOf(backend, post)
      post({
        rnn: PROTOCOL_VERSION,
        type: 'started',
        name: backend.name,
        info: backend.info,
        alwaysFused: backend.alwaysFused ?? [],
        prepares: backend.prepare !== undefined,
        stats: backend.stats(),
        lock,
      })
    } catch (error) {
      post({ rnn: PROTOCOL_VERSION, type: 'refused', error: toWire(error) })
    }
  }

  function receive(message: ToWorker): void {
    if (message.rnn !== PROTOCOL_VERSION) {
      const error = new RnnError({
        code: 'E_UNSUPPORTED',
        operation: 'serve',
        problem: `the page speaks version ${message.rnn} of the protocol, the worker version ${PROTOCOL_VERSION}`,
        fix: 'install one version of @rnn/backend-worker for both',
      })
      post({ rnn: PROTOCOL_VERSION, type: 'refused', error: toWire(error) })
    } else if (message.type === 'commands') {
      for (const command of message.commands) executor?.execute(command)
    } else if (!starting) {
      starting = true
      // The page and the worker's author agree on the options; nothing between them can check.
      void start(message.options as Options)
    }
  }

  page.listen((data) => {
    if (isMarked(data)) receive(data as ToWorker)
  })
  post({ rnn: PROTOCOL_VERSION, type: 'listening' })
}
