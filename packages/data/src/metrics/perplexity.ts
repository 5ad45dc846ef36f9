/** Perplexity from a loss. */

import { DataError, shown } from '../errors.ts'

/**
 * e to the mean negative log-likelihood of a token in nats, which is what `crossEntropy` of `@rnn/train` gives: among how
 * many equally likely tokens the model would be as unsure. Throws `E_ARGUMENT` for what is not a number from 0 on.
 *
 * @example
 * ```ts
 * import { perplexity } from '@rnn/data'
 * perplexity(0) // → 1
 * Math.round(perplexity(Math.log(50))) // → 50
 * ```
 */
export function perplexity(meanNegativeLogLikelihood: number): number {
  if (meanNegativeLogLikelihood >= 0) return Math.exp(meanNegativeLogLikelihood)
  throw new DataError('E_ARGUMENT', {
    problem: `perplexity: the mean negative log-likelihood is ${shown(meanNegativeLogLikelihood)}, expected a number from 0 on`,
    got: meanNegativeLogLikelihood,
    expected: 'a number from 0 on',
  })
}
