// Ways to lay the operands of a call out in memory; the result must be the same in all of them.

import { sameShape, sizeOf, type OpName } from '@rnn/core'
import { mapOperands, type CallSpec, type OperandSpec } from './operands.ts'

/**
 * - `plain`: each operand at the start of a buffer of its own.
 * - `offset`: each at an odd multiple of 4 bytes.
 * - `rows`: as offset, and the operands that may have rows have gaps between them.
 * - `shared`: all inputs in one buffer.
 */
export type Layout = 'plain' | 'offset' | 'rows' | 'shared'

/** Inputs and outputs of an op that may have rows, by index; null stands for all. */
const ROWS: Partial<
  Record<OpName, { readonly inputs: readonly number[] | null; readonly outputs: readonly number[] }>
> = {
  copy: { inputs: null, outputs: [0] },
  unary: { inputs: null, outputs: [0] },
  binary: { inputs: null, outputs: [0] },
  select: { inputs: null, outputs: [0] },
  matmul: { inputs: [0, 1], outputs: [0] },
  recurrentForward: { inputs: [0], outputs: [0] },
  recurrentBackward: { inputs: [0, 3], outputs: [0, 1] },
  recurrentVariantForward: { inputs: [0], outputs: [0] },
  recurrentVariantBackward: { inputs: [0, 3], outputs: [0, 1] },
}

/** Whether `rows` says anything about this op. */
export function takesRows(op: OpName): boolean {
  return op in ROWS
}

/** The call in a layout. */
export function laidOut(call: CallSpec, layout: Layout): CallSpec {
  if (layout === 'plain' || layout === 'shared') return call
  const rows = layout === 'rows' ? ROWS[call.op] : undefined
  const [first] = call.outputs
  const mayHaveRows = (spec: OperandSpec, indices: readonly number[] | null | undefined, index: number): boolean => {
    if (rows === undefined || indices === undefined || (indices !== null && !indices.includes(index))) return false
    if (spec.shape.length < 2 || sizeOf(spec.shape) === 0) return false
    // An operand that is broadcast has no rows.
    return (call.op !== 'binary' && call.op !== 'select') || (first != null && sameShape(spec.shape, first.shape))
  }
  const move = (spec: OperandSpec, offset: number, withRows: boolean): OperandSpec => {
    const rowLength = spec.shape.at(-1)!
    return { ...spec, offset, ...(withRows && { rowLength, rowStride: rowLength + 3 }) }
  }
  return mapOperands<OperandSpec, OperandSpec>(
    call,
    (spec, index) => move(spec, 2 * index + 1, mayHaveRows(spec, rows?.inputs, index)),
    (spec, index) => move(spec, 2 * index + 3, mayHaveRows(spec, rows?.outputs, index)),
  )
}
