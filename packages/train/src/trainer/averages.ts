// Letting a model hold the averages of its weights for a while, and giving it back its own.

import { RnnError } from '@rnn/core'
import { gathered } from './relocation.ts'
import type { TrainingState } from './training-state.ts'

/** Runs something while the model holds its averages; where none were taken yet, with the weights as they are. Calls may nest and overlap. */
export async function withAverages<Input, Output, Targets, Result>(
  state: TrainingState<Input, Output, Targets>,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  await gathered(state)
  borrow(state, 1)
  try {
    return await run()
  } finally {
    await gathered(state) // the model may have been moved meanwhile
    borrow(state, -1)
  }
}

/** Resolves when the model holds its own weights and training is where the model is: before each step of `fit`. */
export async function atOwnWeights<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
): Promise<void> {
  while (state.lent !== undefined) await state.lent
  await gathered(state)
}

/** As `withAverages`, for callers outside of `fit`, which waits until they are done. @throws E_VALUE, E_BUSY */
export async function lendAverages<Input, Output, Targets, Result>(
  state: TrainingState<Input, Output, Targets>,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  averagesOf(state, 'withAverages')
  state.assertBetweenSteps('withAverages')
  const running = withAverages(state, run)
  const done = running.then(
    () => {},
    () => {},
  )
  const lent = Promise.all([state.lent, done]).then(() => {
    if (state.lent === lent) state.lent = undefined
  })
  state.lent = lent
  return running
}

/** Overwrites the weights by their averages, for good. @throws E_VALUE, E_BUSY */
export function useAverages<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>): void {
  const averages = averagesOf(state, 'useAverages')
  state.assertBetweenSteps('useAverages')
  state.assertOwnWeights('useAverages')
  state.assertTogether('useAverages')
  if (!state.chosen) averages.copyInto(state.parameters())
}

/** The first one brings the averages in, the last one takes them out. */
function borrow<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>, by: 1 | -1): void {
  const { averages, model } = state
  const before = state.borrowers
  state.borrowers += by
  if (averages === undefined) return
  const enters = before === 0 && averages.taken > 0 && !state.chosen
  const leaves = state.borrowers === 0 && averages.exchanged
  if (enters || leaves) averages.exchange(model.backend, state.parameters())
}

function averagesOf<Input, Output, Targets>(
  { averages }: TrainingState<Input, Output, Targets>,
  operation: string,
): NonNullable<TrainingState<Input, Output, Targets>['averages']> {
  if (averages !== undefined) return averages
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: 'this training keeps no averages',
    fix: 'give the trainer averaging: ema() or swa(…)',
  })
}
