/** What every example is. */

import type { PictureSpec } from 'app-kit/picture'
import type { Backend } from '@rnn/core'

/** An option of one example's own: the first choice is the default. */
export interface OwnOption {
  readonly description: string
  readonly choices: readonly [string, ...string[]]
}

/** What an example is told. */
export interface ExampleContext<Name extends string = string> {
  readonly backend: Backend
  readonly seed: number
  /** A run of seconds that shows that it learns, in place of the whole. */
  readonly short: boolean
  /** The path of real data, in place of those that the example makes. */
  readonly data?: string | undefined
  /** The example's own options. */
  readonly options: Readonly<Record<Name, string>>
  /** Writes a line for people. */
  print(line: string): void
  /** Draws a picture, writes it as `NAME.svg` (`NAME-what.svg`) and says where. */
  picture(spec: PictureSpec, what?: string): Promise<void>
}

/** What an example came to, beside a naive baseline. */
export interface ExampleResult {
  readonly measure: string
  readonly result: number
  readonly baseline: number
  /** Which is better: more (an accuracy), or less (an error). */
  readonly better: 'more' | 'less'
  /** How people read the two numbers. */
  readonly shownAs: 'percent' | 'number'
}

/** A program that learns something. */
export interface Example<Name extends string = string> {
  readonly description: string
  /** What `--data` takes; none where the example has no real data to run on. */
  readonly data?: string
  /** Its own options, by name: each becomes `--NAME`. */
  readonly options?: Readonly<Record<Name, OwnOption>>
  run(context: ExampleContext<Name>): Promise<ExampleResult>
}

/** Gives an example its type: `context.options` has the names of `options`. */
export function defineExample<const Name extends string = never>(example: Example<Name>): Example<Name> {
  return example
}

/** Whether the result beats the baseline. */
export function beats({ result, baseline, better }: ExampleResult): boolean {
  return better === 'more' ? result > baseline : result < baseline
}
