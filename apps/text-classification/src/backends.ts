/** The backends that the program can run on, by the name that `--backend` takes. A new one is a line here. */

import { cpu } from '@rnn/backend-cpu'
import type { Backend } from '@rnn/core'
import { AppError } from './errors.ts'

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  cpu: async () => cpu(),
}

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
