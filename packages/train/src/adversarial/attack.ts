// What an attack on embedded inputs is. Each attack has a file of its own in this folder.

import type { Tensor } from '@rnn/core'
import type { JsonObject } from '../json.ts'

/**
 * Moves embedded inputs so that the loss grows, for adversarial training. A plain object; one of your own is an object of the same form:
 *
 * ```ts
 * const signs: Attack = { name: 'signs', configuration: {}, steps: 1, weight: 1, move: (gradient) => mul(sign(gradient), 0.01) }
 * ```
 */
export interface Attack {
  readonly name: string
  /** What it was made with, as JSON: a checkpoint tells by it whether training would go on as it was. */
  readonly configuration: JsonObject
  /** How often the perturbation is moved, 1 at least. Each move costs a pass; one more has the perturbed loss. */
  readonly steps: number
  /** What the perturbed loss counts for beside the loss itself, which counts 1. */
  readonly weight: number
  /**
   * The next perturbation.
   *
   * @param gradient of the loss by the embedded inputs, float32 `[batch, …]`, at the perturbation so far
   * @param perturbation of the same shape; undefined before the first move
   */
  move(gradient: Tensor, perturbation: Tensor | undefined): Tensor
}
