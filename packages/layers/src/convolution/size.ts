// Sizes of windows as options: one number for all dimensions, or one for each.

import { RnnError } from '@rnn/core'
import type { Json } from '../config/config.ts'

/** A size along the one dimension of a sequence. */
export type Size1d = number

/** A size along both dimensions of an image: one number for both, or height and width. */
export type Size2d = number | readonly [height: number, width: number]

/** A size from its JSON form; the layer checks its values. @throws E_CONFIGURATION */
export function readSize(operation: string, name: string, value: Json): number | readonly number[] {
  if (typeof value === 'number') return value
  if (Array.isArray(value) && value.every((each: Json) => typeof each === 'number')) return value as readonly number[]
  throw new RnnError({
    code: 'E_CONFIGURATION',
    operation,
    problem: `${name} is ${JSON.stringify(value)}, expected a number or an array of numbers`,
  })
}
