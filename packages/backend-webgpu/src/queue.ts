// Everything that a device is told, in order: dispatches collected into few submissions, writes, reads; and what went wrong.

import { RnnError } from '@rnn/core'
import { Commands } from './commands.ts'
import type { BlockRange, Dispatch, Read } from './commands.ts'
import { deviceError, tooMuchWaits } from './device-error.ts'
import type { DeviceErrorKind } from './device-error.ts'
import type { Block } from './memory.ts'
import type { Program } from './pipelines.ts'
import { PARAMETER_BYTES } from './program.ts'
import { ReadBuffers } from './read-buffers.ts'
import type { ReadBuffer } from './read-buffers.ts'

/** Bits of GPUBufferUsage: the global of that name is not there in Node. */
export const USAGE = { copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const

const MAP_READ = 1

/** Dispatches in one submission: enough that its cost is shared, few enough that the device starts early. */
const DISPATCHES_PER_SUBMISSION = 128

/** Bytes of writes that are gathered: more are brought on their way at once. */
const WRITES_PER_SUBMISSION = 2 ** 26

/** Three words for the first index error of a read: call, index, extent; a fourth for alignment. */
const FLAG_BYTES = 16

/** Submissions that may be under way. What comes after them waits here, as commands: a device minutes behind its program could be told nothing, not even to stop. */
const MOST_UNDER_WAY = 16

/** How much may wait in the program: one that never awaits must hear of it before its memory is full. */
export interface Bounds {
  /** Commands, each 1 to 2 KB with its call. */
  readonly commands: number
  /** What waiting writes carry. */
  readonly bytes: number
}

const BOUNDS: Bounds = { commands: 2 ** 20, bytes: 2 ** 30 }

/** Calls whose names are kept for index errors: those of a loop that never reads must not gather without end. */
const MOST_NAMED = 2 ** 16

/** How long a failed map waits for the news that the device is lost, in milliseconds: the two may come in either order. */
const NEWS_OF_LOSS = 500

interface Failure {
  readonly error: RnnError
  /** The first read that hears of it: the first after the call that failed. */
  readonly from: number
}

/** The one way to the device. Commands take effect in the order in which they were given, also while pipelines are being compiled. */
export class Queue {
  readonly #device: GPUDevice
  readonly #debug: boolean
  readonly #bounds: Bounds
  readonly #commands = new Commands()
  readonly #parameterBuffer: GPUBuffer
  readonly #staging = new Uint32Array((DISPATCHES_PER_SUBMISSION * PARAMETER_BYTES) / 4)
  readonly #flag: GPUBuffer
  /** Group 1 of every dispatch. */
  readonly #parameterGroup: GPUBindGroup
  readonly #readBuffers: ReadBuffers
  /** Error scopes whose answers have not come yet. */
  readonly #scopes = new Set<Promise<void>>()
  readonly #calls = new Map<number, () => string>()
  /** Reads without an answer. */
  readonly #unanswered = new Set<Read>()
  #compiling = false
  #underWay = 0
  #failure: Failure | undefined
  #lost: RnnError | undefined
  #submissions = 0
  #readsCalled = 0
  #readsEncoded = 0

  constructor(device: GPUDevice, parameterLayout: GPUBindGroupLayout, debug: boolean, bounds: Bounds = BOUNDS) {
    this.#device = device
    this.#debug = debug
    this.#bounds = bounds
    this.#readBuffers = new ReadBuffers(device)
    this.#parameterBuffer = device.createBuffer({
      label: 'parameters',
      size: DISPATCHES_PER_SUBMISSION * PARAMETER_BYTES,
      usage: USAGE.uniform | USAGE.copyTarget,
    })
    this.#flag = device.createBuffer({
      label: 'index errors',
      size: FLAG_BYTES,
      usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget,
    })
    this.#parameterGroup = device.createBindGroup({
      layout: parameterLayout,
      entries: [
        { binding: 0, resource: { buffer: this.#parameterBuffer, size: PARAMETER_BYTES } },
        { binding: 1, resource: { buffer: this.#flag } },
      ],
    })
  }

  get submissions(): number {
    return this.#submissions
  }

  /** Reads that went to the device, `sync` included. */
  get reads(): number {
    return this.#readsEncoded
  }

  /** Submissions that the device has not finished. */
  get underWay(): number {
    return this.#underWay
  }

  /** Dispatches that no submission holds yet. */
  get waiting(): number {
    return this.#commands.dispatches
  }

  /** Buffers created to read through: constant in a steady loop. */
  get stagingCreated(): number {
    return this.#readBuffers.created
  }

  /** True after an error that no read has told of yet: calls are skipped until then. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Why the device is gone, if it is. */
  get lost(): RnnError | undefined {
    return this.#lost
  }

  /** Remembers how to name a call, should its indices turn out to be wrong. */
  nameCall(call: number, describe: () => string): void {
    if (this.#calls.size >= MOST_NAMED) {
      const [oldest = call] = this.#calls.keys()
      this.#calls.delete(oldest)
    }
    this.#calls.set(call, describe)
  }

  /** @throws E_OUT_OF_MEMORY when too much waits */
  dispatch(dispatch: Dispatch): void {
    const { count } = this.#commands
    if (count >= this.#bounds.commands) throw tooMuchWaits(`${count} calls`)
    this.#commands.push({ type: 'dispatch', dispatch }, dispatch.blocks)
    if (this.#commands.dispatches >= (this.#debug ? 1 : DISPATCHES_PER_SUBMISSION)) this.#flush()
  }

  /** @throws E_OUT_OF_MEMORY when too much waits */
  write(block: Block, byteOffset: number, data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (!this.#commands.isWaiting(block.lastCommand)) {
      // The device may have it at once, and no copy is needed.
      this.#device.queue.writeBuffer(block.buffer, byteOffset, bytes as Uint8Array<ArrayBuffer>)
      return
    }
    if (this.#commands.bytes >= WRITES_PER_SUBMISSION) this.#flush()
    if (this.#commands.bytes >= this.#bounds.bytes) throw tooMuchWaits(`writes of ${this.#commands.bytes} bytes`)
    this.#commands.push({ type: 'write', write: { block, byteOffset, bytes: bytes.slice() } }, [block])
  }

  read(ranges: readonly BlockRange[]): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      const read = { ordinal: ++this.#readsCalled, ranges, resolve, reject }
      this.#unanswered.add(read)
      this.#commands.push(
        { type: 'read', read },
        ranges.map(({ block }) => block),
      )
      this.#flush()
    })
  }

  /** Destroys a block's buffer once all that was recorded so far has been submitted. */
  destroy({ buffer, lastCommand }: Block): void {
    if (this.#commands.isWaiting(lastCommand)) this.#commands.push({ type: 'destroy', buffer }, [])
    else buffer.destroy()
  }

  /** Watches errors of what `create` asks of the device, and returns what it made. The next read hears of them, or the one named by its ordinal. */
  watched<Result>(
    create: () => Result,
    problemOf: (message: string, kind: DeviceErrorKind) => RnnError,
    from: number = this.#readsCalled + 1,
  ): Result {
    const kinds = ['validation', 'out-of-memory', 'internal'] as const
    for (const kind of kinds) this.#device.pushErrorScope(kind)
    const result = create()
    for (const kind of kinds.toReversed()) {
      const answer = this.#device.popErrorScope().then(
        (error) => {
          if (error !== null) this.#fail(problemOf(error.message, kind), from)
        },
        () => {}, // a lost device answers through `lose`
      )
      this.#scopes.add(answer)
      void answer.finally(() => this.#scopes.delete(answer))
    }
    return result
  }

  /** Rejects all that waits; nothing reaches the device any more. */
  lose(error: RnnError): void {
    this.#lost = error
    this.#commands.clear()
    this.#calls.clear()
    for (const { reject } of this.#unanswered) reject(error)
    this.#unanswered.clear()
  }

  #flush(): void {
    while (this.#commands.count > 0 && this.#underWay < MOST_UNDER_WAY && !this.#compiling) {
      const unready = this.#unready()
      if (unready === undefined) {
        this.#submit()
        continue
      }
      // All pipelines of the queue are being compiled side by side; whichever is first in the queue is awaited.
      this.#compiling = true
      void unready.settled.then(() => {
        this.#compiling = false
        this.#flush()
      })
    }
  }

  /** The first program of the next submission that is still being compiled. */
  #unready(): Program | undefined {
    for (const { program } of this.#commands.nextDispatches(DISPATCHES_PER_SUBMISSION)) {
      if (program.pipeline === undefined && program.error === undefined) return program
    }
    return undefined
  }

  /** Goes on with what waits once the device has come so far. */
  #follow(): void {
    this.#underWay++
    const goOn = (): void => {
      this.#underWay--
      if (this.#commands.reads > 0 || this.#commands.dispatches >= DISPATCHES_PER_SUBMISSION) this.#flush()
    }
    this.#device.queue.onSubmittedWorkDone().then(goOn, goOn)
  }

  /** Encodes and submits the next commands, as many as one submission takes. */
  #submit(): void {
    const described: (() => string)[] = []
    const reads: (readonly [Read, ReadBuffer])[] = []
    const destroyed: GPUBuffer[] = []
    this.watched(
      () => this.#encode(described, reads, destroyed),
      (message, kind) => deviceError(kind, message, described),
      this.#readsEncoded + 1,
    )
    for (const buffer of destroyed) buffer.destroy()
    for (const [read, buffer] of reads) void this.#deliver(read, buffer)
    this.#commands.shorten()
  }

  #encode(described: (() => string)[], reads: (readonly [Read, ReadBuffer])[], destroyed: GPUBuffer[]): void {
    const encoder = this.#device.createCommandEncoder()
    const touched = new Set<Block>()
    const limit = this.#debug ? 1 : DISPATCHES_PER_SUBMISSION
    let pass: GPUComputePassEncoder | undefined
    let count = 0
    loop: for (let command = this.#commands.first(); command !== undefined; command = this.#commands.first()) {
      switch (command.type) {
        case 'dispatch': {
          // After a read comes another submission, lest the read hear of errors that come after it.
          if (count === limit || reads.length > 0) break loop
          const { program, group, blocks, words, workgroups, describe } = command.dispatch
          this.#commands.drop()
          if (program.error !== undefined) this.#fail(program.error, this.#readsEncoded + 1)
          if (program.pipeline === undefined || this.#skips()) continue
          pass ??= encoder.beginComputePass()
          const offset = count++ * PARAMETER_BYTES
          this.#staging.set(words, offset / 4)
          pass.setPipeline(program.pipeline)
          pass.setBindGroup(0, group)
          pass.setBindGroup(1, this.#parameterGroup, [offset])
          pass.dispatchWorkgroups(...workgroups)
          for (const block of blocks) touched.add(block)
          described.push(describe)
          continue
        }
        case 'write': {
          const { block, byteOffset, bytes } = command.write
          // It would overtake what this submission holds already.
          if (touched.has(block)) break loop
          this.#commands.drop()
          this.#device.queue.writeBuffer(block.buffer, byteOffset, bytes)
          continue
        }
        case 'read': {
          this.#commands.drop()
          pass?.end()
          pass = undefined
          reads.push([command.read, this.#copyOut(encoder, command.read)])
          for (const { block } of command.read.ranges) touched.add(block)
          continue
        }
        case 'destroy':
          destroyed.push(command.buffer)
          this.#commands.drop()
          continue
        case 'nothing':
          this.#commands.drop()
      }
    }
    pass?.end()
    if (count === 0 && reads.length === 0) return
    const { queue } = this.#device
    if (count > 0) queue.writeBuffer(this.#parameterBuffer, 0, this.#staging, 0, (count * PARAMETER_BYTES) / 4)
    queue.submit([encoder.finish()])
    this.#submissions++
    this.#follow()
  }

  #copyOut(encoder: GPUCommandEncoder, { ranges }: Read): ReadBuffer {
    const taken = this.#readBuffers.take(readBytes(ranges))
    encoder.copyBufferToBuffer(this.#flag, 0, taken.buffer, 0, FLAG_BYTES)
    // The flag is for this read: the next one starts anew.
    encoder.clearBuffer(this.#flag)
    let offset = FLAG_BYTES
    for (const range of ranges) {
      const size = roundUp(range.byteLength)
      if (size > 0) encoder.copyBufferToBuffer(range.block.buffer, range.byteOffset, taken.buffer, offset, size)
      offset += size
    }
    this.#readsEncoded++
    return taken
  }

  async #deliver(read: Read, taken: ReadBuffer): Promise<void> {
    // Calls named so far are done when this read is: those named later belong to later ones.
    const named = [...this.#calls.keys()]
    const { buffer } = taken
    const used = readBytes(read.ranges)
    try {
      await Promise.all([buffer.mapAsync(MAP_READ, 0, used), ...this.#scopes])
      const mapped = buffer.getMappedRange(0, used)
      this.#noteIndexError(new Uint32Array(mapped, 0, 3), read)
      let offset = FLAG_BYTES
      const bytes = read.ranges.map(({ byteLength }) => {
        const part = new Uint8Array(mapped, offset, byteLength).slice()
        offset += roundUp(byteLength)
        return part
      })
      buffer.unmap()
      this.#readBuffers.put(taken)
      this.#tell(read)
      if (this.#unanswered.delete(read)) read.resolve(bytes)
    } catch (cause) {
      buffer.destroy()
      if (this.#lost === undefined) await Promise.race([this.#device.lost, wait(NEWS_OF_LOSS)])
      this.#tell(read)
      const message = cause instanceof Error ? cause.message : String(cause)
      if (this.#unanswered.delete(read)) read.reject(deviceError('internal', message, []))
    } finally {
      for (const call of named) this.#calls.delete(call)
    }
  }

  /** Keeps the first error, in the order of calls, for the reads that must hear of it. */
  #fail(error: RnnError, from: number): void {
    if (this.#failure === undefined || from < this.#failure.from) this.#failure = { error, from }
  }

  /** Whether the next command comes after one that failed. */
  #skips(): boolean {
    return this.#failure !== undefined && this.#failure.from <= this.#readsEncoded + 1
  }

  /**
   * Where a call before this read has failed: rejects it, and with it all reads that were called since. Whoever hears of an error draws the line:
   * calls until now are skipped, calls after it are meant again.
   */
  #tell({ ordinal }: Read): void {
    const failure = this.#failure
    if (failure === undefined || failure.from > ordinal) return
    this.#failure = undefined
    for (const read of this.#unanswered) {
      if (read.ordinal < failure.from) continue
      this.#unanswered.delete(read)
      read.reject(failure.error)
    }
    this.#commands.skipDispatches()
  }

  #noteIndexError([call = 0, index = 0, extent = 0]: Uint32Array, { ordinal }: Read): void {
    if (call === 0) return
    const described = this.#calls.get(call)?.() ?? 'gather'
    const [operation = 'gather', ...shapes] = described.split(' ')
    this.#fail(
      new RnnError({
        code: 'E_INDEX_RANGE',
        operation,
        problem: `index ${index | 0} for ${extent} rows (${shapes.join(' ')})`,
        fix: `indices go from 0 to ${extent - 1}; −1 stands for no row`,
      }),
      ordinal,
    )
  }
}

function readBytes(ranges: readonly BlockRange[]): number {
  return ranges.reduce((total, { byteLength }) => total + roundUp(byteLength), FLAG_BYTES)
}

function roundUp(byteLength: number): number {
  return Math.ceil(byteLength / 4) * 4
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
