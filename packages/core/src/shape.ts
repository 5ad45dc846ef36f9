// Shapes: sizes, strides and broadcasting. Everything that knows NumPy's rules is here.

import { RnnError } from './errors.ts'

/** Lengths of the dimensions, outermost first; `[]` is a scalar. */
export type Shape = readonly number[]

/** Number of elements of a shape; 1 for a scalar, 0 where any dimension is 0. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** `[2, 3]`, as messages show shapes. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** Whether two shapes are equal, dimension by dimension. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis])
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1)
  return strides
}

/**
 * The shape that two shapes broadcast to by NumPy's rule (aligned at the right; equal, or one of them 1 or missing).
 *
 * @throws E_SHAPE when they don't
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a
  const rank = Math.max(a.length, b.length)
  const out = new Array<number>(rank)
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation,
        problem: `shapes ${formatShape(a)} and ${formatShape(b)} don't broadcast (${left} against ${right})`,
        fix: 'dimensions, aligned at the right, must be equal or 1',
      })
    }
    out[axis] = left === 1 ? right : left
  }
  return out
}

/** Strides, in elements, with which a contiguous operand of shape `from` walks over `to`: 0 along each dimension that it repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from)
  const missing = to.length - from.length
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : (own[axis - missing] ?? 0)))
}

/** An axis counted from the front; negative axes count from the back. @throws E_VALUE outside −rank … rank−1 */
export function resolveAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `axis ${axis} of a tensor with ${rank} dimension${rank === 1 ? '' : 's'}`,
      fix: rank === 0 ? 'a scalar has no axes' : `use ${-rank} … ${rank - 1}`,
    })
  }
  return axis < 0 ? axis + rank : axis
}
