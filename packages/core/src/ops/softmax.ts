// Softmax and its logarithm.

import { execute } from '../execute.ts'
import { resolveAxis } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { checkDType, checkTensors } from './checks.ts'
import { transpose } from './layout.ts'

/** `exp(x) / Σ exp(x)` along an axis (default: the last), shifted by the maximum; float32. A row of −∞ gives zeros. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return softmaxAlong('softmax', x, axis, false)
}

/** The logarithm of softmax, exact where softmax itself would round to 0. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return softmaxAlong('logSoftmax', x, axis, true)
}

function softmaxAlong(operation: string, x: Tensor, axis: number, log: boolean): Tensor {
  checkTensors(operation, [x])
  checkDType(operation, 'x', x, 'float32')
  const resolved = resolveAxis(operation, axis, x.rank)
  if (resolved !== x.rank - 1) {
    const order = Array.from({ length: x.rank }, (_, i) =>
      i === resolved ? x.rank - 1 : i === x.rank - 1 ? resolved : i,
    )
    return transpose(softmaxAlong(operation, transpose(x, order), -1, log), order)
  }
  const out = allocateTensor(x.backend, x.shape, 'float32')
  execute({ op: 'softmax', inputs: [x], outputs: [out], attributes: { log } }, operation)
  return out
}
