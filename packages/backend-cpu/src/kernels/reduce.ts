// Sums, means, extremes and products over any axes. Float sums accumulate in double precision.

import { sizeOf, stridesOf } from '@rnn/core'
import type { DType, ReduceKind } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { advance, planWalk } from '../strided.ts'

/** Folds `count` elements of x from `p` on into one accumulator (`step` 0) or into as many (`step` 1). */
type Fold = (x: Float32Array | Int32Array, p: number, acc: Float64Array, o: number, step: number, count: number) => void

export const reduce: Kernel<'reduce'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind, axes } = call.attributes
  const outCount = sizeOf(out.shape)
  const count = sizeOf(x.shape)
  const isFloat = x.dtype === 'float32'
  const acc = context.scratch.sums('sums', outCount)
  acc.fill(initialValue(kind, x.dtype), 0, outCount)

  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const keptStrides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride))
  const walk = planWalk(x.shape, [stridesOf(x.shape), keptStrides], [startOf(x), 0])
  const fold = (isFloat ? FLOAT_FOLDS : INT_FOLDS)[kind]
  const source = isFloat ? context.floats(x) : context.ints(x)
  for (let i = 0; i < walk.runs; i++) {
    fold(source, walk.offsets[0]!, acc, walk.offsets[1]!, walk.steps[1]!, walk.count)
    advance(walk)
  }

  const target = isFloat ? context.floats(out) : context.ints(out)
  const start = startOf(out)
  const divisor = kind === 'mean' ? count / outCount : 1
  for (let i = 0; i < outCount; i++) target[start + i] = acc[i]! / divisor
}

/** Of nothing: bool max (any) is false and min (all) is true. */
function initialValue(kind: ReduceKind, dtype: DType): number {
  switch (kind) {
    case 'sum':
    case 'mean':
      return 0
    case 'product':
      return 1
    case 'max':
      return dtype === 'float32' ? -Infinity : dtype === 'bool' ? 0 : -2147483648
    case 'min':
      return dtype === 'float32' ? Infinity : dtype === 'bool' ? 1 : 2147483647
  }
}

const sum: Fold = (x, p, acc, o, step, count) => {
  if (step === 0) {
    let total = acc[o]!
    for (let i = 0; i < count; i++) total += x[p + i]!
    acc[o] = total
  } else for (let i = 0; i < count; i++) acc[o + i] = acc[o + i]! + x[p + i]!
}

const max: Fold = (x, p, acc, o, step, count) => {
  if (step === 0) {
    let total = acc[o]!
    for (let i = 0; i < count; i++) total = Math.max(total, x[p + i]!)
    acc[o] = total
  } else for (let i = 0; i < count; i++) acc[o + i] = Math.max(acc[o + i]!, x[p + i]!)
}

const min: Fold = (x, p, acc, o, step, count) => {
  if (step === 0) {
    let total = acc[o]!
    for (let i = 0; i < count; i++) total = Math.min(total, x[p + i]!)
    acc[o] = total
  } else for (let i = 0; i < count; i++) acc[o + i] = Math.min(acc[o + i]!, x[p + i]!)
}

const product: Fold = (x, p, acc, o, step, count) => {
  if (step === 0) {
    let total = acc[o]!
    for (let i = 0; i < count; i++) total *= x[p + i]!
    acc[o] = total
  } else for (let i = 0; i < count; i++) acc[o + i] = acc[o + i]! * x[p + i]!
}

// int32 sums and products wrap at each step, as two's complement does.
const intSum: Fold = (x, p, acc, o, step, count) => {
  for (let i = 0; i < count; i++, o += step) acc[o] = (acc[o]! + x[p + i]!) | 0
}

const intProduct: Fold = (x, p, acc, o, step, count) => {
  for (let i = 0; i < count; i++, o += step) acc[o] = Math.imul(acc[o]!, x[p + i]!)
}

const FLOAT_FOLDS: { readonly [Kind in ReduceKind]: Fold } = { sum, mean: sum, max, min, product }
const INT_FOLDS: { readonly [Kind in ReduceKind]: Fold } = { sum: intSum, mean: intSum, max, min, product: intProduct }
