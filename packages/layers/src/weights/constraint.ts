// What weights must satisfy: they are put there after each step of the optimiser.

import {
  clip,
  div,
  formatShape,
  maximum,
  mul,
  relu,
  RnnError,
  scope,
  sqrt,
  square,
  sum,
  type Shape,
  type Tensor,
} from '@rnn/core'

/** A set of allowed values. One of your own is an object with a `project`; it has no JSON form. */
export interface Constraint {
  readonly name: string
  /** For the JSON form of a layer: the name and the options. Undefined for a constraint of one's own. */
  readonly configuration?:
    | { readonly name: string; readonly [option: string]: string | number | readonly number[] }
    | undefined
  /**
   * Allowed values near the given ones.
   *
   * @param x float32 of the weight's shape, followed by no tape
   * @returns a new tensor of the same shape, in the caller's scope
   */
  project(x: Tensor): Tensor
  /** Called once for a weight of this shape. @throws E_VALUE when the constraint is none for it */
  check?(shape: Shape): void
}

/** Options of the constraints on norms. */
export interface NormOptions {
  /**
   * What a vector runs along. Default: 0, the weights that come into one unit of a kernel `[in, out]`; 1 for the rows of an embedding; [0, 1] for the window and inputs of a convolution.
   * Of a weight `[units]`, whose numbers are of different units, axis 0 makes one vector, as in Keras; `maxValue` bounds each.
   */
  readonly axis?: number | readonly number[]
}

/**
 * Shortens vectors that are longer than `limit` (Srivastava et al. 2014).
 *
 * ```ts
 * dense({ units: 6, kernelConstraint: maxNorm(3) })
 * ```
 *
 * @throws E_VALUE unless the limit is above 0
 */
export function maxNorm(limit: number, options: NormOptions = {}): Constraint {
  checkAbove('maxNorm', 'the limit', limit)
  return onNorms('maxNorm', { limit }, options, (norms) => clip(norms, 0, limit))
}

/** Options of `minMaxNorm`. */
export interface MinMaxNormOptions extends NormOptions {
  readonly min: number
  readonly max: number
}

/** Lengthens vectors that are shorter than `min`, but for those of zeros, and shortens those that are longer than `max`. @throws E_VALUE unless 0 ≤ min ≤ max and max is above 0 */
export function minMaxNorm(options: MinMaxNormOptions): Constraint {
  const { min, max, ...rest } = options
  checkAbove('minMaxNorm', 'max', max)
  if (!(min >= 0 && min <= max)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'minMaxNorm',
      problem: `no vector has a norm of at least ${String(min)} and at most ${max}`,
      fix: 'use 0 ≤ min ≤ max',
    })
  }
  return onNorms('minMaxNorm', { min, max }, rest, (norms) => clip(norms, min, max))
}

/** Gives every vector the length 1, but for those of zeros. */
export function unitNorm(options: NormOptions = {}): Constraint {
  return onNorms('unitNorm', {}, options, () => undefined)
}

/** Sets what is negative to 0. */
export function nonNegative(): Constraint {
  return { name: 'nonNegative', configuration: { name: 'nonNegative' }, project: relu }
}

/**
 * Puts every number between -limit and limit: for weights `[units]`, such as the recurrent ones of `indRnn`, of which each is a unit's own.
 *
 * @throws E_VALUE unless the limit is above 0
 */
export function maxValue(limit: number): Constraint {
  checkAbove('maxValue', 'the limit', limit)
  return { name: 'maxValue', configuration: { name: 'maxValue', limit }, project: (x) => clip(x, -limit, limit) }
}

/** The shortest vector whose squares float32 can hold: what is shorter counts as zeros. */
const SHORTEST = 1e-19

/** Scales vectors to the norms that `wanted` makes of theirs; undefined for 1. */
function onNorms(
  name: string,
  limits: Readonly<Record<string, number>>,
  options: NormOptions,
  wanted: (norms: Tensor) => Tensor | undefined,
): Constraint {
  const { axis = 0 } = options
  const axes = typeof axis === 'number' ? [axis] : axis
  if (axes.length === 0 || !axes.every(Number.isInteger) || new Set(axes).size !== axes.length) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: name,
      problem: `axis is ${JSON.stringify(axis)}`,
      fix: 'use an axis of the weight, or several different ones',
    })
  }
  return {
    name,
    configuration: { name, ...limits, ...(options.axis !== undefined && { axis }) },
    check(shape) {
      const missing = axes.find((each) => each < -shape.length || each >= shape.length)
      if (missing === undefined) return
      throw new RnnError({
        code: 'E_VALUE',
        operation: name,
        problem: `a weight of shape ${formatShape(shape)} has no axis ${missing}`,
        fix: 'use an axis of the weight',
      })
    },
    project: (x) =>
      scope(x.backend, () => {
        const norms = sqrt(sum(square(x), { axis, keepDims: true }))
        const atLeast = maximum(norms, SHORTEST)
        return mul(x, div(wanted(norms) ?? 1, atLeast))
      }),
  }
}

function checkAbove(operation: string, name: string, value: number): void {
  if (value > 0 && value < Infinity) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `${name} is ${String(value)}${value <= 0 ? ', which leaves no value but 0' : ''}`,
    fix: 'use a number above 0',
  })
}
