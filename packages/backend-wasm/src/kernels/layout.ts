// Copy and cast, concat, pad, transpose: words moved from place to place.

import { sizeOf, stridesOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import { sizeBetween } from '../strides.ts'
import { fill } from './fill.ts'

// The numbers of assembly/layout.ts.
const MOVE = 0
const ADD_FLOATS = 1
const ADD_INTS = 2
const INTS_TO_FLOATS = 3
const FLOATS_TO_INTS = 4
const FLOATS_TO_BOOLS = 5
const INTS_TO_BOOLS = 6

/** Working memory of a part that walks. */
const SCRATCH = 64

export const copy: Kernel<'copy'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const count = sizeOf(out.shape)
  if (count === 0) return
  const parts = machine.partsFor(count)
  machine
    .begin(parts)
    .int(modeOf(x, out, call.attributes.accumulate))
    .int(count)
  for (const operand of [x, out]) {
    const rowLength = operand.rowLength ?? count
    machine
      .int(addressOf(operand, machine))
      .int(rowLength)
      .int(operand.rowStride ?? rowLength)
  }
  machine.run('copy')
}

function modeOf(x: Operand, out: Operand, accumulate: boolean): number {
  if (accumulate) return out.dtype === 'float32' ? ADD_FLOATS : ADD_INTS
  const fromFloat = x.dtype === 'float32'
  switch (out.dtype) {
    case 'float32':
      return fromFloat ? MOVE : INTS_TO_FLOATS
    case 'int32':
      return fromFloat ? FLOATS_TO_INTS : MOVE
    case 'bool':
      return fromFloat ? FLOATS_TO_BOOLS : x.dtype === 'int32' ? INTS_TO_BOOLS : MOVE
  }
}

export const concat: Kernel<'concat'> = (call, machine) => {
  const [out] = call.outputs
  const { axis } = call.attributes
  const rank = out.shape.length
  const outer = sizeBetween(out.shape, 0, axis)
  const outRow = sizeBetween(out.shape, axis, rank)
  let to = addressOf(out, machine)
  for (const piece of call.inputs) {
    const row = sizeBetween(piece.shape, axis, rank)
    if (row === 0 || outer === 0) continue
    const parts = machine.partsFor(row * outer)
    machine.begin(parts).int(outer).int(row)
    machine.int(addressOf(piece, machine)).int(row).int(to).int(outRow)
    machine.run('copyRows')
    to += row * 4
  }
}

export const pad: Kernel<'pad'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { before, value } = call.attributes
  fill({ op: 'fill', inputs: [], outputs: [out], attributes: { value } }, machine)
  const strides = stridesOf(out.shape)
  const start = strides.reduce((offset, stride, axis) => offset + stride * before[axis]!, 0)
  const { walk } = machine
  walk.planStrides(x.shape, [stridesOf(x.shape), strides])
  if (walk.size === 0) return
  const parts = machine.partsFor(walk.size)
  walk.write(machine.begin(parts, SCRATCH).int(0), addressOf(x, machine), addressOf(out, machine) + start * 4)
  machine.run('copyStrided')
}

export const transpose: Kernel<'transpose'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { permutation } = call.attributes
  const count = sizeOf(out.shape)
  if (count === 0) return
  const parts = machine.partsFor(count)
  const rank = x.shape.length
  const swapsLast =
    rank >= 2 &&
    permutation[rank - 1] === rank - 2 &&
    permutation[rank - 2] === rank - 1 &&
    permutation.every((axis, i) => axis === i || i >= rank - 2)
  if (swapsLast) {
    machine
      .begin(parts)
      .int(sizeBetween(x.shape, 0, rank - 2))
      .int(x.shape[rank - 2]!)
      .int(x.shape[rank - 1]!)
    machine.int(addressOf(x, machine)).int(addressOf(out, machine))
    machine.run('transpose')
    return
  }
  const strides = stridesOf(x.shape)
  const { walk } = machine
  walk.planStrides(out.shape, [permutation.map((axis) => strides[axis]!), stridesOf(out.shape)])
  walk.write(machine.begin(parts, SCRATCH).int(0), addressOf(x, machine), addressOf(out, machine))
  machine.run('copyStrided')
}
