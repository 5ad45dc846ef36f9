// The shapes of the committed oracle values: what describes each case, and its results as text, row-major, separated by blanks.

import type { RecurrentKind, Shape } from '@rnn/core'

/** Results by name. */
export type ExpectedValues = Readonly<Record<string, string>>

/** A sequence; inputs by `pseudoRandom` with seeds from `seed` on (see scripts/make-oracles.py). */
export interface RecurrentOracle {
  readonly name: string
  readonly cell: RecurrentKind
  readonly batch: number
  readonly time: number
  readonly inputs: number
  readonly units: number
  /** Of the recurrent weights. */
  readonly scale: number
  readonly seed: number
  readonly lengths?: readonly number[]
  readonly reverse: boolean
  readonly initial: boolean
  readonly mask: boolean
  readonly expected: ExpectedValues
}

/** A linear recurrence. */
export interface LinearScanOracle {
  readonly name: string
  readonly shape: Shape
  readonly reverse: boolean
  readonly initial: boolean
  readonly expected: ExpectedValues
}

/** A cross-entropy of 5 rows and 7 classes. */
export interface CrossEntropyOracle {
  readonly name: string
  readonly smoothing: number
  readonly weighted: boolean
  readonly labels: readonly number[]
  readonly expected: ExpectedValues
}

/** A layer norm. */
export interface LayerNormOracle {
  readonly name: string
  readonly shape: Shape
  readonly shift: number
  readonly expected: ExpectedValues
}

/** Five steps of an optimiser on 9 parameters. */
export interface OptimizerOracle {
  readonly name: string
  readonly expected: ExpectedValues
}

/** The numbers of a result. @throws when the oracle has no such result */
export function oracleValues(
  oracle: { readonly name: string; readonly expected: ExpectedValues },
  result: string,
): Float64Array {
  const values = oracle.expected[result]
  if (values === undefined) throw new Error(`oracle ${oracle.name} has no ${result}`)
  return Float64Array.from(values.split(' '), Number)
}
