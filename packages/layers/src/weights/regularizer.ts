// Terms that keep weights (or the outputs of a layer) small: added to the loss while training.

import { abs, add, mul, RnnError, scope, square, sum, type Tensor } from '@rnn/core'

/** A penalty on the size of values. One of your own is an object with a `penalty`; it has no JSON form. */
export interface Regularizer {
  readonly name: string
  /** For the JSON form of a layer: the name and the options. Undefined for a regularizer of one's own. */
  readonly configuration?: { readonly name: string; readonly [option: string]: string | number } | undefined
  /**
   * What is added to the loss, in core ops.
   *
   * @param x float32 of any shape
   * @returns float32 `[]`; it belongs to the caller's scope
   */
  penalty(x: Tensor): Tensor
}

/**
 * `strength · Σ|w|` (Tibshirani 1996): many weights become exactly small.
 *
 * ```ts
 * dense({ units: 6, kernelRegularizer: l1(1e-4) })
 * ```
 *
 * @throws E_VALUE for a negative strength
 */
export function l1(strength: number): Regularizer {
  checkStrength('l1', strength)
  return {
    name: 'l1',
    configuration: { name: 'l1', strength },
    penalty: (x) => scope(x.backend, () => mul(sum(abs(x)), strength)),
  }
}

/**
 * `strength · Σw²`, without the half that some write before it: its gradient is `2 · strength · w`.
 *
 * ```ts
 * lstm({ units: 64, recurrentRegularizer: l2(1e-4) })
 * ```
 *
 * @throws E_VALUE for a negative strength
 */
export function l2(strength: number): Regularizer {
  checkStrength('l2', strength)
  return {
    name: 'l2',
    configuration: { name: 'l2', strength },
    penalty: (x) => scope(x.backend, () => mul(sum(square(x)), strength)),
  }
}

/** Strengths of `l1l2`. */
export interface L1L2Options {
  readonly l1: number
  readonly l2: number
}

/** `l1 · Σ|w| + l2 · Σw²` (Zou & Hastie 2005). @throws E_VALUE for a negative strength */
export function l1l2(options: L1L2Options): Regularizer {
  const [absolute, squared] = [l1(options.l1), l2(options.l2)]
  return {
    name: 'l1l2',
    configuration: { name: 'l1l2', l1: options.l1, l2: options.l2 },
    penalty: (x) => scope(x.backend, () => add(absolute.penalty(x), squared.penalty(x))),
  }
}

function checkStrength(operation: string, strength: number): void {
  if (strength >= 0 && strength < Infinity) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `the strength is ${String(strength)}`,
    fix: 'use a number from 0 on',
  })
}
