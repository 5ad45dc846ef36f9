// The independently recurrent network as a layer.

import { indRnnReluCell, indRnnTanhCell, type Tensor } from '@rnn/core'
import { checkChoice } from '../checks.ts'
import type { RecurrentOptions } from './recurrent-options.ts'
import type { Recurrent } from './recurrent.ts'
import { rnn } from './rnn.ts'

/** Options of `indRnn`. */
export interface IndRnnOptions extends RecurrentOptions {
  /** Default: relu. */
  readonly activation?: 'relu' | 'tanh'
}

/**
 * Independently recurrent network (Li et al. 2018) over float32 `[batch, time, features]`: each unit sees only its own state, so that many layers can
 * be stacked and very long sequences learned. State: hidden. Parameters of each layer: kernel `[I, units]`, recurrent and bias `[units]`.
 *
 * ```ts
 * indRnn({ units: 128, layers: 4 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function indRnn(options: IndRnnOptions): Recurrent<readonly [hidden: Tensor]> {
  const { activation = 'relu', ...rest } = options
  checkChoice('indRnn', 'activation', activation, ['relu', 'tanh'])
  return rnn(activation === 'relu' ? indRnnReluCell : indRnnTanhCell, rest)
}
