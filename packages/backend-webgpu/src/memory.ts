// Buffers of the backend: handles, a pool of size classes, and exact counts of what lives.

import { RnnError } from '@rnn/core'
import type { BufferHandle, BufferRole } from '@rnn/core'

/** One buffer of the device. */
export interface Block {
  /** Names the block in keys; never reused. */
  readonly id: number
  readonly buffer: GPUBuffer
  readonly capacity: number
  /** The queue's: number of the last command that touches the block; 0 before the first. */
  lastCommand: number
  /** True once the device has said that it could not make the buffer: nobody may get it again. */
  refused: boolean
}

interface Live {
  readonly block: Block
  readonly byteLength: number
  readonly pooled: boolean
}

interface SizeClass {
  /** Descending by id: the oldest is taken first, so that a loop that repeats itself gets the same blocks each time, and with them the same bind groups. */
  readonly free: Block[]
  /** Tick of the last allocation or release: the class idle for longest gives its blocks up first. */
  lastUse: number
}

/** How blocks come and go. */
export interface BlockMaker {
  readonly maxBufferBytes: number
  /** `refused` is called when the device turns out not to have made it. */
  make(capacity: number, refused: () => void): GPUBuffer
  /** Called when a block leaves for good. It may still be named by calls that were recorded, but not submitted. */
  drop(block: Block): void
}

/** The pool may hold this much, or as much as ever lived at once if that is more. */
const POOL_FLOOR_BYTES = 64 * 2 ** 20

/**
 * Handles and the device buffers behind them. Every handle has a buffer of its own, since WebGPU forbids to read and write one buffer in a dispatch, even in ranges
 * that are apart. Transient ones come from a pool with four size classes per power of two, so that a steady training loop creates nothing.
 */
export class Memory {
  readonly #live = new Map<number, Live>()
  readonly #classes = new Map<number, SizeClass>()
  readonly #maker: BlockMaker
  // Handles count up from a random start, so that a handle of another backend is told from our own. Values never depend on it.
  #nextHandle = 1 + Math.floor(Math.random() * 2 ** 30)
  #nextBlock = 1
  #tick = 0
  #liveBytes = 0
  #peakBytes = 0
  #pooledBytes = 0
  #reservedBytes = 0

  constructor(maker: BlockMaker) {
    this.#maker = maker
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

  /** Device buffers created so far: constant in a steady loop. */
  get buffersCreated(): number {
    return this.#nextBlock - 1
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
    const block = pooled ? this.#fromPool(byteLength) : this.#take(exactCapacity(byteLength))
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
    else this.#drop(block)
  }

  /** The block behind a handle. @throws E_DISPOSED for a handle that was released or is another backend's */
  block(handle: BufferHandle, operation: string): Block {
    return this.#get(handle, operation).block
  }

  /** Whether a handle was allocated for a parameter. */
  isParameter(handle: BufferHandle): boolean {
    return this.#live.get(handle)?.pooled === false
  }

  /** The block behind a range of a handle. @throws E_VALUE for a range that is not in the buffer; E_DISPOSED as `block` */
  range(handle: BufferHandle, byteOffset: number, byteLength: number, operation: string): Block {
    const live = this.#get(handle, operation)
    if (
      !Number.isInteger(byteOffset) ||
      byteOffset < 0 ||
      byteLength < 0 ||
      byteOffset + byteLength > live.byteLength
    ) {
      throw new RnnError({
        code: 'E_VALUE',
        operation,
        problem: `bytes ${byteOffset} … ${byteOffset + byteLength} of a buffer of ${live.byteLength}`,
        fix: 'the range must lie in the buffer',
      })
    }
    return live.block
  }

  /** A block that belongs to no handle: give it back with `returnScratch` as soon as the calls that use it are recorded. */
  takeScratch(byteLength: number): Block {
    return this.#fromPool(byteLength)
  }

  returnScratch(block: Block): void {
    this.#toPool(block)
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
      for (let block = sizeClass.free.pop(); block !== undefined; block = sizeClass.free.pop()) {
        this.#pooledBytes -= capacity
        if (!block.refused) return block
        this.#drop(block)
      }
    }
    return this.#take(capacity)
  }

  #toPool(block: Block): void {
    let sizeClass = this.#classes.get(block.capacity)
    if (sizeClass === undefined) this.#classes.set(block.capacity, (sizeClass = { free: [], lastUse: 0 }))
    sizeClass.lastUse = ++this.#tick
    const at = sizeClass.free.findLastIndex(({ id }) => id > block.id) + 1
    sizeClass.free.splice(at, 0, block)
    this.#pooledBytes += block.capacity
    const limit = Math.max(POOL_FLOOR_BYTES, this.#peakBytes)
    while (this.#pooledBytes > limit) this.#dropOne()
  }

  #dropOne(): void {
    let oldest: SizeClass | undefined
    for (const sizeClass of this.#classes.values()) {
      if (sizeClass.free.length > 0 && (oldest === undefined || sizeClass.lastUse < oldest.lastUse)) oldest = sizeClass
    }
    const block = oldest?.free.pop()
    if (block === undefined) return
    this.#pooledBytes -= block.capacity
    this.#drop(block)
  }

  #drop(block: Block): void {
    this.#reservedBytes -= block.capacity
    this.#maker.drop(block)
  }

  #take(capacity: number): Block {
    const { maxBufferBytes } = this.#maker
    if (capacity > maxBufferBytes) {
      throw new RnnError({
        code: 'E_OUT_OF_MEMORY',
        operation: 'allocate',
        problem: `${capacity} bytes in one tensor; this device binds at most ${maxBufferBytes} (maxStorageBufferBindingSize)`,
        fix: 'use a smaller batch or shorter sequences, or @rnn/backend-wasm, whose tensors may have 4 GiB',
      })
    }
    const block: Block = {
      id: this.#nextBlock++,
      // The device answers later, when the block is there.
      buffer: this.#maker.make(capacity, () => {
        block.refused = true
      }),
      capacity,
      lastCommand: 0,
      refused: false,
    }
    this.#reservedBytes += capacity
    return block
  }
}

/** Vector loads read whole groups of four elements. */
function exactCapacity(byteLength: number): number {
  return Math.max(16, Math.ceil(byteLength / 16) * 16)
}

/** The smallest size class that holds `byteLength`: four per power of two, so at most a quarter is slack. */
function sizeClassOf(byteLength: number): number {
  if (byteLength <= 64) return 64
  const step = Math.max(2 ** (Math.floor(Math.log2(byteLength - 1)) - 2), 16)
  return Math.ceil(byteLength / step) * step
}
