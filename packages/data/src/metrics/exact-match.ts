/** The share of texts that are right as a whole. */

import { segmentsOf, splitWords } from './reference-texts.ts'
import type { References } from './reference-texts.ts'

/** Options of {@link exactMatch}. */
export interface ExactMatchOptions {
  /** Compares without regard to capitals. Default false. */
  readonly lowercase?: boolean
}

/**
 * The share of hypotheses, 0 to 1, that are the same as their reference (or as one of several), white space at the ends
 * and its amount aside. Throws `E_SHAPE` for different counts of hypotheses and references.
 *
 * @example
 * ```ts
 * import { exactMatch } from '@rnn/data'
 * exactMatch(['le chat', 'le  chien ', 'Un'], ['le chat', ['un chien', 'le chien'], 'un']) // → 0.6666666666666666
 * ```
 */
export function exactMatch(
  hypotheses: readonly string[],
  references: References,
  { lowercase = false }: ExactMatchOptions = {},
): number {
  const plain = (text: string): string => splitWords(lowercase ? text.toLowerCase() : text).join(' ')
  const segments = segmentsOf(hypotheses, references, 'exactMatch')
  const right = segments.filter(({ hypothesis, references: texts }) => texts.map(plain).includes(plain(hypothesis)))
  return right.length / segments.length
}
