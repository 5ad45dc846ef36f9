// Long short-term memory as a layer.

import { lstmVariant, type LstmOptions, type Tensor } from '@rnn/core'
import { separate, type RecurrentOptions } from './recurrent-options.ts'
import type { Recurrent } from './recurrent.ts'
import { rnn } from './rnn.ts'

/** Options of `lstm`. */
export interface LstmLayerOptions extends RecurrentOptions, LstmOptions {}

/** JSON types of `LstmOptions`. */
export const LSTM_OPTION_TYPES = {
  peepholes: 'boolean',
  coupledGates: 'boolean',
  projection: 'number',
  layerNorm: 'boolean',
  recurrentActivation: 'string',
  activation: 'string',
  clip: 'number',
} as const

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997) over float32 `[batch, time, features]`. States: hidden and cell. Parameters of each
 * layer: kernel `[I, 4·units]`, recurrent `[units, 4·units]`, bias `[4·units]`, gates in the order i, f, g, o.
 *
 * ```ts
 * lstm({ units: 128, layers: 2, dropout: 0.3, returns: 'last' })
 * ```
 *
 * `peepholes`, `coupledGates`, `projection`, `layerNorm`, `recurrentActivation`, `activation` and `clip` change its equations, and the first four
 * its parameters, as `lstmVariant` of `@rnn/core` says. A projection makes the output narrower than the cell. Peepholes, coupled gates and
 * hard-sigmoid gates run as one op, like the usual LSTM, on the backends that have it (cpu, wasm); all else runs step by step.
 *
 * ```ts
 * lstm({ units: 256, projection: 64, peepholes: true }) // [batch, time, 64]
 * ```
 *
 * @throws E_VALUE for options out of range, E_CONFIGURATION for options that exclude each other
 */
export function lstm(options: LstmLayerOptions): Recurrent<readonly [hidden: Tensor, cell: Tensor]> {
  const [own, rest] = separate<LstmOptions, RecurrentOptions>(options, LSTM_OPTION_TYPES)
  const cell = lstmVariant(own)
  const layer = rnn(cell, rest)
  cell.parameters(1, rest.units) // refuses a projection that these units don't allow, here rather than when the layer is built
  return layer
}
