/** One long text as characters for a language model: a vocabulary, a training part, and a tail that is held out. */

import { DataError, shown } from '../errors.ts'
import { characters } from './characters.ts'
import type { CharactersOptions } from './characters.ts'
import { buildVocabulary } from './vocabulary.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Options of {@link characterStream}. */
export interface CharacterStreamOptions extends CharactersOptions {
  /** The share of the characters at the end that is held out, from 0 to below 1. Default 0.1. */
  readonly heldOut?: number
}

/** A text as ids of its characters. */
export interface CharacterStream {
  /** Of the training part; a character that only the tail has is unknown. */
  readonly vocabulary: Vocabulary
  readonly train: Int32Array
  /** The tail, which comes right after `train`. */
  readonly heldOut: Int32Array
}

/**
 * Splits a text into characters (graphemes), numbers those of its first part, and holds out the rest. Throws `E_SPLIT`
 * where there are too few characters for two parts.
 *
 * @example
 * ```ts
 * import { characterStream } from '@rnn/data'
 * const { vocabulary, train, heldOut } = characterStream('abababab?b', { heldOut: 0.2 })
 * vocabulary.tokens // → ["<pad>", "<unk>", "a", "b"]
 * train // → [2, 3, 2, 3, 2, 3, 2, 3]
 * heldOut // → [1, 3]
 * ```
 */
export function characterStream(text: string, options: CharacterStreamOptions = {}): CharacterStream {
  const { heldOut: share = 0.1, ...rest } = options
  if (!(share >= 0 && share < 1)) {
    throw new DataError('E_ARGUMENT', {
      problem: `heldOut is ${shown(share)}, expected a share from 0 to below 1`,
      got: share,
      expected: 'a number from 0 to below 1',
    })
  }
  const tokens = characters(rest).tokenize(text)
  const tail = Math.round(tokens.length * share)
  if (tokens.length - tail < 2 || (share > 0 && tail < 2)) {
    throw new DataError('E_SPLIT', {
      problem: `${tokens.length} characters are too few for training and a held-out tail`,
      got: tokens.length,
      expected: 'at least two characters in each part',
      fix: 'give a longer text',
    })
  }
  const train = tokens.slice(0, tokens.length - tail)
  const vocabulary = buildVocabulary([train])
  return { vocabulary, train: vocabulary.encode(train), heldOut: vocabulary.encode(tokens.slice(train.length)) }
}
