/** What every example is. */

import type { Backend } from '@rnn/core'

/** What an example is told. */
export interface ExampleOptions {
  readonly backend: Backend
  readonly seed: number
  /** A run of seconds that shows that it learns, in place of the whole. */
  readonly short: boolean
  /** Writes a line for people. */
  print(line: string): void
}

/** What an example came to: its result beside that of a naive baseline, both between 0 and 1. */
export interface ExampleResult {
  readonly measure: string
  readonly result: number
  readonly baseline: number
}

/** A program that learns something. */
export type Example = (options: ExampleOptions) => Promise<ExampleResult>
