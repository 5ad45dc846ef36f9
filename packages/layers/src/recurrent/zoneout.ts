// Zoneout (Krueger et al. 2017): while training, each element of a state stays at random as it was before the step; afterwards, by its share.

import { bernoulli, splitKey, type Backend, type Cell, type Tensor } from '@rnn/core'
import type { ForwardContext } from '../context.ts'
import { requireKey } from '../layers/dropout.ts'
import type { RecurrentOptions } from './recurrent-options.ts'

type Kept = readonly (Tensor | number | undefined)[]

/**
 * What `scan` is told of zoneout: a mask for each step and state while training, the share outside; undefined where nothing is kept.
 *
 * @throws E_VALUE while training without a key
 */
export function zoneoutOf(
  operation: string,
  cell: Cell,
  { units, zoneout = 0, cellZoneout = 0 }: RecurrentOptions,
  steps: readonly [batch: number, time: number],
  backend: Backend,
  { training, key }: Pick<ForwardContext, 'training' | 'key'>,
): Kept | undefined {
  if (zoneout === 0 && cellZoneout === 0) return undefined
  return cell.stateSizes(units).map((width, s) => {
    const rate = s === 0 ? zoneout : cellZoneout
    if (rate === 0) return undefined
    if (!training) return rate
    const own = splitKey(requireKey(operation, key), `zoneout ${s}`)
    return bernoulli(own, [...steps, width], rate, { backend, dtype: 'bool' })
  })
}
