// Packed copies of weights that products of few rows read again and again: a stream of single steps reads each weight once per step, so that the order in
// which they lie is all that counts.

import type { BufferHandle, Operand } from '@rnn/core'
import type { Block } from './heap.ts'
import type { Machine } from './machine.ts'

/** Columns of a wide panel; see assembly/gemv.ts. */
const WIDE = 32

/** Matrices that one buffer is read as. */
const MOST_ENTRIES = 4

interface Entry {
  readonly byteOffset: number
  readonly K: number
  readonly N: number
  readonly inner: number
  readonly column: number
  /** Missing at the first use where columns lie side by side: a copy pays when there is a second one. */
  block: Block | undefined
}

/** Copies by buffer, of parameters only; gone as soon as the buffer changes. */
export class PanelCache {
  readonly #machine: Machine
  readonly #entries = new Map<BufferHandle, Entry[]>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /**
   * Address of a `[K, N]` matrix in wide panels, or 0 when it is to be read where it lies.
   *
   * @param inner distance between rows in elements, `column` between columns
   */
  find(operand: Operand, K: number, N: number, inner: number, column: number): number {
    const { buffer, byteOffset } = operand
    if (K * N === 0 || !this.#machine.memory.isParameter(buffer)) return 0
    let entries = this.#entries.get(buffer)
    if (entries === undefined) this.#entries.set(buffer, (entries = []))
    for (const entry of entries) {
      const same = entry.byteOffset === byteOffset && entry.K === K && entry.N === N
      if (!same || entry.inner !== inner || entry.column !== column) continue
      entry.block ??= this.#pack(operand, entry)
      return entry.block?.pointer ?? 0
    }
    if (entries.length === MOST_ENTRIES) return 0
    const entry: Entry = { byteOffset, K, N, inner, column, block: undefined }
    entries.push(entry)
    // Dot products, which read a transposed matrix where it lies, add in another order than panels: the same call would give other bits the second time.
    if (column !== 1) entry.block = this.#pack(operand, entry)
    return entry.block?.pointer ?? 0
  }

  /** The buffer was written or released. */
  forget(buffer: BufferHandle): void {
    if (this.#entries.size === 0) return
    const entries = this.#entries.get(buffer)
    if (entries === undefined) return
    for (const { block } of entries) if (block !== undefined) this.#machine.memory.give(block)
    this.#entries.delete(buffer)
  }

  /** Undefined when there is no room: it works without, if more slowly. */
  #pack(operand: Operand, { K, N, inner, column }: Entry): Block | undefined {
    const machine = this.#machine
    const block = machine.memory.takeIfRoom(Math.ceil(N / WIDE) * WIDE * K * 4)
    if (block === undefined) return undefined
    const from = machine.memory.pointer(operand.buffer, machine.operation) + operand.byteOffset
    machine.begin().int(from).int(K).int(N).int(inner).int(column).int(block.pointer).run('packWide')
    return block
  }
}
