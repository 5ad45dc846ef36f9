// The module at work: commands are written into linear memory as words, and run.

import type { OpName } from '@rnn/core'
import { ALIGNMENT } from './heap.ts'
import { Memory } from './memory.ts'
import { WalkPlan } from './walk-plan.ts'

/** A command: reads its arguments from memory; does part `part` of `parts`. */
type Command = (args: number, part: number, parts: number) => void

/** The commands of the module; see assembly/. */
export type CommandName =
  | 'adamStep'
  | 'argmax'
  | 'binary'
  | 'copy'
  | 'copyRows'
  | 'copyStrided'
  | 'crossEntropyBackward'
  | 'crossEntropyForward'
  | 'fill'
  | 'gather'
  | 'layerNormBackward'
  | 'layerNormForward'
  | 'linearScanBackward'
  | 'linearScanForward'
  | 'matmul'
  | 'matmulFew'
  | 'packRecurrent'
  | 'random'
  | 'recurrentBackward'
  | 'recurrentForward'
  | 'reduce'
  | 'rmspropStep'
  | 'scatterAdd'
  | 'select'
  | 'sgdStep'
  | 'softmax'
  | 'sumOfSquares'
  | 'topK'
  | 'transpose'
  | 'unary'

/** What a module exports. */
export type Exports = { readonly [Name in CommandName]: Command } & {
  /** First address past the module's own data. */
  heapBase(): number
  badIndex(indices: number, count: number, rows: number): number
  recurrentForwardScratch(B: number, T: number, H: number, gates: number, masked: number): number
  recurrentBackwardScratch(B: number, T: number, H: number): number
}

/** Words that a command may have for its arguments. */
export const ARGUMENT_WORDS = 1024

/** Bytes before the heap that the host keeps: arguments, and constants of calls. */
const RESERVED_BYTES: number = ARGUMENT_WORDS * 4 + ALIGNMENT

/** Below this many elements, or so much work, a command is not worth dividing. */
const GRAIN = 16384

/** Writes commands and runs them. */
export class Machine {
  readonly memory: Memory
  readonly exports: Exports
  readonly threads: number
  readonly walk: WalkPlan = new WalkPlan()
  /** Commands run by the op under way; for the counts. */
  dispatches = 0
  /** The op under way, for messages. */
  operation: OpName = 'fill'
  readonly #args: number
  readonly #constants: number
  #cursor = 0

  constructor(exports: Exports, memory: WebAssembly.Memory, threads: number) {
    const base = Math.ceil(exports.heapBase() / ALIGNMENT) * ALIGNMENT
    this.exports = exports
    this.threads = threads
    this.#args = base
    this.#constants = base + ARGUMENT_WORDS * 4
    this.memory = new Memory(memory, base + RESERVED_BYTES)
  }

  /** How many parts to make of `work` elements, or of what costs as much. */
  partsFor(work: number): number {
    return work < GRAIN ? 1 : this.threads
  }

  /** Begins a command with `scratchBytes` of working memory for each of its parts. */
  begin(parts = 1, scratchBytes = 0): this {
    const each = Math.ceil(scratchBytes / ALIGNMENT) * ALIGNMENT
    const scratch = this.memory.scratch(Math.max(ALIGNMENT, each) * parts, this.operation)
    this.#cursor = this.#args / 4
    return this.int(scratch).int(each)
  }

  /** Next argument: an integer or address. */
  int(value: number): this {
    this.memory.ints[this.#cursor++] = value
    return this
  }

  /** Next argument: a float. */
  float(value: number): this {
    this.memory.floats[this.#cursor++] = value
    return this
  }

  run(command: CommandName, parts = 1): void {
    this.dispatches++
    const run = this.exports[command]
    for (let part = 0; part < parts; part++) run(this.#args, part, parts)
  }

  /** Address of constant `index` (0 … 3) of the call under way, holding a word. */
  constant(index: number, value: number, isFloat: boolean): number {
    const at = this.#constants + index * 16
    if (isFloat) this.memory.floats[at / 4] = value
    else this.memory.ints[at / 4] = value
    return at
  }
}
