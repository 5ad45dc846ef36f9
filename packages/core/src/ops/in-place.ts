// The only functions that change a tensor's elements. None is recorded: a tape finds out by the version of the storage.

import type { Backend } from '../contract/backend.ts'
import { RnnError } from '../errors.ts'
import { run } from '../execute.ts'
import { recorderOf } from '../recorder.ts'
import { formatShape } from '../shape.ts'
import { alias, type Tensor } from '../tensor.ts'
import { checkDType, checkShape, checkTensors } from './checks.ts'

/** `target = x`. Shapes and dtypes are equal. */
export function assign(target: Tensor, x: Tensor): void {
  copyInto('assign', target, x, false)
}

/** `target += x`. Shapes and dtypes are equal. */
export function accumulate(target: Tensor, x: Tensor): void {
  copyInto('accumulate', target, x, true)
}

/** @throws E_NOT_DIFFERENTIABLE when a tape follows the target or an input: it could follow neither the change nor what goes into it */
function checkUntracked(operation: string, target: Tensor, ...inputs: readonly Tensor[]): void {
  const changed = recorderOf(operation, [target]) !== undefined
  if (!changed && recorderOf(operation, inputs) === undefined) return
  throw new RnnError({
    code: 'E_NOT_DIFFERENTIABLE',
    operation,
    problem: `${changed ? 'the target' : 'an input'} is part of a gradient computation, which does not follow changes in place`,
    fix: changed ? 'make a new tensor, or change it after the gradients are computed' : 'pass detach(x)',
  })
}

function copyInto(operation: string, target: Tensor, x: Tensor, accumulating: boolean): void {
  checkTensors(operation, [target, x])
  checkUntracked(operation, target, x)
  checkDType(operation, 'x', x, target.dtype)
  checkShape(operation, 'x', x, target.shape)
  run({ op: 'copy', inputs: [x], outputs: [target], attributes: { accumulate: accumulating } }, operation)
}

/** `target = values` from the host: as many elements as the target has, which must be contiguous. */
export function assignFromHost(target: Tensor, values: Float32Array | Int32Array): void {
  checkTensors('assign', [target])
  checkUntracked('assign', target)
  if (values.length !== target.size || target.placement.rows !== undefined) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'assign',
      problem: `${values.length} values for a tensor of shape ${formatShape(target.shape)}`,
    })
  }
  if (values instanceof Float32Array !== (target.dtype === 'float32')) {
    throw new RnnError({
      code: 'E_DTYPE',
      operation: 'assign',
      problem: `a ${values.constructor.name} for a ${target.dtype} tensor`,
    })
  }
  const backend: Backend = target.backend
  backend.write(target.storage.buffer, values, target.placement.byteOffset)
  target.storage.version++
}

/** Every element of `target` becomes `value`. */
export function fillInto(target: Tensor, value: number): void {
  checkTensors('fillInto', [target])
  checkUntracked('fillInto', target)
  run({ op: 'fill', inputs: [], outputs: [target], attributes: { value } }, 'fillInto')
}

/**
 * `target += a · b`, float32, for matrices or batches of them with one batch axis. A target without a batch, or with a batch of 1, gets the sum of
 * all products.
 *
 * @throws E_SHAPE
 */
export function matmulInto(
  target: Tensor,
  a: Tensor,
  b: Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): void {
  checkTensors('matmulInto', [target, a, b])
  checkUntracked('matmulInto', target, a, b)
  for (const [name, each] of Object.entries({ target, a, b })) checkDType('matmulInto', name, each, 'float32')
  const { transposeA = false, transposeB = false } = options
  const [m, k] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)]
  const [inner, n] = transposeB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)]
  const batched = Math.max(target.rank, a.rank, b.rank) === 3
  const [targetBatch, batchA, batchB] = [target, a, b].map((each) => (each.rank === 3 ? (each.shape[0] ?? 0) : 1)) as [
    number,
    number,
    number,
  ]
  const batch = batchA === 1 ? batchB : batchA
  const fits =
    k === inner && target.shape.at(-2) === m && target.shape.at(-1) === n && Math.max(target.rank, a.rank, b.rank) <= 3
  if (!fits || (batchB !== 1 && batchB !== batch) || (targetBatch !== 1 && targetBatch !== batch)) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'matmulInto',
      problem: `${formatShape(a.shape)} × ${formatShape(b.shape)} into ${formatShape(target.shape)}`,
    })
  }
  const attributes = { transposeA, transposeB, accumulate: true }
  const views: Tensor[] = []
  const ranked = (each: Tensor): Tensor => {
    if (!batched || each.rank === 3) return each
    const view = alias(each, [1, ...each.shape])
    views.push(view)
    return view
  }
  run({ op: 'matmul', inputs: [ranked(a), ranked(b), null], outputs: [ranked(target)], attributes }, 'matmulInto')
  for (const view of views) view.dispose()
}

/** `table[indices[i], …] += updates[i, …]`, in ascending i; −1 is skipped. */
export function scatterAdd(table: Tensor, indices: Tensor, updates: Tensor): void {
  checkTensors('scatterAdd', [table, indices, updates])
  checkUntracked('scatterAdd', table, updates)
  checkDType('scatterAdd', 'indices', indices, 'int32')
  checkDType('scatterAdd', 'updates', updates, table.dtype)
  checkShape('scatterAdd', 'updates', updates, [...indices.shape, ...table.shape.slice(1)])
  run({ op: 'scatterAdd', inputs: [indices, updates], outputs: [table], attributes: {} })
}
