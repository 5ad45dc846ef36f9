// The fast gradient method.

import { scope } from '@rnn/core'
import type { Attack } from './attack.ts'
import { checkPositive, rowsOfNorm } from './rows.ts'

/** Options of {@link fgm}. */
export interface FgmOptions {
  /** Euclidean norm of the perturbation of a row: of all its vectors together. */
  readonly epsilon: number
  /** What the perturbed loss counts for. Default: 1. */
  readonly weight?: number
}

/**
 * Fast gradient method on embeddings (Miyato, Dai & Goodfellow 2017): each sequence of vectors moves by `ε·g / ‖g‖₂`, g being the gradient of its loss by them. A step
 * takes a second forward and backward pass. The paper normalises embeddings beforehand; without that an ε about the norm of a vector or two is a beginning.
 *
 * ```ts
 * await fit(model, trainSet, { loss, optimizer, epochs: 1, adversarial: fgm({ epsilon: 0.5 }) })
 * ```
 *
 * @throws E_VALUE unless epsilon and weight are finite numbers above 0
 */
export function fgm(options: FgmOptions): Attack {
  const { epsilon, weight = 1 } = options
  checkPositive('fgm', 'epsilon', epsilon)
  checkPositive('fgm', 'weight', weight)
  return {
    name: 'fgm',
    configuration: { epsilon, weight },
    steps: 1,
    weight,
    move: (gradient) => scope(gradient.backend, () => rowsOfNorm(gradient, epsilon)),
  }
}
