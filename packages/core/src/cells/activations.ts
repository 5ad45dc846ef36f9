// The functions that cells with a choice of activations offer, and where their arguments are clipped.

import { RnnError } from '../errors.ts'
import { add, clip, mul } from '../ops/binary.ts'
import { relu, sigmoid, softplus, tanh } from '../ops/unary.ts'
import type { Tensor } from '../tensor.ts'

/** A function that a cell applies to its gates or to its candidate. */
export type CellActivation = 'tanh' | 'sigmoid' | 'hardSigmoid' | 'relu' | 'softplus' | 'linear'

const FUNCTIONS: Readonly<Record<CellActivation, (x: Tensor) => Tensor>> = {
  tanh,
  sigmoid,
  hardSigmoid,
  relu,
  softplus,
  linear: (x) => x,
}

/** All of them. */
export const CELL_ACTIVATIONS: readonly CellActivation[] = Object.keys(FUNCTIONS) as CellActivation[] // the keys of the line above

/**
 * `clip(0.2·x + 0.5, 0, 1)`, the hard sigmoid of Keras up to 2, TensorFlow.js and ONNX; PyTorch and Keras 3 have a slope of 1/6. Its gradient
 * is zero outside.
 */
export function hardSigmoid(x: Tensor): Tensor {
  return clip(add(mul(x, 0.2), 0.5), 0, 1)
}

/** Activations of a cell and what is clipped before them. */
export interface CellActivationOptions {
  /** Of the gates. Default: sigmoid. */
  readonly recurrentActivation?: CellActivation
  /** Of the candidate, and of an LSTM's cell where it is read. Default: tanh. */
  readonly activation?: CellActivation
  /** Keeps what enters the gates and the candidate within ±clip, as the attribute of ONNX does in ONNX Runtime. Default: no limit. */
  readonly clip?: number
}

/** The functions that the options name; those of gates and candidate clip their argument, `read` does not. @throws E_VALUE */
export function cellActivations(
  operation: string,
  options: CellActivationOptions,
): Readonly<Record<'gate' | 'candidate' | 'read', (x: Tensor) => Tensor>> {
  const { recurrentActivation = 'sigmoid', activation = 'tanh', clip: limit } = options
  if (limit !== undefined && !(limit > 0 && Number.isFinite(limit))) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `clip is ${String(limit)}`,
      fix: 'give a number above 0, or leave it out',
    })
  }
  const after = (name: string, chosen: CellActivation): ((x: Tensor) => Tensor) => {
    const activate = cellActivation(operation, name, chosen)
    return limit === undefined ? activate : (x) => activate(clip(x, -limit, limit))
  }
  return {
    gate: after('recurrentActivation', recurrentActivation),
    candidate: after('activation', activation),
    read: cellActivation(operation, 'activation', activation),
  }
}

/** The function of a name. @throws E_VALUE for an unknown one */
export function cellActivation(operation: string, name: string, chosen: CellActivation): (x: Tensor) => Tensor {
  if (Object.hasOwn(FUNCTIONS, chosen)) return FUNCTIONS[chosen]
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is '${String(chosen)}'`,
    fix: `use one of ${CELL_ACTIVATIONS.join(', ')}`,
  })
}

/** The options that differ from the defaults: what a cell carries as its own. */
export function ownOptions<Options extends object>(
  options: Options,
  defaults: Partial<Options>,
): Record<string, string | number | boolean> {
  const all = Object.entries(options) as [keyof Options & string, string | number | boolean | undefined][]
  const own = all.filter((entry): entry is [keyof Options & string, string | number | boolean] => {
    const [name, value] = entry
    return value !== undefined && value !== defaults[name]
  })
  return Object.fromEntries(own)
}
