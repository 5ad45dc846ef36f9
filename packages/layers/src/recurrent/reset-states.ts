// Where one stream ends and another begins.

import { RnnError } from '@rnn/core'
import { tree, type AnyModule } from '../module.ts'
import { Recurrent } from './recurrent.ts'

/**
 * Sets the states of all stateful layers of a model to zero: the next batch begins new sequences.
 *
 * ```ts
 * const model = await gru({ units: 8, inputSize: 2, statefulRows: 1 }).init(backend, { seed: 1 })
 * const piece = { data: new Float32Array(10), shape: [1, 5, 2] }
 * const first = await model.predict(piece)
 * const second = await model.predict(piece) // goes on from there
 * resetStates(model)
 * const again = await model.predict(piece) // as the first
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
