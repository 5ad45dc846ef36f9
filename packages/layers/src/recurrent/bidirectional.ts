// Both directions of a recurrent layer (Schuster & Paliwal 1997).

import { RnnError, type Tensor } from '@rnn/core'
import { checkChoice } from '../checks.ts'
import { MERGES, type Merge } from './merge.ts'
import type { Recurrent } from './recurrent.ts'

/** Options of `bidirectional`. */
export interface BidirectionalOptions {
  /** How the two outputs become one. Default: concat. */
  readonly merge?: Merge
}

/**
 * Two independent copies of a layer, one walking forward and one backward. Stacked layers are each bidirectional, and their merged output feeds
 * the next one, as in PyTorch. With `returns: 'last'` the output is the final hidden state of each direction, merged.
 *
 * ```ts
 * bidirectional(lstm({ units: 128 })) // [batch, time, features] → [batch, time, 256]
 * ```
 *
 * @param layer a description: the layer itself is not used
 * @throws E_CONFIGURATION for a layer with a direction of its own, E_VALUE for an unknown merge
 */
export function bidirectional<State extends readonly Tensor[]>(
  layer: Recurrent<State>,
  options: BidirectionalOptions = {},
): Recurrent<State> {
  const { merge = 'concat' } = options
  checkChoice('bidirectional', 'merge', merge, MERGES)
  if (layer.bidirectional || layer.options.direction === 'backward') {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'bidirectional',
      problem: `the ${layer.type} layer already has ${layer.bidirectional ? 'both directions' : "direction: 'backward'"}`,
      fix: 'give a layer without a direction',
    })
  }
  return layer.inBothDirections(merge)
}
