// How the outputs of two directions become one.

import { add, concat, mul, RnnError, type Tensor } from '@rnn/core'

/** concat: `[…, 2·units]`; the others keep `[…, units]`. */
export type Merge = 'concat' | 'sum' | 'mean' | 'product'

/** All of them. */
export const MERGES: readonly Merge[] = ['concat', 'sum', 'mean', 'product']

/** The outputs of one or two directions as one tensor. */
export function mergeOutputs(outputs: readonly Tensor[], merge: Merge): Tensor {
  const [forward, backward] = outputs
  if (forward === undefined)
    throw new RnnError({ code: 'E_VALUE', operation: 'bidirectional', problem: 'no direction' })
  if (backward === undefined) return forward
  switch (merge) {
    case 'concat':
      return concat([forward, backward])
    case 'sum':
      return add(forward, backward)
    case 'mean':
      return mul(add(forward, backward), 0.5)
    case 'product':
      return mul(forward, backward)
  }
}
