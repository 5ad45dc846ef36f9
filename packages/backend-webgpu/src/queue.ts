// Everything that a device is told, in order: dispatches collected into few submissions, writes, reads; and what went wrong.

import { RnnError } from '@rnn/core'
import type { Block } from './memory.ts'
import type { Program } from './pipelines.ts'
import { PARAMETER_BYTES } from './program.ts'

/** A dispatch, ready but for its pipeline. */
export interface Dispatch {
  readonly program: Program
  readonly group: GPUBindGroup
  readonly blocks: readonly Block[]
  /** The uniform's words, `call` first. */
  readonly words: Uint32Array
  readonly workgroups: readonly [number, number, number]
  /** The op and its shapes, made only when something went wrong. */
  readonly describe: () => string
}

/** A range of a block. */
export interface BlockRange {
  readonly block: Block
  readonly byteOffset: number
  readonly byteLength: number
}

interface Write {
  readonly block: Block
  readonly byteOffset: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

interface Read {
  readonly ranges: readonly BlockRange[]
  resolve(bytes: Uint8Array[]): void
  reject(error: unknown): void
}

type Command =
  | { readonly type: 'dispatch'; readonly dispatch: Dispatch }
  | { readonly type: 'write'; readonly write: Write }
  | { readonly type: 'read'; readonly read: Read }
  | { readonly type: 'destroy'; readonly buffer: GPUBuffer }

/** Bits of GPUBufferUsage: the global of that name is not there in Node. */
export const USAGE = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 } as const

const MAP_READ = 1

/** Dispatches in one submission: enough that its cost is shared, few enough that the device starts early. */
const DISPATCHES_PER_SUBMISSION = 128

/** Three words for the first index error of a read: call, index, extent; a fourth for alignment. */
const FLAG_BYTES = 16

/** Submissions that may be under way. What comes after them waits here, as commands: a device minutes behind its program could be told nothing, not even to stop. */
const MOST_UNDER_WAY = 16

interface Failure {
  readonly error: RnnError
}

/** The one way to the device. Commands take effect in the order in which they were given, also while pipelines are being compiled. */
export class Queue {
  readonly #device: GPUDevice
  readonly #debug: boolean
  readonly #commands: Command[] = []
  readonly #parameterBuffer: GPUBuffer
  readonly #staging = new Uint32Array((DISPATCHES_PER_SUBMISSION * PARAMETER_BYTES) / 4)
  readonly #flag: GPUBuffer
  /** Group 1 of every dispatch. */
  readonly #parameterGroup: GPUBindGroup
  readonly #mappable: { readonly buffer: GPUBuffer; readonly capacity: number }[] = []
  /** Error scopes whose answers have not come yet. */
  readonly #scopes = new Set<Promise<void>>()
  readonly #calls = new Map<number, () => string>()
  readonly #waiting = new Set<Read>()
  #dispatches = 0
  #compiling = false
  #underWay = 0
  #failure: Failure | undefined
  #lost: RnnError | undefined
  #submissions = 0
  #reads = 0
  #stagingCreated = 0

  constructor(device: GPUDevice, parameterLayout: GPUBindGroupLayout, debug: boolean) {
    this.#device = device
    this.#debug = debug
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
    return this.#reads
  }

  /** Submissions that the device has not finished. */
  get underWay(): number {
    return this.#underWay
  }

  /** Buffers created to read through: constant in a steady loop. */
  get stagingCreated(): number {
    return this.#stagingCreated
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
    this.#calls.set(call, describe)
  }

