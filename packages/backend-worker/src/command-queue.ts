// Calls wait here until they are worth a message.

import { macrotasks } from './macrotask.ts'
import type { Command } from './protocol.ts'

/**
 * The calls of some 80 ops: few enough that the worker starts on a long step while it is still being recorded, many enough that the cost of a message vanishes
 * (one command a message takes the page four times as long as 16 or more; from there on it makes no difference).
 */
const COMMANDS_PER_MESSAGE = 256

/** Data that waits is memory held twice. */
const BYTES_PER_MESSAGE = 2 ** 22

/** Sends a message's commands, with the memory that goes along. */
export type Send = (commands: readonly Command[], transfer: ArrayBuffer[]) => void

/**
 * Collects commands. They leave together when many have come, when somebody waits for an answer (`flush`), and at the latest in the next macrotask.
 */
export class CommandQueue {
  readonly #send: Send
  readonly #flushLater: () => void
  #commands: Command[] = []
  #transfer: ArrayBuffer[] = []
  #bytes = 0
  #due = false

  constructor(send: Send) {
    this.#send = send
    this.#flushLater = macrotasks(() => {
      this.#due = false
      this.flush()
    })
  }

  push(command: Command): void {
    this.#commands.push(command)
    if (this.#commands.length >= COMMANDS_PER_MESSAGE) this.flush()
    else if (!this.#due) {
      this.#due = true
      this.#flushLater()
    }
  }

  /** As `push`; the memory goes to the worker and is no longer the caller's. */
  pushWith(command: Command, memory: ArrayBuffer): void {
    this.#transfer.push(memory)
    this.#bytes += memory.byteLength
    this.push(command)
    if (this.#bytes >= BYTES_PER_MESSAGE) this.flush()
  }

  flush(): void {
    if (this.#commands.length === 0) return
    const [commands, transfer] = [this.#commands, this.#transfer]
    this.clear()
    this.#send(commands, transfer)
  }

  /** Forgets what waits. */
  clear(): void {
    this.#commands = []
    this.#transfer = []
    this.#bytes = 0
  }
}
