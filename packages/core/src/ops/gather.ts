// Rows of a table by index, and one-hot rows.

import { execute } from '../execute.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { equal } from './binary.ts'
import { RnnError } from '../errors.ts'
import { checkDType, checkTensors } from './checks.ts'
import { arange } from './creation.ts'
import { cast } from './layout.ts'
import { reshape } from './views.ts'

/**
 * Rows of a table: `out[i, …] = table[indices[i], …]`. The index −1 stands for no row: zeros, and no gradient.
 *
 * @param table `[N, …row]`
 * @param indices int32 of any shape
 * @returns `[…indices.shape, …row]`
 * @throws E_INDEX_RANGE, at once or at the next read, for any other index outside 0 … N−1
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  checkTensors('gather', [table, indices])
  checkDType('gather', 'indices', indices, 'int32')
  if (table.rank === 0)
    throw new RnnError({ code: 'E_SHAPE', operation: 'gather', problem: 'the table is a scalar and has no rows' })
  const out = allocateTensor(table.backend, [...indices.shape, ...table.shape.slice(1)], table.dtype)
  execute({ op: 'gather', inputs: [table, indices], outputs: [out], attributes: {} })
  return out
}

/**
 * 1 at each index and 0 elsewhere, along a new last axis; a row of zeros for an index outside 0 … depth−1.
 *
 * @param indices int32 of any shape
 * @returns float32 `[…indices.shape, depth]`
 */
export function oneHot(indices: Tensor, depth: number): Tensor {
  checkTensors('oneHot', [indices])
  checkDType('oneHot', 'indices', indices, 'int32')
  const classes = arange(depth, { backend: indices.backend })
  const hot = cast(equal(reshape(indices, [...indices.shape, 1]), classes), 'float32')
  classes.dispose()
  return hot
}
