// Euclidean norms of the rows of a batch, and vectors of a given length.

import {
  abs,
  div,
  greater,
  max,
  maximum,
  mul,
  reshape,
  RnnError,
  select,
  sqrt,
  square,
  sum,
  type Tensor,
} from '@rnn/core'

/** The norm of each row, `[batch, 1, …]`: over all but the first axis. Scaled by the largest element, so that nothing underflows or overflows. */
export function rowNorms(x: Tensor): Tensor {
  const [batch = 0] = x.shape
  const flat = reshape(x, [batch, -1])
  const largest = max(abs(flat), { axis: 1, keepDims: true })
  const scale = select(greater(largest, 0), largest, 1)
  const norms = mul(scale, sqrt(sum(square(div(flat, scale)), { axis: 1, keepDims: true })))
  return reshape(norms, [batch, ...x.shape.slice(1).map(() => 1)])
}

/** Each row scaled to the norm `length`; rows of zeros stay zero. */
export function rowsOfNorm(x: Tensor, length: number): Tensor {
  const norms = rowNorms(x)
  return mul(div(x, select(greater(norms, 0), norms, 1)), length)
}

/** Rows that are longer than `length` are scaled down to it. */
export function rowsWithin(x: Tensor, length: number): Tensor {
  return mul(x, div(length, maximum(rowNorms(x), length)))
}

/** @throws E_VALUE */
export function checkPositive(operation: string, name: string, value: number): void {
  if (value > 0 && value < Infinity) return
  throw new RnnError({ code: 'E_VALUE', operation, problem: `${name} ${value}`, fix: 'use a finite number above 0' })
}
