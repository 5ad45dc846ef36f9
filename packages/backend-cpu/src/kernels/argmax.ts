// Argmax: where the largest element along an axis is.

import type { Shape } from '@rnn/core'
import { sizeOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const argmax: Kernel<'argmax'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { axis } = call.attributes
  const length = x.shape[axis]!
  const inner = innerSize(x.shape, axis)
  const outer = sizeOf(x.shape.slice(0, axis))
  const source = x.dtype === 'float32' ? context.floats(x) : context.ints(x)
  const target = context.ints(out)
  const xStart = startOf(x)
  const outStart = startOf(out)
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) {
      target[outStart + i * inner + j] = argmaxOf(source, xStart + i * length * inner + j, inner, length)
    }
  }
}

function innerSize(shape: Shape, axis: number): number {
  return sizeOf(shape.slice(axis + 1))
}

/** Lowest index of the largest; NaN is larger than all. */
function argmaxOf(x: Float32Array | Int32Array, start: number, step: number, length: number): number {
  let best = 0
  let largest = x[start]!
  for (let i = 1, p = start + step; i < length && largest === largest; i++, p += step) {
    const value = x[p]!
    if (value > largest || value !== value) {
      largest = value
      best = i
    }
  }
  return best
}
