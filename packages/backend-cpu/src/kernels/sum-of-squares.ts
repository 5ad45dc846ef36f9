// Sum of squares over many tensors: the global norm of gradients, squared.

import { sizeOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const sumOfSquares: Kernel<'sumOfSquares'> = (call, context) => {
  const [out] = call.outputs
  let total = 0
  for (const x of call.inputs) total += squaresOf(context.floats(x), startOf(x), sizeOf(x.shape))
  context.floats(out)[startOf(out)] = total
}

function squaresOf(x: Float32Array, p: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += x[p + i]! * x[p + i]!
  return sum
}
