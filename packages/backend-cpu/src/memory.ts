// Buffers of the backend: handles, a pool of size classes, and exact counts of what lives.

import { RnnError } from '@rnn/core'
import type { BufferHandle, BufferRange, BufferRole } from '@rnn/core'

/** One block of memory, seen as both element types. */
export interface Block {
  readonly floats: Float32Array
  readonly ints: Int32Array
  readonly bytes: Uint8Array
}

interface Live {
  readonly block: Block
  readonly byteLength: number
  readonly pooled: boolean
}

interface SizeClass {
  readonly free: Block[]
  /** Tick of the last allocation or release: the class idle for longest gives its blocks up first. */
  lastUse: number
}

/** Largest buffer, in bytes: element indices stay far inside int32, where engines compute them fastest. */
export const MAX_BUFFER_BYTES: number = 2 ** 32

/** The pool may hold this much, or as much as ever lived at once if that is more. */
const POOL_FLOOR_BYTES = 64 * 2 ** 20

/**
 * Handles and the blocks behind them.
 *
 * Transient buffers come from and go back to a pool with four size classes per power of two, so that a steady training loop takes nothing new
 * from the system, whatever the order of its releases. Parameters are exact and not pooled: they live long and rarely repeat.
 */
export class Memory {
  readonly #live = new Map<number, Live>()
  readonly #classes = new Map<number, SizeClass>()
  // Handles count up from a random start, so that a handle of another backend is told from our own. Values never depend on it.
  #nextHandle = 1 + Math.floor(Math.random() * 2 ** 30)
  #tick = 0
  #liveBytes = 0
  #peakBytes = 0
  #pooledBytes = 0
  #reservedBytes = 0
  #blocksTaken = 0
  readonly #poolBytes: number | undefined

  /** @throws E_VALUE for a pool size below 0 */
  constructor(poolBytes?: number) {
    if (poolBytes !== undefined && !(poolBytes >= 0)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'cpu',
        problem: `poolBytes ${poolBytes}`,
        fix: 'use a number of bytes, at least 0',
      })
    }
    this.#poolBytes = poolBytes
  }

  get liveBuffers(): number {
    return this.#live.size
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get reservedBytes(): number {
    return this.#reservedBytes
  }

  /** Blocks taken from the system so far: constant in a steady loop. */
  get blocksTaken(): number {
    return this.#blocksTaken
  }

  allocate(byteLength: number, role: BufferRole): BufferHandle {
    if (!Number.isInteger(byteLength) || byteLength < 0) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'allocate',
        problem: `${byteLength} bytes`,
        fix: 'ask for an integer of at least 0',
      })
    }
    const pooled = role === 'transient'
    const block = pooled ? this.#fromPool(byteLength) : this.#take(roundUp(byteLength, 8), byteLength)
    const handle = this.#nextHandle++
    this.#live.set(handle, { block, byteLength, pooled })
    this.#liveBytes += byteLength
    if (this.#liveBytes > this.#peakBytes) this.#peakBytes = this.#liveBytes
    return handle as BufferHandle // where handles are made
  }

  release(handle: BufferHandle): void {
    const { block, byteLength, pooled } = this.#get(handle, 'release')
    this.#live.delete(handle)
    this.#liveBytes -= byteLength
    if (pooled) this.#toPool(block)
    else this.#reservedBytes -= block.bytes.byteLength
  }

  /** The block behind a handle. @throws E_DISPOSED for a handle that was released or is another backend's */
  block(handle: BufferHandle, operation: string): Block {
    return this.#get(handle, operation).block
  }

  write(handle: BufferHandle, data: ArrayBufferView, byteOffset: number): void {
    const { block, byteLength } = this.#get(handle, 'write')
    checkRange('write', byteOffset, data.byteLength, byteLength)
    block.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset)
  }

  read(range: BufferRange): Uint8Array {
    const { block, byteLength } = this.#get(range.buffer, 'read')
    checkRange('read', range.byteOffset, range.byteLength, byteLength)
    return block.bytes.slice(range.byteOffset, range.byteOffset + range.byteLength)
  }

  clear(): void {
    this.#live.clear()
    this.#classes.clear()
    this.#liveBytes = 0
    this.#pooledBytes = 0
    this.#reservedBytes = 0
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

  #fromPool(byteLength: number): Block {
    const capacity = sizeClassOf(byteLength)
    const sizeClass = this.#classes.get(capacity)
    if (sizeClass !== undefined) {
      sizeClass.lastUse = ++this.#tick
      const block = sizeClass.free.pop()
      if (block !== undefined) {
        this.#pooledBytes -= capacity
        return block
      }
    }
    return this.#take(capacity, byteLength)
  }

  #toPool(block: Block): void {
    const capacity = block.bytes.byteLength
    let sizeClass = this.#classes.get(capacity)
    if (sizeClass === undefined) this.#classes.set(capacity, (sizeClass = { free: [], lastUse: 0 }))
    sizeClass.lastUse = ++this.#tick
    sizeClass.free.push(block)
    this.#pooledBytes += capacity
    const limit = this.#poolBytes ?? Math.max(POOL_FLOOR_BYTES, this.#peakBytes)
    while (this.#pooledBytes > limit) this.#dropOne()
  }

  /** Gives one block of the class idle for longest back to the system. */
  #dropOne(): void {
    let oldest: SizeClass | undefined
    for (const sizeClass of this.#classes.values()) {
      if (sizeClass.free.length > 0 && (oldest === undefined || sizeClass.lastUse < oldest.lastUse)) oldest = sizeClass
    }
    const capacity = oldest?.free.pop()?.bytes.byteLength ?? 0
    this.#pooledBytes -= capacity
    this.#reservedBytes -= capacity
  }

  #take(capacity: number, asked: number): Block {
    try {
      if (asked > MAX_BUFFER_BYTES)
        throw new RangeError(`more than the ${MAX_BUFFER_BYTES} bytes of the largest buffer`)
      const buffer = new ArrayBuffer(capacity)
      this.#reservedBytes += capacity
      this.#blocksTaken++
      return { floats: new Float32Array(buffer), ints: new Int32Array(buffer), bytes: new Uint8Array(buffer) }
    } catch (cause) {
      const problem = `${asked} bytes asked with ${this.#liveBytes} bytes live in ${this.#live.size} buffers`
      throw outOfMemory('allocate', problem, cause)
    }
  }
}

/** What to throw when the system refuses memory. */
export function outOfMemory(operation: string, problem: string, cause: unknown): RnnError {
  return new RnnError({
    code: 'E_OUT_OF_MEMORY',
    operation,
    problem,
    fix: 'use a smaller batch or shorter sequences, or free tensors that are no longer used',
    cause,
  })
}

/** The smallest size class that holds `byteLength`: four per power of two, so at most a quarter is slack. */
function sizeClassOf(byteLength: number): number {
  if (byteLength <= 64) return 64
  const step = 2 ** (Math.floor(Math.log2(byteLength - 1)) - 2)
  return roundUp(byteLength, Math.max(step, 8))
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
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
