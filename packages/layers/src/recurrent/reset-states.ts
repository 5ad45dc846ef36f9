// Where one stream ends and another begins.

import { RnnError } from '@rnn/core'
import { tree, type AnyModule } from '../module.ts'
import { Recurrent } from './recurrent.ts'

/**
 * Sets the states of all stateful layers of a model to zero: the next batch begins new sequences.
 *
 * ```ts
 * for (const series of streams) {
 *   resetStates(model)
 *   for (const batch of series) await model.predict(batch)
 * }
 * ```
 *
 * @throws E_CONFIGURATION for a model without such layers, E_NOT_BUILT before `init`
 */
export function resetStates(model: AnyModule): void {
  const stateful = [...tree(model)].filter(
    (each) => each instanceof Recurrent && each.options.statefulRows !== undefined,
  ) as unknown as readonly Recurrent[] // filtered
  if (stateful.length === 0) {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'resetStates',
      problem: 'no layer of this model is stateful',
      fix: 'give its recurrent layers statefulRows: the number of rows of each batch',
    })
  }
  for (const layer of stateful) layer.reset()
}
