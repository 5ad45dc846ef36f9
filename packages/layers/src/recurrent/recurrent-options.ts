// Options that all recurrent layers share, and their checks.

import { RnnError } from '@rnn/core'
import { checkChoice, checkRate, checkWhole } from '../checks.ts'
import { readOptions, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { RECURRENT_WEIGHT_OPTION_TYPES, type RecurrentWeightOptions } from '../weights/weight-options.ts'

/** Options of every recurrent layer. */
export interface RecurrentOptions extends RecurrentWeightOptions {
  /** Width of the hidden state. */
  readonly units: number
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
  /** Layers stacked on one another. Default: 1. */
  readonly layers?: number
  /** Share of the outputs dropped between stacked layers while training. Default: 0. */
  readonly dropout?: number
  /** Share of the hidden state dropped where it enters the recurrent product while training, one mask per sequence (Gal & Ghahramani 2016). Default: 0. */
  readonly recurrentDropout?: number
  /** Share of the hidden state that a step leaves as it was (zoneout, Krueger et al. 2017): at random while training, on average otherwise. Default: 0. */
  readonly zoneout?: number
  /** The same for the cell's other states, such as the LSTM's cell state. Default: 0. */
  readonly cellZoneout?: number
  /**
   * Makes the layer stateful, for batches of so many rows: each row goes on from the state in which the call before left it, while training as in `predict`, until
   * `reset`. Gradients stay within a batch. In `fit` no epoch sets it back (`resetStates(model)` in `onEpoch` does), and validation
   * begins at zero and leaves it as it was. Batches that say `continues` do the same for any number of rows.
   * Default: every batch begins at zero.
   */
  readonly statefulRows?: number
  /** Each stacked layer but the first adds its input to its output (Wu et al. 2016). Needs `returns: 'sequence'`. Default: false. */
  readonly residual?: boolean
  /** What `forward` gives: the hidden states `[batch, time, units]`, or the final one `[batch, units]`. Default: sequence. */
  readonly returns?: 'sequence' | 'last'
  /** backward: from each row's own last step to its first; outputs stay at their own time steps. Default: forward. */
  readonly direction?: 'forward' | 'backward'
}

/** @throws E_VALUE */
export function checkRecurrentOptions(operation: string, options: RecurrentOptions): void {
  const { units, inputSize, layers, dropout, recurrentDropout, residual, returns, direction } = options
  const { zoneout, cellZoneout, statefulRows } = options
  checkWhole(operation, 'units', units, 1)
  if (inputSize !== undefined) checkWhole(operation, 'inputSize', inputSize, 1)
  if (layers !== undefined) checkWhole(operation, 'layers', layers, 1)
  if (dropout !== undefined) checkRate(operation, 'dropout', dropout)
  if (recurrentDropout !== undefined) checkRate(operation, 'recurrentDropout', recurrentDropout)
  if (zoneout !== undefined) checkRate(operation, 'zoneout', zoneout)
  if (cellZoneout !== undefined) checkRate(operation, 'cellZoneout', cellZoneout)
  if (statefulRows !== undefined) checkWhole(operation, 'statefulRows', statefulRows, 1)
  if (returns !== undefined) checkChoice(operation, 'returns', returns, ['sequence', 'last'])
  if (direction !== undefined) checkChoice(operation, 'direction', direction, ['forward', 'backward'])
  if (residual === true && returns === 'last') {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: "residual layers have no single last state: returns is 'last'",
      fix: 'return the sequence, and take lastOverTime() of it',
    })
  }
}

/** JSON types of `RecurrentOptions`. */
export const RECURRENT_OPTION_TYPES: OptionTypes<RecurrentOptions> = {
  units: 'number',
  inputSize: 'number',
  layers: 'number',
  dropout: 'number',
  recurrentDropout: 'number',
  zoneout: 'number',
  cellZoneout: 'number',
  statefulRows: 'number',
  residual: 'boolean',
  returns: 'string',
  direction: 'string',
  ...RECURRENT_WEIGHT_OPTION_TYPES,
}

/** The options of a cell, by the names of their types, and those of its layer. */
export function separate<Own extends object, Rest extends object>(
  options: Own & Rest,
  ownTypes: { readonly [Name in keyof Own]-?: string },
): [own: Own, rest: Rest] {
  const entries = Object.entries(options)
  const [own = [], rest = []] = [true, false].map((wanted) =>
    entries.filter(([name]) => Object.hasOwn(ownTypes, name) === wanted),
  )
  return [Object.fromEntries(own) as Own, Object.fromEntries(rest) as Rest] // each name is in one of the two
}

/**
 * The options in the JSON form of a recurrent layer. For `fromJSON` with cells of your own.
 *
 * ```ts
 * const model = fromJSON(config, { myCell: (config) => rnn(myCell, recurrentOptions(config)) })
 * ```
 *
 * @throws E_CONFIGURATION
 */
export function recurrentOptions(config: ModuleConfig): RecurrentOptions {
  return readOptions<RecurrentOptions>(config, RECURRENT_OPTION_TYPES, ['units'])
}
