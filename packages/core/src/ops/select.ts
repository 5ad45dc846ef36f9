// Choosing between two tensors by a mask.

import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import { broadcastShapes } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { checkDType, checkScalar, checkTensors } from './checks.ts'

/**
 * `mask ? a : b`, element by element, broadcast. One of `a` and `b` may be a number.
 *
 * ```ts
 * const masked = select(less(positions, lengths), scores, -Infinity)
 * ```
 *
 * @param mask bool
 */
export function select(mask: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const left = typeof a === 'number' ? null : a
  const right = typeof b === 'number' ? null : b
  const known = left ?? right
  if (known === null) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'select',
      problem: 'both choices are numbers, so no dtype is named',
      fix: 'make one a tensor',
    })
  }
  checkTensors('select', [mask, left, right])
  checkDType('select', 'mask', mask, 'bool')
  if (left !== null && right !== null) checkDType('select', 'b', right, left.dtype)
  const scalar = typeof a === 'number' ? a : typeof b === 'number' ? b : undefined
  checkScalar('select', scalar, known)
  let shape = broadcastShapes('select', mask.shape, known.shape)
  if (left !== null && right !== null) shape = broadcastShapes('select', shape, right.shape)
  const out = allocateTensor(known.backend, shape, known.dtype)
  execute({
    op: 'select',
    inputs: [mask, left, right],
    outputs: [out],
    attributes: scalar === undefined ? {} : { scalar },
  })
  return out
}
