// What waits to be told to a device, in the order in which it was said.

import type { Block } from './memory.ts'
import type { Program } from './pipelines.ts'

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

/** Bytes for a block. */
export interface Write {
  readonly block: Block
  readonly byteOffset: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Ranges for someone who awaits them. */
export interface Read {
  /** Reads are counted from 1, in the order of their calls. */
  readonly ordinal: number
  readonly ranges: readonly BlockRange[]
  resolve(bytes: Uint8Array[]): void
  reject(error: unknown): void
}

/** Something that a device is to be told. */
export type Command =
  | { readonly type: 'dispatch'; readonly dispatch: Dispatch }
  | { readonly type: 'write'; readonly write: Write }
  | { readonly type: 'read'; readonly read: Read }
  | { readonly type: 'destroy'; readonly buffer: GPUBuffer }
  | { readonly type: 'nothing' }

/** Commands that wait, each with a number for good: blocks remember that of the last one that touches them. */
export class Commands {
  /** Those from `#next` on wait. */
  #list: Command[] = []
  #next = 0
  /** Commands that have left `#list`. */
  #forgotten = 0
  #dispatches = 0
  #reads = 0
  #bytes = 0

  get count(): number {
    return this.#list.length - this.#next
  }

  get dispatches(): number {
    return this.#dispatches
  }

  get reads(): number {
    return this.#reads
  }

  /** What waiting writes carry. */
  get bytes(): number {
    return this.#bytes
  }

  push(command: Command, blocks: readonly Block[]): void {
    const number = this.#forgotten + this.#list.push(command)
    for (const block of blocks) block.lastCommand = number
    this.#count(command, 1)
  }

  /** The next one. */
  first(): Command | undefined {
    return this.#list[this.#next]
  }

  /** The next one is told. */
  drop(): void {
    const command = this.first()
    if (command === undefined) return
    this.#next++
    this.#count(command, -1)
  }

  /** Whether the command of this number waits. */
  isWaiting(number: number): boolean {
    return number > this.#forgotten + this.#next
  }

  /** The dispatches among those that wait, the next `most` of them. */
  *nextDispatches(most: number): Generator<Dispatch> {
    let left = most
    for (let at = this.#next; at < this.#list.length && left > 0; at++) {
      const command = this.#list[at]!
      if (command.type !== 'dispatch') continue
      yield command.dispatch
      left--
    }
  }

  /** Takes out the dispatches; the others keep their numbers. */
  skipDispatches(): void {
    for (let at = this.#next; at < this.#list.length; at++) {
      if (this.#list[at]!.type === 'dispatch') this.#list[at] = { type: 'nothing' }
    }
    this.#dispatches = 0
  }

  /** Frees what was told; a long list is shortened rarely, so that each command is moved but a few times. */
  shorten(): void {
    if (this.#next < this.#list.length && this.#next <= Math.max(1024, this.#list.length / 2)) return
    this.#list = this.#list.slice(this.#next)
    this.#forgotten += this.#next
    this.#next = 0
  }

  /** Forgets all. */
  clear(): void {
    this.#forgotten += this.#list.length
    this.#list = []
    this.#next = 0
    this.#dispatches = this.#reads = this.#bytes = 0
  }

  #count(command: Command, by: 1 | -1): void {
    if (command.type === 'dispatch') this.#dispatches += by
    else if (command.type === 'read') this.#reads += by
    else if (command.type === 'write') this.#bytes += by * command.write.bytes.byteLength
  }
}
