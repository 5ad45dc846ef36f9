// Minimal long short-term memory as a layer.

import { minLstmCell, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/**
 * minLSTM (Feng et al. 2024) over float32 `[batch, time, features]`: `h' = f/(f+i)·h + i/(f+i)·n`, where gates and candidate see the input alone, so that all time
 * steps are computed at once; `model.stepper` takes them one by one, to the same numbers. State: hidden. Parameters of each layer: kernel `[I, 3·units]`,
 * bias `[3·units]`, in the order f, i, n. It has no recurrent product, and so no recurrent dropout.
 *
 * ```ts
 * minLstm({ units: 256, layers: 3, dropout: 0.1 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function minLstm(options: RecurrentOptions): Recurrent<readonly [hidden: Tensor]> {
  return new Recurrent(minLstmCell, options, { type: 'minLstm' })
}
