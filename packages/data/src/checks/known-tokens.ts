/** Looks for a vocabulary that does not fit its texts. */

import { DataError } from '../errors.ts'

/**
 * Throws `E_ALL_UNKNOWN` if every id of every row is `unknownId`: a vocabulary that knows nothing of these texts has
 * nothing to learn from them or to say about them. Rows of no ids, and no rows at all, are no such sign.
 *
 * @example
 * ```ts
 * import { checkKnownTokens, wordCodec } from '@rnn/data'
 * const codec = wordCodec(['ein Hund', 'eine Katze'], { minFrequency: 2 })
 * let code
 * try {
 *   checkKnownTokens([codec.encode('ein Hund')], codec.unknownId, { file: 'train.de' })
 * } catch (error) {
 *   code = error.code
 * }
 * code // → "E_ALL_UNKNOWN"
 * ```
 */
export function checkKnownTokens(
  rows: Iterable<ArrayLike<number>>,
  unknownId: number,
  { file }: { readonly file?: string | undefined } = {},
): void {
  let count = 0
  for (const ids of rows) {
    for (let t = 0; t < ids.length; t++) if (ids[t] !== unknownId) return
    count += ids.length
  }
  if (count === 0) return
  throw new DataError('E_ALL_UNKNOWN', {
    file,
    problem: `all ${count} tokens are unknown to the vocabulary`,
    got: count,
    expected: 'at least one known token',
    fix: 'lower minFrequency, or use the vocabulary of this language',
  })
}
