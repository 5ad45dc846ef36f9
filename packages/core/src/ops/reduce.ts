// Reductions over axes, and what follows from them.

import type { ReduceKind } from '../contract/primitive-ops.ts'
import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import { resolveAxis, sameShape, type Shape } from '../shape.ts'
import { allocateTensor, assertUsable, type Tensor } from '../tensor.ts'
import { checkDType } from './checks.ts'
import { reshape } from './views.ts'

/** Options of all reductions. */
export interface ReduceOptions {
  /** Axis or axes to reduce; negative ones count from the back. Default: all. */
  readonly axis?: number | readonly number[]
  /** Keep reduced axes with length 1. Default: false. */
  readonly keepDims?: boolean
}

function reduce(
  kind: ReduceKind,
  operation: string,
  x: Tensor,
  options: ReduceOptions,
  allowed: readonly DType[],
): Tensor {
  assertUsable(operation, x)
  checkDType(operation, 'x', x, ...allowed)
  const axes = axesOf(operation, x, options.axis)
  const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (options.keepDims ? [1] : []) : [length]))
  if (axes.length === 0) return reshape(x, shape)
  const out = allocateTensor(x.backend, shape, x.dtype)
  execute({ op: 'reduce', inputs: [x], outputs: [out], attributes: { kind, axes } }, operation)
  return out
}

function axesOf(operation: string, x: Tensor, axis: number | readonly number[] | undefined): number[] {
  if (axis === undefined) return x.shape.map((_, i) => i)
  const axes = (typeof axis === 'number' ? [axis] : axis).map((each) => resolveAxis(operation, each, x.rank))
  if (new Set(axes).size !== axes.length) {
    throw new RnnError({ code: 'E_VALUE', operation, problem: `an axis is named twice in [${String(axis)}]` })
  }
  return axes.toSorted((a, b) => a - b)
}

/** Sum; float32 or int32. Over nothing: 0. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('sum', 'sum', x, options, ['float32', 'int32'])
}

/** Arithmetic mean; float32. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('mean', 'mean', x, options, ['float32'])
}

/** Largest element; for bool, whether any is true. Equal maxima share the gradient evenly. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('max', 'max', x, options, ['float32', 'int32', 'bool'])
}

/** Smallest element; for bool, whether all are true. Equal minima share the gradient evenly. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('min', 'min', x, options, ['float32', 'int32', 'bool'])
}

/** Product; float32 or int32. Over nothing: 1. */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('product', 'prod', x, options, ['float32', 'int32'])
}

/** Index of the largest element along an axis (default: the last), int32; the lowest index among equals. */
export function argmax(x: Tensor, axis = -1): Tensor {
  assertUsable('argmax', x)
  checkDType('argmax', 'x', x, 'float32', 'int32')
  const resolved = resolveAxis('argmax', axis, x.rank)
  if (x.shape[resolved] === 0)
    throw new RnnError({ code: 'E_SHAPE', operation: 'argmax', problem: `axis ${axis} is empty` })
  const out = allocateTensor(x.backend, x.shape.toSpliced(resolved, 1), 'int32')
  execute({ op: 'argmax', inputs: [x], outputs: [out], attributes: { axis: resolved } })
  return out
}

/** The `k` largest of the last axis in descending order, with their int32 indices; among equals the lower index first. */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  assertUsable('topK', x)
  checkDType('topK', 'x', x, 'float32', 'int32')
  const length = x.shape[resolveAxis('topK', -1, x.rank)] ?? 0
  if (!Number.isInteger(k) || k < 1 || k > length) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'topK',
      problem: `k = ${k} of ${length} elements`,
      fix: `use 1 … ${length}`,
    })
  }
  const shape = [...x.shape.slice(0, -1), k]
  const values = allocateTensor(x.backend, shape, x.dtype)
  const indices = allocateTensor(x.backend, shape, 'int32')
  execute({ op: 'topK', inputs: [x], outputs: [values, indices], attributes: { k } })
  return { values, indices }
}

/** Sums `x` down to `shape`, the shape from which it was broadcast; float32. The gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  const missing = x.rank - shape.length
  const axes = x.shape.flatMap((length, axis) =>
    axis < missing || (shape[axis - missing] === 1 && length !== 1) ? [axis] : [],
  )
  return reshape(axes.length === 0 ? x : sum(x, { axis: axes, keepDims: true }), shape)
}
