// Checks that many ops share. They run before anything is allocated.

import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { formatShape, type Shape } from '../shape.ts'
import { assertSameBackend, assertUsable, type Tensor } from '../tensor.ts'

/** @throws E_DISPOSED, E_BACKEND_MISMATCH */
export function checkTensors(operation: string, tensors: readonly (Tensor | null | undefined)[]): void {
  let first: Tensor | undefined
  for (const tensor of tensors) {
    if (tensor == null) continue
    assertUsable(operation, tensor)
    first ??= tensor
    assertSameBackend(operation, first, tensor)
  }
}

/** @throws E_DTYPE unless the tensor has one of the dtypes */
export function checkDType(operation: string, name: string, tensor: Tensor, ...allowed: readonly DType[]): void {
  if (allowed.includes(tensor.dtype)) return
  throw new RnnError({
    code: 'E_DTYPE',
    operation,
    problem: `${name} is ${tensor.dtype}, expected ${allowed.join(' or ')}`,
    fix: `convert it with cast(${name}, '${allowed[0] ?? 'float32'}')`,
  })
}

/** @throws E_VALUE unless the number is a value of the dtype of the tensor beside it: 0.5 would become 0 among whole numbers */
export function checkScalar(operation: string, scalar: number | undefined, beside: Tensor): void {
  const { dtype } = beside
  if (scalar === undefined || dtype === 'float32' || (scalar | 0) === scalar) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${scalar} is no ${dtype}, which the tensor beside it is`,
    fix: "convert that tensor first: cast(x, 'float32')",
  })
}

/** @throws E_SHAPE unless the tensor has exactly this shape */
export function checkShape(operation: string, name: string, tensor: Tensor, expected: Shape): void {
  if (tensor.shape.length === expected.length && tensor.shape.every((length, axis) => length === expected[axis])) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `${name} has shape ${formatShape(tensor.shape)}, expected ${formatShape(expected)}`,
  })
}

/** @throws E_SHAPE unless the tensor has this many dimensions; `layout` says which, for people: `[batch, time, units]` */
export function checkRank(operation: string, name: string, tensor: Tensor, rank: number, layout: string): void {
  if (tensor.rank === rank) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `${name} has shape ${formatShape(tensor.shape)}, expected ${layout}`,
  })
}
