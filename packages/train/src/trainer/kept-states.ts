// The states that a model's layers carry, as they were before a forward pass.

import { copy, hold, readTensors, type Tensor } from '@rnn/core'
import type { Variable } from '@rnn/layers'
import type { TrainingState } from './training-state.ts'

/** Copies of variables, to be put back or let go. */
export class KeptStates {
  readonly #kept: readonly { readonly variable: Variable; readonly value: Tensor }[]

  constructor(variables: readonly Variable[]) {
    this.#kept = variables.map((variable) => ({ variable, value: hold(copy(variable.value)) }))
  }

  /** Gives each variable the value that it had. */
  putBack(): void {
    for (const { variable, value } of this.#kept) variable.assign(value)
  }

  dispose(): void {
    for (const { value } of this.#kept) value.dispose()
  }
}

/** Runs something on sequences of its own: states that go on from batch to batch begin at zero for it, and are afterwards as they were. */
export async function apart<Input, Output, Targets, Result>(
  state: TrainingState<Input, Output, Targets>,
  run: () => Promise<Result>,
): Promise<Result> {
  const carried = state.statesOfModel().filter((variable) => variable.carried)
  // On the host: the model may be moved meanwhile.
  const kept = (await readTensors(carried.map(({ value }) => value))) as Float32Array[] // variables are float32
  for (const variable of carried) variable.assign(new Float32Array(variable.size))
  try {
    return await run()
  } finally {
    await state.settled()
    carried.forEach((variable, i) => variable.assign(kept[i] ?? new Float32Array(variable.size)))
  }
}
