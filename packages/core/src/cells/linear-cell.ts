// Cells whose step is linear in the state: what they multiply it by and add to it is known for all time steps before the first one is taken.

import { add, mul } from '../ops/binary.ts'
import type { Tensor } from '../tensor.ts'
import type { Cell, LinearRecurrence, Parameters } from './cell.ts'

/** A cell without its step: `recurrence` says it all. */
export interface LinearCellDefinition<Name extends string> extends Omit<
  Cell<Name, readonly [h: Tensor]>,
  'step' | 'stateSizes' | 'recurrence'
> {
  /** `h' = factor·h + term`, both `[B, …, units]`, from `projected [B, …, any]`. */
  recurrence(projected: Tensor, parameters: Parameters<Name>): LinearRecurrence
}

/**
 * A cell of one state that trains in parallel over time (Martin & Cundy 2018) and takes single steps with the same weights.
 *
 * ```ts
 * const leaky = defineLinearCell({
 *   kind: 'leaky',
 *   gates: 2,
 *   parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, 2 * units], initializer: glorotUniform } }),
 *   project: (x, { kernel }) => linear(x, kernel),
 *   recurrence(projected) {
 *     const [forget, input] = split(projected, 2)
 *     return { factor: sigmoid(forget), term: input }
 *   },
 * })
 * ```
 */
export function defineLinearCell<Name extends string>(
  definition: LinearCellDefinition<Name>,
): Cell<Name, readonly [h: Tensor]> {
  return {
    ...definition,
    stateSizes: (units) => [units],
    step(projected, [h], parameters) {
      const { factor, term } = definition.recurrence(projected, parameters)
      return [add(mul(factor, h), term)]
    },
  }
}
