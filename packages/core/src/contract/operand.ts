// What an op call reads and writes: a typed, shaped window on a backend's buffer.

import type { DType } from '../dtype.ts'
import type { Shape } from '../shape.ts'

declare const bufferHandle: unique symbol

/** Names a buffer of one backend. Opaque and cloneable: it can cross to a worker. Never 0, never reused while it lives. */
export type BufferHandle = number & { readonly [bufferHandle]: true }

/** A span of bytes in a buffer. */
export interface BufferRange {
  readonly buffer: BufferHandle
  readonly byteOffset: number
  readonly byteLength: number
}

/** Everything about an operand but where it lies: enough to decide whether and how a backend can run an op. */
export interface OperandSignature {
  readonly shape: Shape
  readonly dtype: DType
  /**
   * Elements, in row-major order, that lie next to one another before the next jump. Absent: the operand is contiguous.
   * Always the product of some trailing dimensions of `shape`, and given together with `rowStride`.
   */
  readonly rowLength?: number
  /** Distance, in elements, between the starts of neighbouring rows; at least `rowLength`. */
  readonly rowStride?: number
}

/**
 * A tensor as kernels see it: row-major, starting at any multiple of 4 bytes. Element `i` in row-major order lies at
 * `byteOffset / 4 + i` or, with rows, at `byteOffset / 4 + floor(i / rowLength) * rowStride + i % rowLength`.
 *
 * Rows alone express a time step `h[:, t]`, a gate of `[B, 4H]`, `h[:, :-1]`, half of a bidirectional output, or one
 * attention head, without a copy. Unary, binary, select, copy, matmul and the recurrent ops honour rows in inputs and
 * outputs; core hands contiguous operands to all others.
 */
export interface Operand extends OperandSignature {
  readonly buffer: BufferHandle
  readonly byteOffset: number
}

/** True when the elements lie next to one another. */
export function isContiguous(operand: OperandSignature): boolean {
  return operand.rowStride === undefined || operand.rowStride === operand.rowLength
}
