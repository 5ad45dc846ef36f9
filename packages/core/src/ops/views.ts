// Other looks at the same elements: reshape, slice, split, unstack, detach. None copies unless the strides leave no choice.

import { BYTES_PER_ELEMENT } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { recorderOf } from '../recorder.ts'
import { formatShape, resolveAxis, sizeOf, type Shape } from '../shape.ts'
import { alias, assertUsable, contiguousCopy, type Placement, type Tensor } from '../tensor.ts'

/**
 * The same elements in another shape; one dimension may be −1: whatever is left.
 *
 * @throws E_SHAPE when the sizes differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  assertUsable('reshape', x)
  const target = inferDimension(x, shape)
  const recorder = recorderOf('reshape', [x])
  const y = viewOrCopy(x, target, reshapedPlacement(x, target))
  recorder?.record({ op: 'reshape', inputs: [x], outputs: [y], attributes: {} }, 'reshape')
  return y
}

function inferDimension(x: Tensor, shape: Shape): Shape {
  const open = shape.filter((length) => length === -1).length
  const known = sizeOf(shape.filter((length) => length !== -1))
  const target = open === 1 && known > 0 ? shape.map((length) => (length === -1 ? x.size / known : length)) : shape
  if (target.every((length) => Number.isInteger(length) && length >= 0) && sizeOf(target) === x.size) return target
  throw new RnnError({
    code: 'E_SHAPE',
    operation: 'reshape',
    problem: `${formatShape(x.shape)} holds ${x.size} elements, which don't fit ${formatShape(shape)}`,
  })
}

/** Rows survive a reshape when some trailing dimensions of the new shape make up one row. */
function reshapedPlacement(x: Tensor, shape: Shape): Placement | undefined {
  const { rows } = x.placement
  if (rows === undefined) return x.placement
  let inner = 1
  for (let axis = shape.length - 1; axis >= 0 && inner < rows.length; axis--) inner *= shape[axis] ?? 1
  return inner === rows.length ? x.placement : undefined
}

function viewOrCopy(x: Tensor, shape: Shape, placement: Placement | undefined): Tensor {
  if (placement !== undefined) return alias(x, shape, placement)
  const copy = contiguousCopy(x)
  const view = alias(copy, shape)
  copy.dispose()
  return view
}

/**
 * `size` consecutive pieces of one axis, from `start`. Its gradient is added into that region alone, never padded.
 *
 * ```ts
 * const previous = slice(h, 1, 0, T - 1) // h[:, :-1]
 * ```
 *
 * @param axis negative axes count from the back
 * @throws E_VALUE outside the axis
 */
export function slice(x: Tensor, axis: number, start: number, size: number): Tensor {
  assertUsable('slice', x)
  const resolved = resolveAxis('slice', axis, x.rank)
  const length = x.shape[resolved] ?? 0
  if (!Number.isInteger(start) || !Number.isInteger(size) || start < 0 || size < 0 || start + size > length) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'slice',
      problem: `${start} … ${start + size} of axis ${axis}, which has ${length} (shape ${formatShape(x.shape)})`,
    })
  }
  const recorder = recorderOf('slice', [x])
  const y = sliceView(x, resolved, start, size)
  recorder?.record({ op: 'slice', inputs: [x], outputs: [y], attributes: { axis: resolved, start } }, 'slice')
  return y
}

/** An untracked slice of an axis counted from the front. Also serves tapes, which add into regions of gradients. */
export function sliceView(x: Tensor, axis: number, start: number, size: number): Tensor {
  const shape = x.shape.with(axis, size)
  const placement = slicedPlacement(x, axis, start, size)
  if (placement !== undefined) return alias(x, shape, placement)
  const copy = contiguousCopy(x)
  const view = sliceView(copy, axis, start, size)
  copy.dispose()
  return view
}

/** Where a slice lies, or undefined when rows alone can't say it. */
function slicedPlacement(x: Tensor, axis: number, start: number, size: number): Placement | undefined {
  const { byteOffset, rows } = x.placement
  const length = x.shape[axis] ?? 0
  if (size === length || sizeOf(x.shape) === 0) return x.placement
  const outer = sizeOf(x.shape.slice(0, axis))
  const inner = sizeOf(x.shape.slice(axis + 1))
  const block = length * inner
  const at = (elements: number): number => byteOffset + elements * BYTES_PER_ELEMENT
  const withRows = (offset: number, rowLength: number, stride: number, count: number): Placement =>
    count === 1 || rowLength === stride
      ? { byteOffset: offset }
      : { byteOffset: offset, rows: { length: rowLength, stride } }

  if (rows === undefined) return withRows(at(start * inner), size * inner, block, outer)
  // Each row holds exactly one block of the axis: the slice shortens the rows.
  if (rows.length === block) return withRows(at(start * inner), size * inner, rows.stride, outer)
  // Each block spans several whole rows: the slice takes some of those rows.
  if (inner % rows.length === 0) {
    const rowsPerPiece = inner / rows.length
    const offset = at(start * rowsPerPiece * rows.stride)
    if (outer === 1) return withRows(offset, rows.length, rows.stride, size * rowsPerPiece)
    if (size * rowsPerPiece === 1) return withRows(offset, rows.length, length * rowsPerPiece * rows.stride, outer)
  }
  return undefined
}

/**
 * Consecutive pieces along an axis (default: the last): `parts` equal ones, or of the given sizes.
 *
 * ```ts
 * const [xr, xz, xn] = split(projected, 3)
 * ```
 *
 * @throws E_SHAPE when they don't fill the axis exactly
 */
export function split<N extends number>(x: Tensor, parts: N, axis?: number): Pieces<N>
export function split(x: Tensor, sizes: readonly number[], axis?: number): Tensor[]
export function split(x: Tensor, parts: number | readonly number[], axis = -1): Tensor[] {
  const resolved = resolveAxis('split', axis, x.rank)
  const length = x.shape[resolved] ?? 0
  const sizes = typeof parts === 'number' ? equalParts(length, parts) : parts
  const total = sizes?.reduce((left, right) => left + right, 0)
  if (sizes === undefined || total !== length || !sizes.every(Number.isInteger)) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'split',
      problem: `axis ${axis} of ${formatShape(x.shape)} can't be split into ${typeof parts === 'number' ? `${parts} equal parts` : `sizes ${formatShape(parts)}`}`,
    })
  }
  let start = 0
  return sizes.map((size) => {
    const piece = slice(x, resolved, start, size)
    start += size
    return piece
  })
}

/** Undefined for a number of parts that is none, or that the length is no multiple of. */
function equalParts(length: number, parts: number): number[] | undefined {
  if (!(Number.isInteger(parts) && parts >= 1 && length % parts === 0)) return undefined
  return new Array<number>(parts).fill(length / parts)
}

/** A tuple of N tensors for the common numbers of gates, else an array. */
export type Pieces<N extends number> = N extends 1
  ? [Tensor]
  : N extends 2
    ? [Tensor, Tensor]
    : N extends 3
      ? [Tensor, Tensor, Tensor]
      : N extends 4
        ? [Tensor, Tensor, Tensor, Tensor]
        : Tensor[]

/** The pieces of length 1 along an axis (default: the first), without that axis. */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  const resolved = resolveAxis('unstack', axis, x.rank)
  const shape = x.shape.toSpliced(resolved, 1)
  return Array.from({ length: x.shape[resolved] ?? 0 }, (_, i) => reshape(slice(x, resolved, i, 1), shape))
}

/** The same elements, followed by no recorder: gradients stop here. Cuts sequences for truncated backpropagation through time. */
export function detach(x: Tensor): Tensor {
  return alias(x)
}
