// Minimal gated recurrent unit as a layer.

import { minGruCell, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/**
 * minGRU (Feng et al. 2024) over float32 `[batch, time, features]`: `h' = (1 − z)·h + z·n`, where gate and candidate see the input alone, so that all time steps
 * are computed at once; `model.stepper` takes them one by one, to the same numbers. State: hidden. Parameters of each layer: kernel `[I, 2·units]`, bias `[2·units]`, in
 * the order z, n. It has no recurrent product, and so no recurrent dropout.
 *
 * ```ts
 * minGru({ units: 256, layers: 3, dropout: 0.1 }) // one layer alone sees no order: stack them
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function minGru(options: RecurrentOptions): Recurrent<readonly [hidden: Tensor]> {
  return new Recurrent(minGruCell, options, { type: 'minGru' })
}
