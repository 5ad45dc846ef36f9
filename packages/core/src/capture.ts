// Capturing calls, to run them again without making them again: what a streaming loop lives on.

import { stateOf } from './backend-state.ts'
import type { Backend } from './contract/backend.ts'
import type { OpCall } from './contract/op-call.ts'
import { RnnError } from './errors.ts'
import type { Storage } from './storage.ts'

/** Calls that have run once, with every buffer that they touch kept alive. */
export interface Captured<R> {
  /** In the order in which they ran. */
  readonly calls: readonly OpCall[]
  readonly result: R
  /** Lets go of the buffers. */
  release(): void
}

/** What a capture collects while it is open. */
export interface OpenCapture {
  readonly calls: OpCall[]
  readonly storages: Storage[]
}

/**
 * Runs `body` once and keeps the calls that it sent to `backend`. Running them again, in order, computes the same from whatever the buffers
 * hold by then: what `body` uploaded from the host stays as it was, what changes is written into tensors that were there before.
 *
 * ```ts
 * const x = tensor([1, 2], { backend })
 * const { calls, result } = capture(backend, () => tanh(x))
 * assignFromHost(x, Float32Array.of(3, 4))
 * for (const call of calls) backend.run(call) // result now holds tanh of 3 and 4
 * ```
 *
 * @throws E_BUSY inside another capture of this backend
 */
export function capture<R>(backend: Backend, body: () => R): Captured<R> {
  const state = stateOf(backend)
  if (state.capture !== undefined) {
    throw new RnnError({ code: 'E_BUSY', operation: 'capture', problem: 'this backend is being captured already' })
  }
  const open: OpenCapture = { calls: [], storages: [] }
  const release = (): void => {
    for (const storage of open.storages.splice(0)) storage.release()
  }
  state.capture = open
  try {
    return { calls: open.calls, result: body(), release }
  } catch (error) {
    release()
    throw error
  } finally {
    state.capture = undefined
  }
}

/** Sends a call to its backend. Everything that core runs goes through here. */
export function submit(backend: Backend, call: OpCall): void {
  backend.run(call)
  stateOf(backend).capture?.calls.push(call)
}
