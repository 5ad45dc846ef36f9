// Reductions over any axes: one pass for each group of neighbouring axes, the last group first. Argmax, topK, sums of squares.

import { sizeOf } from '@rnn/core'
import type { DType, ReduceKind, Shape } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { CallOf, Kernel } from '../kernel.ts'
import { ARGUMENT_WORDS } from '../machine.ts'
import type { Machine } from '../machine.ts'
import { sizeBetween } from '../strides.ts'

// The numbers of assembly/reduce.ts.
const FLOAT_KINDS: { readonly [Kind in ReduceKind]: number } = { sum: 0, mean: 0, max: 1, min: 2, product: 3 }
const INT_KINDS: { readonly [Kind in ReduceKind]: number } = { sum: 4, mean: 4, max: 5, min: 6, product: 7 }

export const reduce: Kernel<'reduce'> = (call, machine) => {
  const [x] = call.inputs
  reduceGroup(call, machine, x.shape, addressOf(x, machine), call.attributes.axes.length - 1)
}

/** Reduces the group of neighbouring axes that ends with the `last` of them, then those before it; `shape` and `from` are what is left so far. */
function reduceGroup(call: CallOf<'reduce'>, machine: Machine, shape: Shape, from: number, last: number): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind, axes } = call.attributes
  const isFloat = x.dtype === 'float32'
  let first = last
  while (first > 0 && axes[first - 1] === axes[first]! - 1) first--
  const outer = sizeBetween(shape, 0, axes[first]!)
  const length = sizeBetween(shape, axes[first]!, axes[last]! + 1)
  const inner = sizeBetween(shape, axes[last]! + 1, shape.length)
  const reduceTo = (to: number, factor: number): void => {
    if (outer * inner === 0) return
    const parts = outer * inner === 1 ? 1 : machine.partsFor(outer * length * inner)
    machine
      .begin(parts)
      .int((isFloat ? FLOAT_KINDS : INT_KINDS)[kind])
      .int(outer)
      .int(length)
      .int(inner)
    machine.int(from).int(to).float(factor)
    if (isFloat) machine.float(valueOfNothing(kind, x.dtype))
    else machine.int(valueOfNothing(kind, x.dtype))
    machine.run('reduce')
  }
  if (first === 0) {
    const results = sizeOf(out.shape)
    const factor = kind === 'mean' && results > 0 ? results / sizeOf(x.shape) : 1
    return reduceTo(addressOf(out, machine), factor)
  }
  machine.memory.borrow(outer * inner * 4, 'reduce', (to) => {
    reduceTo(to, 1)
    const rest = shape.map((size, axis) => (axis >= axes[first]! && axis <= axes[last]! ? 1 : size))
    reduceGroup(call, machine, rest, to, first - 1)
  })
}

/** Of nothing: a mean is 0/0, bool max (any) is false and min (all) is true. */
function valueOfNothing(kind: ReduceKind, dtype: DType): number {
  switch (kind) {
    case 'sum':
      return 0
    case 'mean':
      return NaN
    case 'product':
      return 1
    case 'max':
      return dtype === 'float32' ? -Infinity : dtype === 'bool' ? 0 : -2147483648
    case 'min':
      return dtype === 'float32' ? Infinity : dtype === 'bool' ? 1 : 2147483647
  }
}

export const argmax: Kernel<'argmax'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { axis } = call.attributes
  const outer = sizeBetween(x.shape, 0, axis)
  const inner = sizeBetween(x.shape, axis + 1, x.shape.length)
  if (outer * inner === 0) return
  const parts = machine.partsFor(sizeOf(x.shape))
  machine
    .begin(parts)
    .int(x.dtype === 'float32' ? 1 : 0)
    .int(outer)
    .int(x.shape[axis]!)
    .int(inner)
  machine.int(addressOf(x, machine)).int(addressOf(out, machine))
  machine.run('argmax')
}

export const topK: Kernel<'topK'> = (call, machine) => {
  const [x] = call.inputs
  const [values, indices] = call.outputs
  const length = x.shape.at(-1)!
  const k = Math.min(call.attributes.k, length)
  if (k === 0 || sizeOf(x.shape) === 0) return
  const parts = machine.partsFor(sizeOf(x.shape))
  machine
    .begin(parts)
    .int(x.dtype === 'float32' ? 1 : 0)
    .int(sizeOf(x.shape) / length)
    .int(length)
    .int(k)
  machine.int(addressOf(x, machine)).int(addressOf(values, machine)).int(addressOf(indices, machine))
  machine.run('topK')
}

/** Arrays that one command takes. */
const MOST_ARRAYS: number = Math.floor((ARGUMENT_WORDS - 4) / 2)

export const sumOfSquares: Kernel<'sumOfSquares'> = (call, machine) => {
  const { inputs } = call
  const [out] = call.outputs
  if (inputs.length <= MOST_ARRAYS) {
    machine.begin().int(addressOf(out, machine)).int(inputs.length)
    for (const x of inputs) machine.int(addressOf(x, machine)).int(sizeOf(x.shape))
    machine.run('sumOfSquares')
    return
  }
  // More tensors than a model has: by groups, whose sums are then summed.
  const groups = Math.ceil(inputs.length / MOST_ARRAYS)
  machine.memory.borrow(groups * 4, 'sumOfSquares', (sums) => {
    for (let group = 0; group < groups; group++) {
      const own = inputs.slice(group * MOST_ARRAYS, (group + 1) * MOST_ARRAYS)
      machine
        .begin()
        .int(sums + group * 4)
        .int(own.length)
      for (const x of own) machine.int(addressOf(x, machine)).int(sizeOf(x.shape))
      machine.run('sumOfSquares')
    }
    machine.begin().int(FLOAT_KINDS.sum).int(1).int(groups).int(1).int(sums).int(addressOf(out, machine))
    machine.float(1).float(0).run('reduce')
  })
}
