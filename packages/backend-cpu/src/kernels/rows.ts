// What softmax and cross-entropy compute over one row.

import { exp } from '../math.ts'

/** Largest element; NaN if one is. */
export function rowMaximum(x: Float32Array, p: number, length: number): number {
  let largest = -Infinity
  for (let i = 0; i < length; i++) largest = Math.max(largest, x[p + i]!)
  return largest
}

/** Σ exp(x − shift). */
export function rowSumExp(x: Float32Array, p: number, length: number, shift: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += exp(x[p + i]! - shift)
  return sum
}
