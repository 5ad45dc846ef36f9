// Which cells are this package's own, so that their kind and options name their equations.

import type { Tensor } from '../tensor.ts'
import type { Cell } from './cell.ts'

const KINDS = ['simpleTanh', 'simpleRelu', 'simpleRnn', 'lstm', 'gru', 'indRnn', 'jordan', 'minGru', 'minLstm']

/** Marks a cell of this package. The mark is not enumerable: a copy with a `step` of its own goes without. */
export function builtInCell<C extends object>(cell: C): C {
  return Object.defineProperty(cell, 'builtIn', { value: true })
}

/** `defineCell` of a cell of this package. */
export function defineBuiltInCell<Name extends string, State extends readonly Tensor[]>(
  cell: Cell<Name, State>,
): Cell<Name, State> {
  return builtInCell(cell)
}

/**
 * Whether the `kind` of a cell names its equations: false for a cell of one's own with the kind of a built-in one, a changed copy for instance.
 *
 * ```ts
 * namedByKind(lstmCell) // → true
 * namedByKind({ ...lstmCell }) // → false
 * ```
 */
export function namedByKind(cell: Pick<Cell, 'kind'>): boolean {
  return Object.hasOwn(cell, 'builtIn') || !KINDS.includes(cell.kind)
}
