// The reference for keyed random numbers: the contract's formulas, one element at a time.

import { threefry2x32 } from '@rnn/core'
import type { HostCallOf } from '../host-tensor.ts'

export function random(call: HostCallOf<'random'>): void {
  const [key] = call.inputs
  const [out] = call.outputs
  const { attributes } = call
  const block = new Int32Array(2)
  for (let i = 0; i < out.values.length; i++) {
    if (attributes.kind === 'normal') {
      threefry2x32(key.values[0]!, key.values[1]!, i, 0, block)
      out.values[i] = boxMuller(block[0]! >>> 8, block[1]! >>> 8)
      continue
    }
    threefry2x32(key.values[0]!, key.values[1]!, i >> 1, 0, block)
    const word = block[i & 1]!
    if (attributes.kind === 'bernoulli')
      out.values[i] = word >>> 8 < Math.round(attributes.probability * 2 ** 24) ? 1 : 0
    else out.values[i] = attributes.kind === 'bits' ? word : (word >>> 8) * 2 ** -24
  }
}

function boxMuller(first: number, second: number): number {
  const u = (first + 1) * 2 ** -24
  const v = second * 2 ** -24
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
}
