// What a kernel is, and what it works with: it turns one op's call into dispatches.

import type { Operand, OpCall, OpName } from '@rnn/core'
import type { Offer } from './adapter.ts'
import type { Block } from './memory.ts'
import type { Program } from './pipelines.ts'
import type { ProgramSpec } from './program.ts'

/** The call of one op. */
export type CallOf<Name extends OpName> = {
  readonly [Each in Name]: Extract<OpCall, { readonly op: Each }> & { readonly op: Each }
}[Name]

/** What a dispatch binds: an operand of the call, or scratch memory. */
export type Bound = Operand | Block

/** How a kernel reaches the device. */
export interface Gpu {
  readonly offer: Offer
  /** The program of a key, compiled in the background the first time. */
  program<Parameter extends string>(key: string, describe: () => ProgramSpec<Parameter>): Program<Parameter>
  /**
   * Records a dispatch. `bindings` are in the order of the program's reads and writes; the whole buffer is bound, so parameters say where operands start
   * (see `startOf`). A dispatch of no workgroups is left out.
   */
  dispatch<Parameter extends string>(
    program: Program<Parameter>,
    bindings: readonly Bound[],
    parameters: Readonly<Record<Parameter, number>>,
    workgroups: readonly [x: number, y?: number, z?: number],
  ): void
  /** The float16 copy of an operand's buffer, two elements a word, for kernels that are bound by how fast weights come from memory; undefined where it was not asked for, or for no parameter. */
  halves(operand: Operand): Block | undefined
  /** Memory for the dispatches of this call; it goes back to the pool when the kernel returns. */
  scratch(byteLength: number): Block
}

/** Records the dispatches of one op. Operands have been validated by core. */
export type Kernel<Name extends OpName> = (call: CallOf<Name>, gpu: Gpu) => void

/** Index of an operand's first element in its buffer. */
export function startOf(operand: Operand): number {
  return operand.byteOffset / 4
}

/** Elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** WGSL type of an operand's elements; masks are stored as 0 and 1. */
export function wgslType(operand: Operand): 'f32' | 'i32' {
  return operand.dtype === 'float32' ? 'f32' : 'i32'
}
