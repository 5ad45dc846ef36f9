// Transpose: any permutation of the axes.

import { stridesOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { advance, planWalk } from '../strided.ts'
import { copyWords } from './copy.ts'

export const transpose: Kernel<'transpose'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const xStrides = stridesOf(x.shape)
  const walk = planWalk(
    out.shape,
    [call.attributes.permutation.map((axis) => xStrides[axis]!), stridesOf(out.shape)],
    [startOf(x), startOf(out)],
  )
  const { count, runs, offsets } = walk
  const step = walk.steps[0]!
  const source = context.ints(x)
  const target = context.ints(out)
  for (let i = 0; i < runs; i++) {
    if (step === 1) copyWords(source, offsets[0]!, target, offsets[1]!, count)
    else gatherWords(source, offsets[0]!, step, target, offsets[1]!, count)
    advance(walk)
  }
}

function gatherWords(source: Int32Array, p: number, step: number, target: Int32Array, o: number, count: number): void {
  for (let i = 0; i < count; i++, p += step) target[o + i] = source[p]!
}
