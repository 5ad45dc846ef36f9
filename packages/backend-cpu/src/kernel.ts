// What a kernel is: a function of one op's call and of the memory it works on.

import type { Operand, OpCall, OpName } from '@rnn/core'
import type { Scratch } from './scratch.ts'

/** The call of one op. */
export type CallOf<Name extends OpName> = {
  readonly [Each in Name]: Extract<OpCall, { readonly op: Each }> & { readonly op: Each }
}[Name]

/** Where a kernel finds its operands: the whole array behind each, to be indexed from `startOf(operand)`. */
export interface KernelContext {
  floats(operand: Operand): Float32Array
  ints(operand: Operand): Int32Array
  readonly scratch: Scratch
}

/** Runs one op to its end. Operands have been validated by core. */
export type Kernel<Name extends OpName> = (call: CallOf<Name>, context: KernelContext) => void

/** Index of an operand's first element in the array of its buffer. */
export function startOf(operand: Operand): number {
  return operand.byteOffset / 4
}
