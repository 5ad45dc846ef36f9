// Long short-term memory as a layer.

import { lstmCell, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997) over float32 `[batch, time, features]`. States: hidden and cell. Parameters of each
 * layer: kernel `[I, 4·units]`, recurrent `[units, 4·units]`, bias `[4·units]`, gates in the order i, f, g, o.
 *
 * ```ts
 * lstm({ units: 128, layers: 2, dropout: 0.3, returns: 'last' })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function lstm(options: RecurrentOptions): Recurrent<readonly [hidden: Tensor, cell: Tensor]> {
  return new Recurrent(lstmCell, options, { type: 'lstm' })
}
