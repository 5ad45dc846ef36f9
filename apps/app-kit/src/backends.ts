/** The backends that a program can run on, by the name that `--backend` takes. A new one is a line here. */

import { availableParallelism } from 'node:os'
import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { webgpu } from '@rnn/backend-webgpu'
import type { Backend } from '@rnn/core'
import { AppError, hasCode, problemOf } from './errors.ts'

/** More threads than this wait for one another on batches of the usual size. */
const MOST_THREADS = 4

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  wasm: async () => wasm({ threads: Math.min(availableParallelism(), MOST_THREADS) }),
  cpu: async () => cpu(),
  webgpu: async () => webgpu(),
}

/** The one that is taken where `--backend` does not say. */
export const defaultBackend = 'wasm'

/** Their names. */
export const backendNames: readonly string[] = Object.keys(backends)

/** What to do where a GPU is missing; SwiftShader imitates one, which is enough to try it out. */
const WITHOUT_GPU =
  "--backend wasm runs everywhere; Debian's chromium brings a GPU in software: VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json"

/** Opens a backend, which the caller disposes. @throws E_OPTION for a name that is none, E_BACKEND where it can't run */
export async function openBackend(name: string): Promise<Backend> {
  const open = Object.hasOwn(backends, name) ? backends[name] : undefined
  if (open === undefined) {
    throw new AppError('E_OPTION', `unknown backend "${name}"`, `available: ${backendNames.join(', ')}`)
  }
  try {
    return await open()
  } catch (error) {
    if (!hasCode(error, 'E_UNSUPPORTED')) throw error
    const fix = name === 'webgpu' ? WITHOUT_GPU : `available: ${backendNames.join(', ')}`
    throw new AppError('E_BACKEND', `--backend ${name} can't run here: ${problemOf(error)}`, fix, error)
  }
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

/** Where a backend computes, for people: `wasm`, or `webgpu (NVIDIA H100)`, and whether that is a GPU in software only. */
export function describeBackend({ name, info }: Backend): string {
  if (name !== 'webgpu') return name
  return `${name} (${info.device}${info.software ? ', a GPU imitated in software: slower than wasm' : ''})`
}
