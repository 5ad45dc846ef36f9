/** The backends that the program can run on, by the name that `--backend` takes. A new one is a line here. */

import { availableParallelism } from 'node:os'
import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import type { Backend } from '@rnn/core'
import { AppError } from 'app-kit/errors'

/** More threads than this wait for one another on batches of the usual size. */
const MOST_THREADS = 4

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  wasm: async () => wasm({ threads: Math.min(availableParallelism(), MOST_THREADS) }),
  cpu: async () => cpu(),
}

/** The one that is taken where `--backend` does not say. */
export const defaultBackend = 'wasm'

/** Their names. */
export const backendNames: readonly string[] = Object.keys(backends)

/** Opens a backend, which the caller disposes. @throws E_OPTION for a name that is none */
export async function openBackend(name: string): Promise<Backend> {
  const open = Object.hasOwn(backends, name) ? backends[name] : undefined
  if (open !== undefined) return open()
  throw new AppError('E_OPTION', `unknown backend "${name}"`, `available: ${backendNames.join(', ')}`)
}

/** Opens a backend for as long as `use` runs. */
export async function withBackend<T>(name: string, use: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = await openBackend(name)
  try {
    return await use(backend)
  } finally {
    await backend.dispose()
  }
}
