// Checks of options and inputs that several layers share.

import { formatShape, RnnError, type Tensor } from '@rnn/core'
import type { ForwardContext } from './context.ts'

/** @throws E_VALUE unless it is a whole number of at least `least` */
export function checkWhole(operation: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is ${String(value)}`,
    fix: `give a whole number of at least ${least}`,
  })
}

/** @throws E_VALUE unless it is a probability below 1 */
export function checkRate(operation: string, name: string, value: number): void {
  if (value >= 0 && value < 1) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is ${String(value)}`,
    fix: 'give the share to drop: 0 or more, below 1',
  })
}

/** @throws E_VALUE unless it is one of the choices */
export function checkChoice(operation: string, name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is '${String(value)}'`,
    fix: `use ${choices.map((each) => `'${each}'`).join(' or ')}`,
  })
}

/** @throws E_SHAPE unless x is `[batch, time, features]` */
export function checkSequence(operation: string, x: Tensor): void {
  if (x.rank === 3) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `the input has shape ${formatShape(x.shape)}, expected [batch, time, features]`,
    ...(x.rank === 2 && { fix: "a recurrent layer before this one must have returns: 'sequence'" }),
  })
}

/** @throws E_SHAPE unless the last dimension of x is `features` */
export function checkFeatures(operation: string, x: Tensor, features: number): void {
  if (x.shape.at(-1) === features) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `the input has shape ${formatShape(x.shape)}, expected ${features} features in the last dimension`,
  })
}

/** The input size of a layer from what it was told and what the layer before gives; undefined if neither knows. @throws E_CONFIGURATION */
export function agreeOnInputSize(
  operation: string,
  option: number | undefined,
  before: number | undefined,
  built: number | undefined,
): number | undefined {
  const known = built ?? option
  if (known !== undefined && before !== undefined && known !== before) {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation,
      problem: `${option === undefined ? 'it was built for' : 'inputSize says'} ${known} features, the layer before gives ${before}`,
      fix: option === undefined ? 'use a layer of its own for each input size' : 'leave out inputSize, or correct it',
    })
  }
  return known ?? before
}

/** A variable that `build` makes. @throws E_NOT_BUILT before it has */
export function built<T>(operation: string, value: T | undefined): T {
  if (value !== undefined) return value
  throw new RnnError({
    code: 'E_NOT_BUILT',
    operation,
    problem: 'the layer has no values yet',
    fix: 'call await model.init(backend, { seed }) first',
  })
}

/** For layers whose output at a step depends on the whole sequence, or on the place in it. @throws E_UNSUPPORTED in a stream, which is read piece by piece */
export function checkNoStream(operation: string, context: ForwardContext): void {
  if (context.carry === undefined) return
  throw new RnnError({
    code: 'E_UNSUPPORTED',
    operation,
    problem: 'it needs whole sequences, and a stream gives pieces of them',
    fix: 'stream a model of recurrent layers that walk forward',
  })
}
