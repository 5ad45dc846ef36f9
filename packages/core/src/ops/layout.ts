// Ops that move elements: cast, transpose, concat, stack, pad.

import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import { formatShape, resolveAxis, type Shape } from '../shape.ts'
import { allocateTensor, assertUsable, type Tensor } from '../tensor.ts'
import { checkDType, checkTensors } from './checks.ts'
import { reshape } from './views.ts'

/** The elements as another dtype: float32 → int32 truncates toward zero, → bool is "not zero". The same dtype gives an alias. */
export function cast(x: Tensor, dtype: DType): Tensor {
  assertUsable('cast', x)
  if (x.dtype === dtype) return reshape(x, x.shape)
  const out = allocateTensor(x.backend, x.shape, dtype)
  execute({ op: 'copy', inputs: [x], outputs: [out], attributes: { accumulate: false } }, 'cast')
  return out
}

/** A copy in a buffer of its own. */
export function copy(x: Tensor): Tensor {
  assertUsable('copy', x)
  const out = allocateTensor(x.backend, x.shape, x.dtype)
  execute({ op: 'copy', inputs: [x], outputs: [out], attributes: { accumulate: false } })
  return out
}

/** The tensor itself (an alias) where its elements lie next to one another, else a copy in which they do. */
export function contiguous(x: Tensor): Tensor {
  return x.placement.rows === undefined ? reshape(x, x.shape) : copy(x)
}

/** Reorders the axes: axis `i` of the result is axis `permutation[i]` of x. Default: the last two change places. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  assertUsable('transpose', x)
  const axes = permutation?.map((axis) => resolveAxis('transpose', axis, x.rank)) ?? swapLastTwo(x.rank)
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'transpose',
      problem: `[${String(permutation)}] is no permutation of the axes of ${formatShape(x.shape)}`,
    })
  }
  if (axes.every((axis, i) => axis === i)) return reshape(x, x.shape)
  const shape = axes.map((axis) => x.shape[axis] ?? 1)
  const out = allocateTensor(x.backend, shape, x.dtype)
  execute({ op: 'transpose', inputs: [x], outputs: [out], attributes: { permutation: axes } })
  return out
}

function swapLastTwo(rank: number): number[] {
  if (rank < 2) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'transpose',
      problem: `a tensor with ${rank} dimension has no two axes`,
    })
  }
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2))
}

/** Joins tensors along an axis (default: the last); all other dimensions are equal. */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  const [first] = tensors
  if (first === undefined)
    throw new RnnError({ code: 'E_VALUE', operation: 'concat', problem: 'no tensors were given' })
  checkTensors('concat', tensors)
  const resolved = resolveAxis('concat', axis, first.rank)
  let length = 0
  for (const each of tensors) {
    checkDType('concat', 'tensors', each, first.dtype)
    if (each.rank !== first.rank || each.shape.some((size, i) => i !== resolved && size !== first.shape[i])) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'concat',
        problem: `shapes ${formatShape(first.shape)} and ${formatShape(each.shape)} differ outside axis ${axis}`,
      })
    }
    length += each.shape[resolved] ?? 0
  }
  const out = allocateTensor(first.backend, first.shape.with(resolved, length), first.dtype)
  execute({ op: 'concat', inputs: tensors, outputs: [out], attributes: { axis: resolved } })
  return out
}

/** Joins tensors of one shape along a new axis (default: the first). */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors
  if (first === undefined) throw new RnnError({ code: 'E_VALUE', operation: 'stack', problem: 'no tensors were given' })
  const resolved = resolveAxis('stack', axis, first.rank + 1)
  return concat(
    tensors.map((each) => reshape(each, each.shape.toSpliced(resolved, 0, 1))),
    resolved,
  )
}

/** Surrounds x with `value`: `widths[i]` is `[before, after]` for axis i. */
export function pad(x: Tensor, widths: readonly (readonly [before: number, after: number])[], value = 0): Tensor {
  assertUsable('pad', x)
  if (widths.length !== x.rank || widths.flat().some((width) => !Number.isInteger(width) || width < 0)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'pad',
      problem: `widths ${JSON.stringify(widths)} for shape ${formatShape(x.shape)}`,
      fix: 'give [before, after] for each axis, 0 or more',
    })
  }
  const before = widths.map(([width]) => width)
  const after = widths.map(([, width]) => width)
  const shape = x.shape.map((length, axis) => length + (before[axis] ?? 0) + (after[axis] ?? 0))
  const out = allocateTensor(x.backend, shape, x.dtype)
  execute({ op: 'pad', inputs: [x], outputs: [out], attributes: { before, after, value } })
  return out
}

/** The elements repeated to a larger shape by NumPy's rule. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  assertUsable('broadcastTo', x)
  const missing = shape.length - x.rank
  if (missing < 0 || x.shape.some((length, axis) => length !== 1 && length !== shape[axis + missing])) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'broadcastTo',
      problem: `${formatShape(x.shape)} can't be broadcast to ${formatShape(shape)}`,
    })
  }
  const out = allocateTensor(x.backend, shape, x.dtype)
  if (x.dtype === 'bool') {
    execute({ op: 'binary', inputs: [x, x], outputs: [out], attributes: { kind: 'and' } }, 'broadcastTo')
  } else {
    execute(
      { op: 'binary', inputs: [x, null], outputs: [out], attributes: { kind: 'multiply', scalar: 1 } },
      'broadcastTo',
    )
  }
  return out
}
