// Storage: a backend's buffer, shared by the tensors that are views of it and freed with the last of them.

import { stateOf } from './backend-state.ts'
import type { Backend, BufferRole } from './contract/backend.ts'
import type { BufferHandle } from './contract/operand.ts'
import { hasCode } from './errors.ts'

/** A reference-counted buffer. Made with one reference, which belongs to the maker. */
export class Storage {
  readonly backend: Backend
  readonly buffer: BufferHandle
  readonly byteLength: number
  /** Counts the writes in place, so that backward can tell that a saved value is no longer what forward saw. */
  version = 0
  #references = 1

  constructor(backend: Backend, byteLength: number, role: BufferRole) {
    this.backend = backend
    this.byteLength = byteLength
    this.buffer = backend.allocate(byteLength, role)
    stateOf(backend).capture?.storages.push(this.retain())
  }

  /** Whether others hold it as well: views, or a tape that has saved one. */
  get shared(): boolean {
    return this.#references > 1
  }

  retain(): this {
    this.#references++
    return this
  }

  release(): void {
    if (--this.#references > 0) return
    try {
      this.backend.release(this.buffer)
    } catch (error) {
      // A disposed backend has freed everything already: the order in which a program lets go of things must not matter.
      if (!hasCode(error, 'E_BACKEND_DISPOSED')) throw error
    }
  }
}
