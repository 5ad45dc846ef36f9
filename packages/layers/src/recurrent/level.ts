// One of the layers stacked in a recurrent layer.

import type { Cell } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'

/** A cell and the options that are its own: units, weights, what is dropped and kept, residual. */
export interface Level {
  readonly cell: Cell
  readonly options: RecurrentOptions
}

/** The level's states, `[batch, width]` each; the first one is its output. */
export function widthsOf({ cell, options }: Level): readonly number[] {
  return cell.stateSizes(options.units)
}
