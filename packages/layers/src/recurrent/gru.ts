// Gated recurrent unit as a layer.

import { gruVariant, type GruOptions, type Tensor } from '@rnn/core'
import { separate, type RecurrentOptions } from './recurrent-options.ts'
import type { Recurrent } from './recurrent.ts'
import { rnn } from './rnn.ts'

/** Options of `gru`. */
export interface GruLayerOptions extends RecurrentOptions, GruOptions {}

/** JSON types of `GruOptions`. */
export const GRU_OPTION_TYPES = {
  resetAfter: 'boolean',
  recurrentActivation: 'string',
  activation: 'string',
  clip: 'number',
} as const

/**
 * Gated recurrent unit (Cho et al. 2014), reset after the recurrent product, over float32 `[batch, time, features]`. State: hidden. Parameters of
 * each layer: kernel `[I, 3·units]`, recurrent `[units, 3·units]`, bias and recurrentBias `[3·units]`, gates in the order r, z, n.
 *
 * ```ts
 * gru({ units: 256, returns: 'last' })
 * ```
 *
 * `resetAfter: false` resets before the product, and has no recurrentBias; `recurrentActivation`, `activation` and `clip` change the equations too, as
 * `gruVariant` of `@rnn/core` says. Reset before the product, with hard-sigmoid gates, or both, it runs as one op,
 * like the usual GRU, on the backends that have it (cpu, wasm); all else runs step by step.
 *
 * @throws E_VALUE for options out of range
 */
export function gru(options: GruLayerOptions): Recurrent<readonly [hidden: Tensor]> {
  const [own, rest] = separate<GruOptions, RecurrentOptions>(options, GRU_OPTION_TYPES)
  return rnn(gruVariant(own), rest)
}
