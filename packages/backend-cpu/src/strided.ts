// Walks several operands over one shape: broadcasting and rows become strides, and neighbouring dimensions that all operands cross evenly are joined.

import { broadcastStrides, isContiguous } from '@rnn/core'
import type { OperandSignature, Shape } from '@rnn/core'

/**
 * A walk in runs: within a run, operand `i` moves by `steps[i]` for each of `count` elements, from `offsets[i]` on. `advance` goes to the next of
 * `runs` runs. The commonest patterns (same shape, scalar, row vector, column) need one or two loops, and all others as many as they must.
 */
export interface Walk {
  readonly count: number
  readonly runs: number
  readonly steps: readonly number[]
  readonly offsets: number[]
  /** Sizes of the outer dimensions, innermost first, with each operand's strides and the position in each. */
  readonly sizes: readonly number[]
  readonly strides: readonly (readonly number[])[]
  readonly counters: number[]
}

/** Strides, in elements, of an operand over `shape`, which it broadcasts to, or has exactly if it has rows. */
export function stridesOver(operand: OperandSignature, shape: Shape): number[] {
  const { rowLength, rowStride } = operand
  if (isContiguous(operand) || rowLength === undefined || rowStride === undefined) {
    return broadcastStrides(operand.shape, shape)
  }
  const strides = new Array<number>(shape.length).fill(0)
  let axis = shape.length - 1
  let within = 1
  for (; axis >= 0 && within < rowLength; axis--) {
    strides[axis] = within
    within *= shape[axis]!
  }
  for (let stride = rowStride; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]!
  }
  return strides
}

/** Plans a walk over `shape` for operands with the given strides and starts. */
export function planWalk(shape: Shape, strides: readonly (readonly number[])[], starts: readonly number[]): Walk {
  const operands = strides.length
  const sizes: number[] = []
  const joined: number[][] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!
    if (size === 1) continue
    const last = sizes.length - 1
    const inner = joined[last]
    let joins = inner !== undefined
    for (let i = 0; joins && i < operands; i++) joins = strides[i]![axis] === inner![i]! * sizes[last]!
    if (joins) {
      sizes[last]! *= size
    } else {
      sizes.push(size)
      joined.push(strides.map((own) => own[axis]!))
    }
  }
  const count = sizes.shift() ?? 1
  const steps = joined.shift() ?? new Array<number>(operands).fill(0)
  return {
    count,
    runs: count === 0 ? 0 : sizes.reduce((product, size) => product * size, 1),
    steps,
    offsets: [...starts],
    sizes,
    strides: joined,
    counters: new Array<number>(sizes.length).fill(0),
  }
}

/** Moves `offsets` to the next run. */
export function advance(walk: Walk): void {
  const { sizes, strides, counters, offsets } = walk
  for (let level = 0; level < sizes.length; level++) {
    const stride = strides[level]!
    const counter = ++counters[level]!
    if (counter < sizes[level]!) {
      for (let i = 0; i < offsets.length; i++) offsets[i]! += stride[i]!
      return
    }
    counters[level] = 0
    for (let i = 0; i < offsets.length; i++) offsets[i]! -= stride[i]! * (counter - 1)
  }
}
