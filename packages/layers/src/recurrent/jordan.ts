// Jordan's network as a layer.

import { jordanCell, type JordanOptions, type Tensor } from '@rnn/core'
import { separate, type RecurrentOptions } from './recurrent-options.ts'
import type { Recurrent } from './recurrent.ts'
import { rnn } from './rnn.ts'

/** Options of `jordan`; `units` is the width of the hidden layer. */
export interface JordanLayerOptions extends RecurrentOptions, JordanOptions {}

/** JSON types of `JordanOptions`. */
export const JORDAN_OPTION_TYPES = { outputs: 'number', activation: 'string', outputActivation: 'string' } as const

/**
 * Jordan's network (Jordan 1986) over float32 `[batch, time, features]`: a hidden layer and an output, which is fed back at the next step. State, and what
 * the layer gives: the output `[batch, time, outputs]`, of a sigmoid unless `outputActivation` says otherwise. Parameters of each layer: kernel
 * `[I, units]`, feedback `[outputs, units]`, bias `[units]`, output `[units, outputs]`, outputBias `[outputs]`.
 *
 * ```ts
 * jordan({ units: 16, outputs: 1, inputSize: 1 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function jordan(options: JordanLayerOptions): Recurrent<readonly [output: Tensor]> {
  const [own, rest] = separate<JordanOptions, RecurrentOptions>(options, JORDAN_OPTION_TYPES)
  return rnn(jordanCell(own), rest)
}
