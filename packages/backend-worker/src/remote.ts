// The page's side: a Backend whose calls are sent to a worker, many in a message.

import type { Backend, BackendInfo, FusedSignature, Unsupported } from '@rnn/core'
import { linkTo, type WorkerLike } from './link.ts'
import { remoteBackend } from './remote-backend.ts'
import { start } from './start.ts'

/** Options of {@link remote}. */
export interface RemoteOptions {
  /** Handed to the function that the worker gave to `serve`; plain data. */
  readonly options?: unknown
  /**
   * The `supports` of the backend in the worker, as a function of signature and info: the worker can't be asked without waiting. Default: yes for the fused
   * ops that the backend lists in `alwaysFused`, no for all others. A yes that the backend then refuses is an error of that call.
   */
  readonly supports?: (call: FusedSignature, info: BackendInfo) => true | Unsupported
  /** Gives up waiting for the worker to start, and terminates it. */
  readonly signal?: AbortSignal
  /** Milliseconds that the worker has to load its file and make the backend. Default: 60,000. */
  readonly startTimeout?: number
}

/**
 * The backend that a worker serves, behind the same contract, so that what computes does not stop the page. The worker's file is two lines (see `serve`). The
 * backend owns the worker: `dispose` terminates it.
 *
 * Calls wait for nothing; they leave in batches. What a call throws in the worker comes out of the next `read` or `sync`, with op and shapes; calls between the
 * failure and that answer are skipped. A worker that dies rejects everything that waits, with `E_BACKEND_LOST`.
 *
 * ```js
 * const backend = await remote(new Worker(new URL('./my-worker.js', import.meta.url), { type: 'module' }))
 * ```
 *
 * @throws what making the backend threw in the worker; E_BACKEND_LOST for a worker that can't be loaded, dies or doesn't answer; E_ABORTED; E_VALUE
 */
export async function remote(worker: WorkerLike, options: RemoteOptions = {}): Promise<Backend> {
  const link = linkTo(worker)
  try {
    return remoteBackend(link, await start(link, options), options.supports)
  } catch (error) {
    await link.end()
    throw error
  }
}
