// Buffers of the backend: handles, where they lie in linear memory, and exact counts of what lives.

import { RnnError } from '@rnn/core'
import type { BufferHandle, BufferRange, BufferRole } from '@rnn/core'
import { Heap } from './heap.ts'
import type { Block } from './heap.ts'

/** WebAssembly's page. */
const PAGE = 65536

/** Linear memory ends a page short of 4 GiB, so that the address past the last byte is still a uint32. */
const MAX_BYTES: number = 2 ** 32 - PAGE

/** Largest buffer, in bytes: all of linear memory but what the kernels themselves need. */
export const MAX_BUFFER_BYTES: number = MAX_BYTES - 4 * 2 ** 20

interface Live {
  block: Block
  byteLength: number
  role: BufferRole
}

/**
 * Linear memory with views that are made anew when it has grown, handles, and working memory for kernels.
 */
export class Memory {
  readonly memory: WebAssembly.Memory
  ints: Int32Array
  floats: Float32Array
  bytes: Uint8Array
  readonly #heap: Heap
  readonly #live = new Map<number, Live>()
  readonly #spare: Live[] = []
  // Handles count up from a random start, so that a handle of another backend is told from our own. Values never depend on it.
  #nextHandle = 1 + Math.floor(Math.random() * 2 ** 29)
  #liveBytes = 0
  #scratch: Block | undefined

  /** Divides the memory from `base` on. */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.memory = memory
    const { buffer } = memory
    this.ints = new Int32Array(buffer)
    this.floats = new Float32Array(buffer)
    this.bytes = new Uint8Array(buffer)
    const grow = (byteLength: number): boolean => this.#grow(byteLength)
    this.#heap = new Heap(
      {
        get byteLength() {
          return Math.min(memory.buffer.byteLength, MAX_BYTES)
        },
        grow,
      },
      base,
    )
  }

  get liveBuffers(): number {
    return this.#live.size
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get reservedBytes(): number {
    return this.memory.buffer.byteLength
  }

  /** @throws E_OUT_OF_MEMORY; E_VALUE for a length that is none */
  allocate(byteLength: number, role: BufferRole): BufferHandle {
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'allocate',
        problem: `${byteLength} bytes`,
        fix: 'ask for an integer of at least 0',
      })
    }
    const block = this.#take(byteLength, 'allocate')
    const handle = this.#nextHandle++
    const spare = this.#spare.pop()
    if (spare === undefined) {
      this.#live.set(handle, { block, byteLength, role })
    } else {
      spare.block = block
      spare.byteLength = byteLength
      spare.role = role
      this.#live.set(handle, spare)
    }
    this.#liveBytes += byteLength
    return handle as BufferHandle // where handles are made
  }

  release(handle: BufferHandle): void {
    const live = this.#get(handle, 'release')
    this.#live.delete(handle)
    this.#liveBytes -= live.byteLength
    this.#heap.give(live.block)
    this.#spare.push(live)
  }

  /** Address of a buffer. @throws E_DISPOSED for a handle that was released or is another backend's */
  pointer(handle: BufferHandle, operation: string): number {
    return this.#get(handle, operation).block.pointer
  }

  isParameter(handle: BufferHandle): boolean {
    return this.#live.get(handle)?.role === 'parameter'
  }

  write(handle: BufferHandle, data: ArrayBufferView, byteOffset: number): void {
    const { block, byteLength } = this.#get(handle, 'write')
    checkRange('write', byteOffset, data.byteLength, byteLength)
    const at = block.pointer + byteOffset
    // Small arrays of words, as streaming writes them, need no view.
    if (data instanceof Float32Array && data.length <= 64 && (at & 3) === 0) {
      const { floats } = this
      for (let i = 0, o = at / 4; i < data.length; i++, o++) floats[o] = data[i]!
    } else {
      this.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    }
  }

  read(range: BufferRange): Uint8Array {
    const { block, byteLength } = this.#get(range.buffer, 'read')
    checkRange('read', range.byteOffset, range.byteLength, byteLength)
    const from = block.pointer + range.byteOffset
    // A slice has a buffer of its own, also one of shared memory.
    return this.bytes.slice(from, from + range.byteLength)
  }

  /** Address of working memory that the next command owns until it is done; contents are undefined. @throws E_OUT_OF_MEMORY */
  scratch(byteLength: number, operation: string): number {
    if (this.#scratch === undefined || this.#scratch.size < byteLength) {
      if (this.#scratch !== undefined) this.#heap.give(this.#scratch)
      this.#scratch = undefined
      // A quarter of slack, so that slowly growing sizes don't move it each time.
      this.#scratch = this.#take(byteLength + byteLength / 4, operation)
    }
    return this.#scratch.pointer
  }

  /** Working memory for as long as `use` runs, whatever comes of it; it gets the address. @throws E_OUT_OF_MEMORY */
  borrow(byteLength: number, operation: string, use: (pointer: number) => void): void {
    const block = this.#take(byteLength, operation)
    try {
      use(block.pointer)
    } finally {
      this.#heap.give(block)
    }
  }

  /** A block outside of all counts, for copies that the backend keeps for itself; undefined when the memory is exhausted. */
  takeIfRoom(byteLength: number): Block | undefined {
    return this.#heap.take(byteLength)
  }

  give(block: Block): void {
    this.#heap.give(block)
  }

  clear(): void {
    this.#live.clear()
    this.#liveBytes = 0
  }

  #get(handle: BufferHandle, operation: string): Live {
    const live = this.#live.get(handle)
    if (live === undefined) {
      throw new RnnError({
        code: 'E_DISPOSED',
        operation,
        problem: `buffer ${handle} is not alive on this backend`,
        fix: 'it was released, or belongs to another backend',
      })
    }
    return live
  }

  #take(byteLength: number, operation: string): Block {
    const block = byteLength > MAX_BYTES ? undefined : this.#heap.take(byteLength)
    if (block !== undefined) return block
    const live = `${formatBytes(this.#liveBytes)} live in ${this.#live.size} buffers`
    throw new RnnError({
      code: 'E_OUT_OF_MEMORY',
      operation,
      problem: `${formatBytes(byteLength)} asked with ${live}, of 4 GiB that WebAssembly can address`,
      fix: 'use a smaller batch or shorter sequences, or free tensors that are no longer used',
    })
  }

  /** Grows by an eighth at least: growing makes all views anew. */
  #grow(byteLength: number): boolean {
    if (byteLength > MAX_BYTES) return false
    const { memory } = this
    const now = memory.buffer.byteLength
    const wanted = Math.min(MAX_BYTES, Math.max(byteLength, now + now / 8, now + 4 * 2 ** 20))
    for (const target of [wanted, byteLength]) {
      const pages = Math.ceil((target - now) / PAGE)
      try {
        memory.grow(pages)
      } catch {
        continue // the engine has not so much; perhaps it has the least that is needed
      }
      const { buffer } = memory
      this.ints = new Int32Array(buffer)
      this.floats = new Float32Array(buffer)
      this.bytes = new Uint8Array(buffer)
      return true
    }
    return false
  }
}

/** `1536 bytes`, `12.5 MiB`. */
function formatBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

function checkRange(operation: string, offset: number, length: number, available: number): void {
  if (Number.isInteger(offset) && offset >= 0 && length >= 0 && offset + length <= available) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `bytes ${offset} … ${offset + length} of a buffer of ${available}`,
    fix: 'the range must lie in the buffer',
  })
}
