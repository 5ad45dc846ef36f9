// Projected gradient descent: the fast gradient method in several small steps.

import { add, RnnError, scope } from '@rnn/core'
import type { Attack } from './attack.ts'
import { checkPositive, rowsOfNorm, rowsWithin } from './rows.ts'

/** Options of {@link pgd}. */
export interface PgdOptions {
  /** Largest Euclidean norm of the perturbation of a row: of all its vectors together. */
  readonly epsilon: number
  /** Euclidean norm of one move. Default: 1.5·epsilon / steps. */
  readonly stepSize?: number
  /** How often the perturbation is moved. Default: 3. */
  readonly steps?: number
  /** What the perturbed loss counts for. Default: 1. */
  readonly weight?: number
}

/**
 * Projected gradient descent on embeddings (Madry et al. 2018), in the Euclidean norm: the perturbation of each sequence begins at zero, moves by `α·g / ‖g‖₂` and is
 * brought back to the ball of radius ε, `steps` times. A step of training takes `steps` more forward and backward passes than one without it.
 *
 * ```ts
 * await fit(model, trainSet, { loss, optimizer, epochs: 1, adversarial: pgd({ epsilon: 1, stepSize: 0.5, steps: 3 }) })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function pgd(options: PgdOptions): Attack {
  const { epsilon, steps = 3, stepSize = (1.5 * epsilon) / steps, weight = 1 } = options
  if (!(Number.isInteger(steps) && steps >= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'pgd',
      problem: `steps ${steps}`,
      fix: 'use a whole number from 1 on',
    })
  }
  checkPositive('pgd', 'epsilon', epsilon)
  checkPositive('pgd', 'stepSize', stepSize)
  checkPositive('pgd', 'weight', weight)
  return {
    name: 'pgd',
    configuration: { epsilon, stepSize, steps, weight },
    steps,
    weight,
    move: (gradient, perturbation) =>
      scope(gradient.backend, () => {
        const moved = rowsOfNorm(gradient, stepSize)
        return rowsWithin(perturbation === undefined ? moved : add(perturbation, moved), epsilon)
      }),
  }
}
