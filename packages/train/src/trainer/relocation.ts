// Moving a training to another backend: the model, and all that training keeps beside it.

import type { Backend } from '@rnn/core'
import type { PreparedMove } from '../move.ts'
import type { TrainingState } from './training-state.ts'

/**
 * Copies everything, then swaps at once; when copying fails, all stays where it is. What lies there already stays.
 *
 * @throws E_BUSY in the middle of a step or of another move
 */
export async function relocate<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  backend: Backend,
): Promise<void> {
  state.assertBetweenSteps('to')
  const moved = move(state, backend).finally(() => (state.moving = undefined))
  state.moving = moved.catch(() => {}) // whoever called sees the error; training goes on where it was
  await moved
}

/** Resolves when no move is under way and training is where its model is: `model.to` takes along the model alone, and the rest follows here. */
export async function gathered<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>): Promise<void> {
  await state.settled()
  while (state.model.backend !== state.optimizer.backend) {
    await relocate(state, state.model.backend)
    await state.settled()
  }
}

async function move<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  backend: Backend,
): Promise<void> {
  const { model, optimizer, totals, validationTotals, stream, validationStream, readings, validationReadings } = state
  const { accumulation, averages } = state
  if (model.backend === backend && optimizer.backend === backend) return
  await readings.settle()
  await validationReadings.settle()
  const prepared: PreparedMove[] = []
  try {
    const gathering = [optimizer, totals, validationTotals, stream, validationStream, accumulation]
    for (const each of averages === undefined ? gathering : [...gathering, averages])
      prepared.push(await each.prepareMove(backend))
    await model.to(backend)
  } catch (error) {
    for (const { cancel } of prepared) cancel()
    throw error
  }
  for (const { swap } of prepared) swap()
}
