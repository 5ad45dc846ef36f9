// Which time steps of a padded batch count.

import { arange, formatShape, less, reshape, RnnError, type Tensor } from '@rnn/core'
import { checkSequence } from '../checks.ts'

/** bool `[batch, time, 1]`: whether the row still runs at that step. */
export function timeMask(lengths: Tensor, time: number): Tensor {
  const positions = reshape(arange(time, { backend: lengths.backend }), [1, time, 1])
  return less(positions, reshape(lengths, [lengths.size, 1, 1]))
}

/** Checks of all layers that pool over time. @throws E_SHAPE, E_DTYPE */
export function checkPooling(operation: string, x: Tensor, lengths: Tensor | undefined): void {
  checkSequence(operation, x)
  if (lengths === undefined) return
  if (lengths.rank !== 1 || lengths.size !== x.shape[0]) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `lengths have shape ${formatShape(lengths.shape)}, expected [${x.shape[0] ?? 0}]`,
    })
  }
  if (lengths.dtype !== 'int32') {
    throw new RnnError({ code: 'E_DTYPE', operation, problem: `lengths are ${lengths.dtype}, expected int32` })
  }
}
