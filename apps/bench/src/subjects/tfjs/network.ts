/** A recurrent layer of TensorFlow.js, whichever way it is written. */

import type { Tensor, Tensor3D, Variable } from '@tensorflow/tfjs-core'

/** A recurrent layer with its weights, by the names of `RecurrentData`. */
export interface Network {
  readonly name: string
  readonly equation: string
  readonly weights: Readonly<Record<string, Variable>>
  /** The sequence `[B, T, H]` for an input `[B, T, I]`. */
  forward(input: Tensor3D, training: boolean): Tensor
  /** For each block of columns in the network's own gate order, which block of `RecurrentData` it is. */
  readonly gateOrder: readonly number[]
}

/** The columns of a weight array `[rows, G·H]` with its blocks of H in another order: block i of the result is block `order[i]` of `values`. */
export function reorderGates(values: Float32Array, order: readonly number[], units: number): Float32Array {
  const columns = order.length * units
  const result = new Float32Array(values.length)
  for (let row = 0; row < values.length; row += columns) {
    order.forEach((from, to) =>
      result.set(values.subarray(row + from * units, row + (from + 1) * units), row + to * units),
    )
  }
  return result
}

/** The order that undoes `order`. */
export function inverseOrder(order: readonly number[]): number[] {
  return order.map((_, i) => order.indexOf(i))
}
