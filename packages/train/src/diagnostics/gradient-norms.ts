// How large gradients are, parameter by parameter.

import { readTensors, RnnError, scope, sqrt, stack, sumOfSquares, type Tensor } from '@rnn/core'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'

/**
 * The Euclidean norm of each gradient, as one tensor.
 *
 * @returns float32 `[gradients]` in the order of `Object.keys`; it belongs to the caller's scope
 * @throws E_VALUE when there are none
 */
export function normsOnDevice(gradients: NamedTensors): Tensor {
  const tensors = Object.values(gradients)
  const [first] = tensors
  if (first === undefined)
    throw new RnnError({ code: 'E_VALUE', operation: 'gradientNorms', problem: 'there are no gradients' })
  return scope(first.backend, () => sqrt(stack(tensors.map((gradient) => sumOfSquares([gradient])))))
}

/**
 * The Euclidean norm of each gradient by the path of its parameter, read at once.
 *
 * ```ts
 * using step = trainer.computeGradients(batch)
 * const norms = await gradientNorms(step.gradients) // { '0.kernel': 0.31, '1.kernel': 0.08, … }
 * ```
 *
 * @throws E_VALUE when there are none
 */
export async function gradientNorms(gradients: NamedTensors): Promise<Record<string, number>> {
  const tensor = normsOnDevice(gradients)
  const reading = readTensors([tensor])
  tensor.dispose() // a read gives the values as of its call
  const [values = []] = await reading
  return Object.fromEntries(Object.keys(gradients).map((path, i) => [path, values[i] ?? Number.NaN]))
}
