// What a kernel is on the host's side: a function that writes one op's call down as a command and runs it.

import type { Operand, OpCall, OpName } from '@rnn/core'
import type { Machine } from './machine.ts'

/** The call of one op. */
export type CallOf<Name extends OpName> = {
  readonly [Each in Name]: Extract<OpCall, { readonly op: Each }> & { readonly op: Each }
}[Name]

/** Runs one op to its end. Operands have been validated by core. */
export type Kernel<Name extends OpName> = (call: CallOf<Name>, machine: Machine) => void

/** Address of an operand's first element. */
export function addressOf(operand: Operand, machine: Machine): number {
  return machine.memory.pointer(operand.buffer, machine.operation) + operand.byteOffset
}

/** The same, 0 for an operand that is missing: no operand lies there. */
export function addressOrZero(operand: Operand | null, machine: Machine): number {
  return operand === null ? 0 : addressOf(operand, machine)
}
