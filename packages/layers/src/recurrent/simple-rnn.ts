// The simple recurrent network as a layer.

import { simpleCell, simpleReluCell, type Tensor } from '@rnn/core'
import { checkChoice } from '../checks.ts'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/** Options of `simpleRnn`. */
export interface SimpleRnnOptions extends RecurrentOptions {
  /** Default: tanh. */
  readonly activation?: 'tanh' | 'relu'
}

/**
 * Simple recurrent network (Elman 1990) over float32 `[batch, time, features]`. State: hidden. Parameters of each layer: kernel `[I, units]`,
 * recurrent `[units, units]`, bias `[units]`.
 *
 * ```ts
 * simpleRnn({ units: 32, activation: 'relu' })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function simpleRnn(options: SimpleRnnOptions): Recurrent<readonly [hidden: Tensor]> {
  const { activation = 'tanh', ...rest } = options
  checkChoice('simpleRnn', 'activation', activation, ['tanh', 'relu'])
  const cell = activation === 'relu' ? simpleReluCell : simpleCell
  return new Recurrent(cell, rest, { type: 'simpleRnn', options: { activation } })
}
