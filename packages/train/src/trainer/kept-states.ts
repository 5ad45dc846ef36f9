// The states that a model's layers carry, as they were before a forward pass.

import { copy, hold, type Tensor } from '@rnn/core'
import type { Variable } from '@rnn/layers'

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