  dispatch(dispatch: Dispatch): void {
    this.#commands.push({ type: 'dispatch', dispatch })
    if (++this.#dispatches >= (this.#debug ? 1 : DISPATCHES_PER_SUBMISSION)) this.#flush()
  }

  write(block: Block, byteOffset: number, data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    // Nothing recorded touches it: the device may have it at once, and no copy is needed.
    if (!this.#compiling && !this.#commands.some((command) => touches(command, block))) {
      this.#device.queue.writeBuffer(block.buffer, byteOffset, bytes as Uint8Array<ArrayBuffer>)
      return
    }
    this.#commands.push({ type: 'write', write: { block, byteOffset, bytes: bytes.slice() } })
  }

  read(ranges: readonly BlockRange[]): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      const read = { ranges, resolve, reject }
      this.#waiting.add(read)
      this.#commands.push({ type: 'read', read })
      this.#flush()
    })
  }

  /** Destroys a buffer once all that was recorded so far has been submitted. */
  destroy(buffer: GPUBuffer): void {
    this.#commands.push({ type: 'destroy', buffer })
  }

  /** Keeps the first error for the next read. */
  fail(error: RnnError): void {
    this.#failure ??= { error }
  }

  /** Watches errors of what `create` asks of the device, and returns what it made. */
  watched<Result>(create: () => Result, problemOf: (message: string) => RnnError): Result {
    for (const filter of ['validation', 'out-of-memory', 'internal'] as const) this.#device.pushErrorScope(filter)
    const result = create()
    for (let scope = 0; scope < 3; scope++) {
      const answer = this.#device.popErrorScope().then(
        (error) => {
          if (error !== null) this.fail(problemOf(error.message))
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
    this.#commands.length = 0
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  #flush(): void {
    if (this.#compiling || this.#underWay >= MOST_UNDER_WAY || this.#lost !== undefined) return
    const unready = this.#commands.find(
      (command) =>
        command.type === 'dispatch' &&
        command.dispatch.program.pipeline === undefined &&
        command.dispatch.program.error === undefined,
    )
    if (unready?.type === 'dispatch') {
      // All pipelines of the queue are being compiled side by side; whichever is first in the queue is awaited.
      this.#compiling = true
      void unready.dispatch.program.settled.then(() => {
        this.#compiling = false
        this.#flush()
      })
      return
    }
    this.#dispatches = 0
    const commands = this.#commands.splice(0)
    let start = 0
    while (start < commands.length && this.#underWay < MOST_UNDER_WAY) start = this.#submitFrom(commands, start)
    if (start === commands.length) return
    this.#commands.push(...commands.slice(start))
    this.#dispatches = this.#commands.length
  }

  /** Goes on with what waits once the device has come so far. */
  #follow(): void {
    this.#underWay++
    const goOn = (): void => {
      this.#underWay--
      const waits = this.#commands.some(({ type }) => type === 'read') || this.#dispatches >= DISPATCHES_PER_SUBMISSION
      if (waits) this.#flush()
    }
    this.#device.queue.onSubmittedWorkDone().then(goOn, goOn)
  }

  /** Encodes and submits commands from `start` on, as many as one submission takes; returns where it stopped. */
  #submitFrom(commands: readonly Command[], start: number): number {
    const described: (() => string)[] = []
    const reads: { readonly read: Read; readonly buffer: GPUBuffer; readonly capacity: number }[] = []
    const touched = new Set<Block>()
    const destroyed: GPUBuffer[] = []
    let end = start
    this.watched(
      () => {
        const encoder = this.#device.createCommandEncoder()
        let pass: GPUComputePassEncoder | undefined
        let count = 0
        loop: for (; end < commands.length; end++) {
          const command = commands[end]!
          switch (command.type) {
            case 'dispatch': {
              const { program, group, blocks, words, workgroups, describe } = command.dispatch
              if (count === DISPATCHES_PER_SUBMISSION) break loop
              if (program.error !== undefined) this.fail(program.error)
              if (program.pipeline === undefined || this.failed) continue
              pass ??= encoder.beginComputePass()
              const offset = count++ * PARAMETER_BYTES
              this.#staging.set(words, offset / 4)
              pass.setPipeline(program.pipeline)
              pass.setBindGroup(0, group)
              pass.setBindGroup(1, this.#parameterGroup, [offset])
              pass.dispatchWorkgroups(...workgroups)
              for (const block of blocks) touched.add(block)
              described.push(describe)
              if (this.#debug) {
                end++
                break loop
              }
              continue
            }
            case 'write': {
              const { block, byteOffset, bytes } = command.write
              // It would overtake what this submission holds already.
              if (touched.has(block)) break loop
              this.#device.queue.writeBuffer(block.buffer, byteOffset, bytes)
              continue
            }
            case 'read': {
              pass?.end()
              pass = undefined
              reads.push({ read: command.read, ...this.#copyOut(encoder, command.read) })
              for (const { block } of command.read.ranges) touched.add(block)
              continue
            }
            case 'destroy':
              destroyed.push(command.buffer)
          }
        }
        pass?.end()
        if (count > 0)
          this.#device.queue.writeBuffer(this.#parameterBuffer, 0, this.#staging, 0, (count * PARAMETER_BYTES) / 4)
        if (count > 0 || reads.length > 0) {
          this.#device.queue.submit([encoder.finish()])
          this.#submissions++
          this.#follow()
        }
      },
      (message) => deviceError(message, described),
    )
    for (const buffer of destroyed) buffer.destroy()
    for (const { read, buffer, capacity } of reads) void this.#deliver(read, buffer, capacity)
    return end
  }

  #copyOut(encoder: GPUCommandEncoder, { ranges }: Read): { buffer: GPUBuffer; capacity: number } {
    const byteLength = ranges.reduce((total, range) => total + roundUp(range.byteLength), FLAG_BYTES)
    const { buffer, capacity } = this.#takeMappable(byteLength)
    encoder.copyBufferToBuffer(this.#flag, 0, buffer, 0, FLAG_BYTES)
    // The flag is for this read: the next one starts anew.
    encoder.clearBuffer(this.#flag)
    let offset = FLAG_BYTES
    for (const range of ranges) {
      const size = roundUp(range.byteLength)
      if (size > 0) encoder.copyBufferToBuffer(range.block.buffer, range.byteOffset, buffer, offset, size)
      offset += size
    }
    this.#reads++
    return { buffer, capacity }
  }

  async #deliver(read: Read, buffer: GPUBuffer, capacity: number): Promise<void> {
    // Calls named so far are done when this read is: those named later belong to later ones.
    const named = [...this.#calls.keys()]
    try {
      const scopes = [...this.#scopes]
      const used = read.ranges.reduce((total, range) => total + roundUp(range.byteLength), FLAG_BYTES)
      await Promise.all([buffer.mapAsync(MAP_READ, 0, used), ...scopes])
      const mapped = buffer.getMappedRange(0, used)
      this.#noteIndexError(new Uint32Array(mapped, 0, 3))
      const failure = this.#failure
      let offset = FLAG_BYTES
      const bytes = read.ranges.map(({ byteLength }) => {
        const part = new Uint8Array(mapped, offset, byteLength).slice()
        offset += roundUp(byteLength)
        return part
      })
      buffer.unmap()
      this.#mappable.push({ buffer, capacity })
      this.#waiting.delete(read)
      if (failure === undefined) {
        read.resolve(bytes)
      } else {
        // Whoever hears of an error draws the line: calls after it are meant again.
        this.#failure = undefined
        read.reject(failure.error)
      }
    } catch (cause) {
      if (!this.#waiting.delete(read)) return
      const failure = this.#failure
      this.#failure = undefined
      read.reject(
        this.#lost ?? failure?.error ?? deviceError(cause instanceof Error ? cause.message : String(cause), []),
      )
    } finally {
      for (const call of named) this.#calls.delete(call)
    }
  }

  #noteIndexError([call = 0, index = 0, extent = 0]: Uint32Array): void {
    if (call === 0) return
    const described = this.#calls.get(call)?.() ?? 'gather'
    const [operation = 'gather', ...shapes] = described.split(' ')
    this.fail(
      new RnnError({
        code: 'E_INDEX_RANGE',
        operation,
        problem: `index ${index | 0} for ${extent} rows (${shapes.join(' ')})`,
        fix: `indices go from 0 to ${extent - 1}; −1 stands for no row`,
      }),
    )
  }

  #takeMappable(byteLength: number): { buffer: GPUBuffer; capacity: number } {
    const at = this.#mappable.findIndex(
      ({ capacity }) => capacity >= byteLength && capacity <= 4 * Math.max(byteLength, 1024),
    )
    const found = at < 0 ? undefined : this.#mappable.splice(at, 1)[0]
    if (found !== undefined) return found
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(byteLength, 1024)))
    this.#stagingCreated++
    return {
      buffer: this.#device.createBuffer({ label: 'read', size: capacity, usage: USAGE.mapRead | USAGE.copyTarget }),
      capacity,
    }
  }
}

function touches(command: Command, block: Block): boolean {
  switch (command.type) {
    case 'dispatch':
      return command.dispatch.blocks.includes(block)
    case 'write':
      return command.write.block === block
    case 'read':
      return command.read.ranges.some((range) => range.block === block)
    default:
      return false
  }
}

function roundUp(byteLength: number): number {
  return Math.ceil(byteLength / 4) * 4
}

/** An error of the device, with the ops among which it happened. */
function deviceError(message: string, described: readonly (() => string)[]): RnnError {
  const first = described[0]?.()
  const last = described.at(-1)?.()
  const span =
    described.length < 2 ? (first ?? 'a copy') : `one of ${described.length} dispatches from ${first} to ${last}`
  const outOfMemory = /memory/i.test(message)
  return new RnnError({
    code: outOfMemory ? 'E_OUT_OF_MEMORY' : 'E_UNSUPPORTED',
    operation: 'webgpu',
    problem: `the device refused ${span}: ${message.trim()}`,
    fix:
      described.length > 1
        ? 'make the backend with `debug: true` to learn which one'
        : 'use @rnn/backend-wasm, and report this with the message',
  })
}
