/** Texts to ids: tokeniser and vocabulary in one step, with the line of a text of no words. */

import { DataError, shown } from '../errors.ts'
import type { Places } from '../errors.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * The tokens of each text. Throws `E_NO_WORDS`, with line or row, for a text that has none.
 *
 * @example
 * ```ts
 * import { tokenizeTexts, words } from '@rnn/data'
 * tokenizeTexts(['Not bad!'], words()) // → [["not", "bad", "!"]]
 * ```
 */
export function tokenizeTexts(
  texts: readonly string[],
  tokenizer: Tokenizer,
  { file, lines }: Places = {},
): string[][] {
  return texts.map((text, row) => {
    const tokens = tokenizer.tokenize(text)
    if (tokens.length > 0) return tokens
    throw new DataError('E_NO_WORDS', {
      file,
      line: lines?.[row],
      row,
      problem: `a text of no words: ${shown(text)}`,
      got: text,
      expected: 'at least one word',
      fix: 'fill it in or remove it',
    })
  })
}

/** The ids of each text, int32, as new arrays that the caller owns. Throws as {@link tokenizeTexts} does. */
export function encodeTexts(
  texts: readonly string[],
  tokenizer: Tokenizer,
  vocabulary: Vocabulary,
  places?: Places,
): Int32Array[] {
  return tokenizeTexts(texts, tokenizer, places).map((tokens) => vocabulary.encode(tokens))
}
