// Operands of a call as data: shape, dtype, values and where they lie in their buffer.

import {
  sizeOf,
  type DType,
  type OpCall,
  type OpName,
  type OpOf,
  type Operand,
  type OperandSignature,
  type Shape,
} from '@rnn/core'
import { hostTensor, type HostTensor } from '../host-tensor.ts'
import { pseudoRandomFloats } from '../values.ts'

/** An operand before it has a buffer. */
export interface OperandSpec extends OperandSignature {
  /** In row-major order. Absent: an output whose contents don't matter. */
  readonly values?: Float64Array
  /** Elements before the first one. */
  readonly offset: number
}

/** A call before its operands have buffers. */
export type CallSpec = OpOf<OperandSpec>

/** The spec of one op. */
export type CallSpecOf<Name extends OpName> = Extract<CallSpec, { readonly op: Name }>

/** Choices about an operand. */
export interface OperandOptions {
  readonly dtype?: DType
  /** Seed of pseudo-random values. */
  readonly seed?: number
  readonly scale?: number
  readonly values?: ArrayLike<number>
  readonly offset?: number
  readonly rows?: readonly [length: number, stride: number]
}

/** An input (or an output of an op in place): the given values, or pseudo-random ones of full precision within ±scale/2. */
export function given(shape: Shape, options: OperandOptions = {}): OperandSpec {
  const { seed = 1, scale = 2 } = options
  const values = options.values ?? pseudoRandomFloats(sizeOf(shape), seed, scale)
  return place(shape, options, Float64Array.from(values))
}

/** An int32 input. */
export function integers(shape: Shape, values: ArrayLike<number>): OperandSpec {
  return given(shape, { dtype: 'int32', values })
}

/** An output. */
export function result(shape: Shape, dtype: DType = 'float32', options: OperandOptions = {}): OperandSpec {
  return place(shape, { ...options, dtype })
}

function place(shape: Shape, options: OperandOptions, values?: Float64Array): OperandSpec {
  const { dtype = 'float32', offset = 0, rows } = options
  return {
    shape,
    dtype,
    offset,
    ...(values && { values }),
    ...(rows && { rowLength: rows[0], rowStride: rows[1] }),
  }
}

/** Elements from the first to the last, gaps included. */
export function extentOf(spec: OperandSpec): number {
  const size = sizeOf(spec.shape)
  if (size === 0) return 0
  const { rowLength = size, rowStride = size } = spec
  return (Math.ceil(size / rowLength) - 1) * rowStride + rowLength
}

/** Where element `i` lies, counted from the first. */
export function elementAt(spec: OperandSignature, i: number): number {
  const { rowLength, rowStride } = spec
  return rowLength === undefined || rowStride === undefined
    ? i
    : Math.floor(i / rowLength) * rowStride + (i % rowLength)
}

/** The operand on the host, as the reference takes it. */
export function hostOf(spec: OperandSpec): HostTensor {
  const { shape, dtype, values } = spec
  // What a backend will see.
  return hostTensor(shape, values && dtype === 'float32' ? Float32Array.from(values) : values, dtype)
}

/** The operand with its buffer. */
export function operandIn(spec: OperandSpec, buffer: Operand['buffer'], start: number): Operand {
  const { shape, dtype, rowLength, rowStride } = spec
  const rows = rowLength === undefined || rowStride === undefined ? {} : { rowLength, rowStride }
  return { buffer, byteOffset: start * 4, shape, dtype, ...rows }
}

/** A call with its operands mapped one by one; nulls stay null. */
export function mapOperands<From, To>(
  call: OpOf<From>,
  input: (operand: From, index: number) => To,
  output: (operand: From, index: number) => To = input,
): OpOf<To> {
  const over = (operands: readonly (From | null)[], map: (operand: From, index: number) => To): (To | null)[] =>
    operands.map((operand, index) => (operand === null ? null : map(operand, index)))
  // The operands stand where they stood in the call given.
  return { ...call, inputs: over(call.inputs, input), outputs: over(call.outputs, output) } as unknown as OpOf<To>
}

/** A deep copy that shares nothing, by the algorithm with which calls cross to a worker. */
export function cloned(call: OpCall): OpCall {
  return structuredClone(call)
}
