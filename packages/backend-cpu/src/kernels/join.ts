// Concat and pad: blocks of words moved along an axis.

import { sizeOf, stridesOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { advance, planWalk } from '../strided.ts'
import { copyStrided, copyWords } from './copy.ts'
import { fill } from './fill.ts'

export const concat: Kernel<'concat'> = (call, context) => {
  const [out] = call.outputs
  const { axis } = call.attributes
  const outer = sizeOf(out.shape.slice(0, axis))
  const outRow = sizeOf(out.shape.slice(axis))
  const target = context.ints(out)
  let to = startOf(out)
  for (const piece of call.inputs) {
    const row = sizeOf(piece.shape.slice(axis))
    const source = context.ints(piece)
    const from = startOf(piece)
    for (let i = 0; i < outer; i++) copyWords(source, from + i * row, target, to + i * outRow, row)
    to += row
  }
}

export const pad: Kernel<'pad'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { before, value } = call.attributes
  fill({ op: 'fill', inputs: [], outputs: [out], attributes: { value } }, context)
  const strides = stridesOf(out.shape)
  const start = strides.reduce((offset, stride, axis) => offset + stride * before[axis]!, startOf(out))
  const walk = planWalk(x.shape, [stridesOf(x.shape), strides], [startOf(x), start])
  const source = context.ints(x)
  const target = context.ints(out)
  for (let i = 0; i < walk.runs; i++) {
    copyStrided(source, walk.offsets[0]!, walk.steps[0]!, target, walk.offsets[1]!, walk.steps[1]!, walk.count)
    advance(walk)
  }
}
