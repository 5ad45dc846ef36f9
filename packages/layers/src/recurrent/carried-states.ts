// The states that a stateful layer keeps from one call to the next.

import { detach, RnnError, zeroInitializer, type Tensor } from '@rnn/core'
import { Variable, type NamedVariable } from '../variable.ts'

/** States of all levels, each a variable that no optimiser touches: it moves with the model and is in its checkpoints. */
export class CarriedStates {
  readonly #rows: number
  readonly #levels: readonly (readonly Variable[])[]

  /** @param widths of each level's states */
  constructor(rows: number, widths: readonly (readonly number[])[]) {
    this.#rows = rows
    this.#levels = widths.map((each) =>
      each.map(
        (width, s) =>
          new Variable(
            `state${s}`,
            { shape: [rows, width], initializer: zeroInitializer },
            { kind: 'state', carried: true },
          ),
      ),
    )
  }

  /** Those of one level, by path. */
  variables(level: number, prefix: string): readonly NamedVariable[] {
    return (this.#levels[level] ?? []).map((variable) => ({ path: prefix + variable.name, variable }))
  }

  /** Where a batch begins. They stay the variables'. @throws E_SHAPE for another number of rows, E_NOT_BUILT */
  before(operation: string, x: Tensor): readonly (readonly Tensor[])[] {
    const [rows] = x.shape
    if (rows === this.#rows) return this.#levels.map((level) => level.map(({ value }) => value))
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `the batch has ${rows} rows, but the layer goes on with states of ${this.#rows} (statefulRows)`,
      fix: 'give each batch as many rows, and leave out what is left over',
    })
  }

  /** Keeps where it ended. */
  after(states: readonly (readonly Tensor[])[]): void {
    this.#levels.forEach((level, i) =>
      level.forEach((variable, s) => {
        const state = states[i]?.[s]
        if (state !== undefined) variable.assign(detach(state))
      }),
    )
  }

  /** Zeros, as at the beginning. */
  reset(): void {
    for (const variable of this.#levels.flat()) variable.assign(new Float32Array(variable.size))
  }
}
