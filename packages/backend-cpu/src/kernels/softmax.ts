// Softmax and its logarithm over the last axis.

import { sizeOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { exp } from '../math.ts'
import { rowMaximum, rowSumExp } from './rows.ts'

/** A row of −∞ alone (all masked) gives zeros, and −∞ as logarithm: no NaN from masks. */
export const softmax: Kernel<'softmax'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { log } = call.attributes
  const length = x.shape.at(-1) ?? 1
  const rows = length === 0 ? 0 : sizeOf(x.shape) / length
  const source = context.floats(x)
  const target = context.floats(out)
  const powers = context.scratch.sums('sums', log ? 0 : length)
  for (let row = 0; row < rows; row++) {
    const p = startOf(x) + row * length
    const o = startOf(out) + row * length
    const largest = rowMaximum(source, p, length)
    if (largest === -Infinity) {
      target.fill(log ? -Infinity : 0, o, o + length)
    } else if (log) {
      shiftRow(source, p, target, o, length, largest + Math.log(rowSumExp(source, p, length, largest)))
    } else {
      softmaxRow(source, p, target, o, length, largest, powers)
    }
  }
}

function shiftRow(x: Float32Array, p: number, out: Float32Array, o: number, length: number, shift: number): void {
  for (let i = 0; i < length; i++) out[o + i] = x[p + i]! - shift
}

function softmaxRow(
  x: Float32Array,
  p: number,
  out: Float32Array,
  o: number,
  length: number,
  largest: number,
  powers: Float64Array,
): void {
  let sum = 0
  for (let i = 0; i < length; i++) {
    const power = exp(x[p + i]! - largest)
    powers[i] = power
    sum += power
  }
  const scale = 1 / sum
  for (let i = 0; i < length; i++) out[o + i] = powers[i]! * scale
}
