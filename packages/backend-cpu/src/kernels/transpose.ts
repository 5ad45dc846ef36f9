// Transpose: any permutation of the axes.

import { stridesOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { advance, planWalk } from '../strided.ts'
import { copyStrided } from './copy.ts'

export const transpose: Kernel<'transpose'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const xStrides = stridesOf(x.shape)
  const walk = planWalk(
    out.shape,
    [call.attributes.permutation.map((axis) => xStrides[axis]!), stridesOf(out.shape)],
    [startOf(x), startOf(out)],
  )
  const source = context.ints(x)
  const target = context.ints(out)
  for (let i = 0; i < walk.runs; i++) {
    copyStrided(source, walk.offsets[0]!, walk.steps[0]!, target, walk.offsets[1]!, walk.steps[1]!, walk.count)
    advance(walk)
  }
}
