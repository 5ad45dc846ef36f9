// Tensors on the host in double precision: what the reference computes with and what a backend's results are compared to.

import { broadcastStrides, sizeOf, stridesOf, type DType, type OpName, type OpOf, type Shape } from '@rnn/core'

/** A contiguous row-major array. Doubles hold the values of all dtypes exactly. */
export interface HostTensor {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: Float64Array
}

/** A call whose operands lie on the host. Outputs of ops in place hold their values before the call. */
export type HostCall = OpOf<HostTensor>

/** The host call of one op. */
export type HostCallOf<Name extends OpName> = Extract<HostCall, { readonly op: Name }>

/** A host tensor of the given values (default: zeros). */
export function hostTensor(shape: Shape, values?: ArrayLike<number>, dtype: DType = 'float32'): HostTensor {
  return { shape, dtype, values: values === undefined ? new Float64Array(sizeOf(shape)) : Float64Array.from(values) }
}

/** Index into an operand of shape `from`, for element `i` of the shape that it is broadcast to. */
export function broadcastIndex(from: Shape, to: Shape): (i: number) => number {
  const strides = broadcastStrides(from, to)
  const places = stridesOf(to)
  return (i) => {
    let index = 0
    for (let axis = 0; axis < to.length; axis++) index += (Math.floor(i / places[axis]!) % to[axis]!) * strides[axis]!
    return index
  }
}

/** `[1, 0, 2]` of element `i`, for messages. */
export function positionOf(shape: Shape, i: number): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!)
}
