// Gated recurrent unit as a layer.

import { gruCell, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/**
 * Gated recurrent unit (Cho et al. 2014), reset after the recurrent product, over float32 `[batch, time, features]`. State: hidden. Parameters of
 * each layer: kernel `[I, 3·units]`, recurrent `[units, 3·units]`, bias and recurrentBias `[3·units]`, gates in the order r, z, n.
 *
 * ```ts
 * gru({ units: 256, returns: 'last' })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function gru(options: RecurrentOptions): Recurrent<readonly [hidden: Tensor]> {
  return new Recurrent(gruCell, options, { type: 'gru' })
}
