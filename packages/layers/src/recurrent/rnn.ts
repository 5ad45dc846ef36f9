// Any cell as a layer.

import { namedByKind, simpleCell, simpleReluCell, type Cell, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent, type RecurrentDescription } from './recurrent.ts'

/**
 * A recurrent layer of any cell, a cell of your own among them. Its JSON form has the cell's `kind` as type, and the cell's `options` beside its own; a cell of your own under a
 * built-in kind has none.
 *
 * ```ts
 * rnn(myCell, { units: 64, layers: 2 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function rnn<Name extends string, State extends readonly Tensor[]>(
  cell: Cell<Name, State>,
  options: RecurrentOptions,
): Recurrent<State> {
  return new Recurrent(cell as unknown as Cell<string, State>, options, descriptionOf(cell))
}

function descriptionOf(cell: Pick<Cell, 'kind' | 'options'>): RecurrentDescription {
  const { kind, options } = cell
  if (!namedByKind(cell)) return { type: kind, misnamed: true }
  if (kind === simpleCell.kind) return { type: 'simpleRnn', options: { activation: 'tanh' } }
  if (kind === simpleReluCell.kind) return { type: 'simpleRnn', options: { activation: 'relu' } }
  return { type: kind, ...(options && { options }) }
}
