// Options of a recurrent layer that its cell must have a place for.

import { RnnError, type Cell } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'

/** @throws E_CONFIGURATION for recurrent dropout without a recurrent product, and for a share of a state that the cell does not have */
export function checkCell(operation: string, cell: Cell, options: RecurrentOptions): void {
  const { units, recurrentDropout = 0, cellZoneout } = options
  if (recurrentDropout > 0 && cell.step.length < 4) {
    throw refused(
      operation,
      'recurrentDropout for a cell that has no place for it',
      cell.recurrence === undefined
        ? 'let its step take a fourth parameter, the hidden state with the mask on it, and use that in the recurrent product'
        : 'it has no recurrent product: use zoneout, or dropout between layers',
    )
  }
  if (cellZoneout !== undefined && cell.stateSizes(units).length === 1) {
    throw refused(operation, 'cellZoneout for a cell that has no state but the hidden one', 'use zoneout')
  }
}

function refused(operation: string, problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_CONFIGURATION', operation, problem, fix })
}
