// The module at work: commands are written into linear memory as words, and run.

import type { OpName } from '@rnn/core'
import { ALIGNMENT } from './heap.ts'
import { Memory } from './memory.ts'
import { PanelCache } from './panel-cache.ts'
import { CONTROL_WORDS } from './threads/control.ts'
import type { Command } from './threads/control.ts'
import type { Crew } from './threads/crew.ts'
import { WalkPlan } from './walk-plan.ts'

/** The commands of the module; see assembly/. Threads know them by their places here. */
export const COMMANDS = [
  'adamStep',
  'argmax',
  'binary',
  'copy',
  'copyRows',
  'copyStrided',
  'crossEntropyBackward',
  'crossEntropyForward',
  'fill',
  'gather',
  'layerNormBackward',
  'layerNormForward',
  'linearScanBackward',
  'linearScanForward',
  'matmul',
  'matmulFew',
  'packRecurrent',
  'packWide',
  'random',
  'recurrentBackward',
  'recurrentForward',
  'reduce',
  'rmspropStep',
  'scatterAdd',
  'select',
  'sgdStep',
  'softmax',
  'sumOfSquares',
  'topK',
  'transpose',
  'unary',
] as const

export type CommandName = (typeof COMMANDS)[number]

const NUMBERS: ReadonlyMap<CommandName, number> = new Map(COMMANDS.map((name, number) => [name, number]))

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

/** Bytes before the heap that the host keeps: arguments, constants of calls, and what threads share. */
const ARGUMENT_BYTES: number = ARGUMENT_WORDS * 4
const CONSTANT_BYTES = 64
const CONTROL_BYTES: number = CONTROL_WORDS * 4

/** What a part's working memory begins with: the word by which it shows progress, in a cache line of its own. */
const HEADER_BYTES: number = ALIGNMENT

/** Below this many elements, or what costs as much, a command is not worth dividing. */
export const GRAIN = 16384

/** Where things lie in memory before the heap. */
export interface Layout {
  readonly args: number
  readonly constants: number
  readonly control: number
  readonly heap: number
}

export function layoutAfter(heapBase: number): Layout {
  const args = Math.ceil(heapBase / ALIGNMENT) * ALIGNMENT
  const constants = args + ARGUMENT_BYTES
  const control = constants + CONSTANT_BYTES
  return { args, constants, control, heap: control + CONTROL_BYTES }
}

/** Writes commands and runs them. */
export class Machine {
  readonly memory: Memory
  readonly exports: Exports
  readonly threads: number
  readonly walk: WalkPlan = new WalkPlan()
  readonly panels: PanelCache = new PanelCache(this)
  /** Commands run by the op under way; for the counts. */
  dispatches = 0
  /** The op under way, for messages. */
  operation: OpName = 'fill'
  readonly #layout: Layout
  readonly #crew: Crew | undefined
  readonly #grain: number
  #cursor = 0
  #scratch = 0
  #scratchStep = 0
  #parts = 1

  /** @param crew the workers, one fewer than `threads` */
  constructor(exports: Exports, memory: WebAssembly.Memory, threads: number, crew: Crew | undefined, grain: number) {
    this.#grain = grain
    this.#layout = layoutAfter(exports.heapBase())
    this.exports = exports
    this.threads = threads
    this.#crew = crew
    this.memory = new Memory(memory, this.#layout.heap)
  }

  /** How many parts to make of `work` elements, or of what costs as much: none smaller than half a grain. */
  partsFor(work: number): number {
    return Math.max(1, Math.min(this.threads, Math.floor((2 * work) / this.#grain)))
  }

  /** Begins a command of `parts` parts with `scratchBytes` of working memory for each. */
  begin(parts = 1, scratchBytes = 0): this {
    this.#parts = parts
    this.#scratchStep = HEADER_BYTES + Math.ceil(Math.max(1, scratchBytes) / ALIGNMENT) * ALIGNMENT
    this.#scratch = this.memory.scratch(this.#scratchStep * parts, this.operation)
    this.#cursor = this.#layout.args / 4
    return this.int(this.#scratch + HEADER_BYTES).int(this.#scratchStep)
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

  /** Runs the command that was begun, all its parts. */
  run(command: CommandName): void {
    this.dispatches++
    const { args } = this.#layout
    const parts = this.#parts
    if (parts === 1) this.exports[command](args, 0, 1)
    else if (this.#crew !== undefined) this.#crew.run(NUMBERS.get(command)!, args, parts, this.operation, this)
    else for (let part = 0; part < parts; part++) this.exports[command](args, part, parts)
  }

  /** Changes while the parts of a command go on. */
  sum(): number {
    let sum = 0
    for (let part = 0; part < this.#parts; part++)
      sum += this.memory.ints[(this.#scratch + part * this.#scratchStep) / 4]!
    return sum
  }

  /** Address of constant `index` (0 … 3) of the call under way, holding a word. */
  constant(index: number, value: number, isFloat: boolean): number {
    const at = this.#layout.constants + index * 16
    if (isFloat) this.memory.floats[at / 4] = value
    else this.memory.ints[at / 4] = value
    return at
  }
}
