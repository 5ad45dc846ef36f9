// The simple recurrent network as a layer.

import { simpleVariant, type SimpleOptions, type Tensor } from '@rnn/core'
import { separate, type RecurrentOptions } from './recurrent-options.ts'
import type { Recurrent } from './recurrent.ts'
import { rnn } from './rnn.ts'

/** Options of `simpleRnn`. */
export interface SimpleRnnOptions extends RecurrentOptions, SimpleOptions {}

/** JSON types of `SimpleOptions`. */
export const SIMPLE_OPTION_TYPES = { activation: 'string', clip: 'number' } as const

/**
 * Simple recurrent network (Elman 1990) over float32 `[batch, time, features]`. State: hidden. Parameters of each layer: kernel `[I, units]`,
 * recurrent `[units, units]`, bias `[units]`. With other activations than tanh and relu, or with `clip`, it runs step by step.
 *
 * ```ts
 * simpleRnn({ units: 32, activation: 'relu' })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function simpleRnn(options: SimpleRnnOptions): Recurrent<readonly [hidden: Tensor]> {
  const [own, rest] = separate<SimpleOptions, RecurrentOptions>(options, SIMPLE_OPTION_TYPES)
  return rnn(simpleVariant(own), rest)
}
