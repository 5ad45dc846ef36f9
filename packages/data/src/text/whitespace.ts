/** Splitting at white space: the tokeniser of texts that were tokenised before. */

import type { Tokenizer } from './tokenizer.ts'

/** Options of {@link whitespace}. */
export interface WhitespaceOptions {
  /** Default false. */
  readonly lowerCase?: boolean
}

/**
 * A tokeniser that cuts at white space and nowhere else, for text that another tool has already cut into tokens.
 *
 * @example
 * ```ts
 * import { whitespace } from '@rnn/data'
 * whitespace().tokenize('the <unk> of N years') // → ["the", "<unk>", "of", "N", "years"]
 * ```
 */
export function whitespace(options: WhitespaceOptions = {}): Tokenizer<Required<WhitespaceOptions>> {
  const { lowerCase = false } = options
  return {
    name: 'whitespace',
    options: { lowerCase },
    tokenize: (text) => (lowerCase ? text.toLowerCase() : text).match(/\S+/gu) ?? [],
  }
}
