// Strides of operands, in elements, one at a time and without arrays: calls are many and small.

import type { OperandSignature, Shape } from '@rnn/core'

/** Distance between neighbours along `axis` of an operand's own shape. */
export function strideAt(operand: OperandSignature, axis: number): number {
  const { shape, rowLength, rowStride } = operand
  const jumps = rowLength !== undefined && rowStride !== undefined && rowStride !== rowLength
  let stride = 1
  let inside = jumps
  for (let i = shape.length - 1; i >= axis; i--) {
    if (inside && stride >= rowLength!) {
      stride = rowStride!
      inside = false
    }
    if (i === axis) break
    stride *= shape[i]!
  }
  return stride
}

/** Distance along `axis` of `shape`, to which the operand broadcasts (or which it has, with rows): 0 where it repeats. */
export function strideOver(operand: OperandSignature, shape: Shape, axis: number): number {
  const own = axis - shape.length + operand.shape.length
  if (own < 0 || (operand.shape[own] === 1 && shape[axis] !== 1)) return 0
  return strideAt(operand, own)
}

/** Elements of a part of a shape. */
export function sizeBetween(shape: Shape, from: number, to: number): number {
  let size = 1
  for (let axis = from; axis < to; axis++) size *= shape[axis]!
  return size
}
