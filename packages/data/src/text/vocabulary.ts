/** Tokens as numbers and back: one type for words, characters and whatever else a tokeniser makes. */

import { checkWhole, DataError, shown } from '../errors.ts'
import { compareCodePoints } from './code-points.ts'

/** A saved {@link Vocabulary}. The special tokens come first in `tokens`: padding, unknown, then the others. */
export interface VocabularyJSON {
  readonly format: 'rnn-vocabulary'
  readonly version: 1
  readonly specialCount: number
  readonly tokens: readonly string[]
}

/**
 * An immutable two-way table of tokens and ids. Padding is 0, unknown is 1, further special tokens follow, then the
 * rest.
 */
export interface Vocabulary {
  /** How many ids there are: the `vocabularySize` of an embedding. */
  readonly size: number
  /** Every token by id. */
  readonly tokens: readonly string[]
  /** The special tokens: padding, unknown, then those asked for. */
  readonly specialTokens: readonly string[]
  readonly paddingId: 0
  readonly unknownId: 1
  has(token: string): boolean
  /** The id of a token; {@link unknownId} for one that is not there. */
  id(token: string): number
  /** The token of an id. Throws `E_ID` for an id out of range. */
  token(id: number): string
  /** The ids of tokens, as a new array that the caller owns. */
  encode(tokens: Iterable<string>): Int32Array
  /** The tokens of ids, without the special ones (padding, unknown, …) if `skipSpecial`. Throws `E_ID`. */
  decode(ids: Iterable<number>, options?: { readonly skipSpecial?: boolean }): string[]
  /** For `JSON.stringify`; {@link vocabularyFromJSON} restores it. */
  toJSON(): VocabularyJSON
}

/** Options of {@link buildVocabulary}. */
export interface VocabularyOptions {
  /** Tokens seen less often are left out, and so read as unknown. Default 1. */
  readonly minFrequency?: number
  /** At most this many entries, special ones included; the most frequent stay. Default: no limit. */
  readonly maxSize?: number
  /** Default `<pad>`. */
  readonly paddingToken?: string
  /** Default `<unk>`. */
  readonly unknownToken?: string
  /** Further special tokens, which get the ids 2, 3, …: `['<bos>', '<eos>']` for a translator. */
  readonly specialTokens?: readonly string[]
}

/**
 * Counts the tokens of a corpus and numbers them: frequent ones first, equally frequent ones by code point, so that the
 * same corpus gives the same vocabulary in any order and on any machine. Special tokens that occur in the corpus keep
 * their ids. Throws `E_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { buildVocabulary, words } from '@rnn/data'
 * const corpus = ['a good film', 'a bad film', 'a film'].map(words().tokenize)
 * const vocabulary = buildVocabulary(corpus, { minFrequency: 2 })
 * vocabulary.tokens // → ["<pad>", "<unk>", "a", "film"]
 * vocabulary.encode(['a', 'great', 'film']) // → [2, 1, 3]
 * ```
 */
export function buildVocabulary(corpus: Iterable<Iterable<string>>, options: VocabularyOptions = {}): Vocabulary {
  const { minFrequency = 1, maxSize, paddingToken = '<pad>', unknownToken = '<unk>', specialTokens = [] } = options
  const specials = [paddingToken, unknownToken, ...specialTokens]
  checkWhole(minFrequency, 'minFrequency', 1)
  if (maxSize !== undefined) checkWhole(maxSize, 'maxSize', specials.length)

  const counts = new Map<string, number>()
  for (const tokens of corpus) {
    // A corpus of texts instead of token lists would pass unnoticed, since a string iterates over its characters.
    if (typeof tokens === 'string') {
      throw new DataError('E_ARGUMENT', {
        problem: `buildVocabulary got the text ${shown(tokens)}, expected a list of tokens`,
        got: tokens,
        expected: 'a list of tokens for each text',
        fix: 'tokenise it first: texts.map(tokenizer.tokenize)',
      })
    }
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  }
  for (const token of specials) counts.delete(token)
  const kept = [...counts]
    .filter(([, count]) => count >= minFrequency)
    .sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
    .map(([token]) => token)
  return vocabularyOf([...specials, ...kept].slice(0, maxSize), specials.length, 'E_ARGUMENT')
}

/**
 * Restores a vocabulary from what `JSON.parse` gives. Throws `E_JSON` that says what is wrong with it; `file` names it
 * in the message.
 *
 * @example
 * ```ts
 * import { buildVocabulary, vocabularyFromJSON } from '@rnn/data'
 * const saved = JSON.stringify(buildVocabulary([['b', 'a']]))
 * vocabularyFromJSON(JSON.parse(saved), 'vocabulary.json').id('b') // → 3
 * ```
 */
export function vocabularyFromJSON(json: unknown, file?: string): Vocabulary {
  const { format, version, specialCount, tokens } = (json ?? {}) as { readonly [Key in keyof VocabularyJSON]?: unknown }
  const fail = (problem: string, got: unknown, expected: unknown): never => {
    throw new DataError('E_JSON', { problem: `not a saved vocabulary: ${problem}`, file, got, expected })
  }
  if (format !== 'rnn-vocabulary')
    fail(`format is ${shown(format)}, expected "rnn-vocabulary"`, format, 'rnn-vocabulary')
  if (version !== 1) fail(`version is ${shown(version)}, this release reads version 1`, version, 1)
  if (!Array.isArray(tokens)) return fail('tokens is not a list', tokens, 'a list of strings')
  const odd = tokens.findIndex((token) => typeof token !== 'string')
  if (odd >= 0) fail(`token ${odd} is ${shown(tokens[odd])}, expected a string`, tokens[odd], 'a string')
  if (!Number.isSafeInteger(specialCount) || (specialCount as number) < 2 || (specialCount as number) > tokens.length) {
    fail(
      `specialCount is ${shown(specialCount)}, expected 2 to ${tokens.length}`,
      specialCount,
      `2 to ${tokens.length}`,
    )
  }
  return vocabularyOf(tokens as string[], specialCount as number, 'E_JSON', file)
}

/** The vocabulary of a full list of tokens, the special ones first. */
function vocabularyOf(
  tokens: readonly string[],
  specialCount: number,
  code: 'E_ARGUMENT' | 'E_JSON',
  file?: string,
): Vocabulary {
  const table = Object.freeze([...tokens])
  const ids = new Map<string, number>()
  for (const [id, token] of table.entries()) {
    if (ids.has(token)) {
      throw new DataError(code, {
        problem: `the vocabulary has the token ${shown(token)} twice, as ${ids.get(token)} and ${id}`,
        file,
        got: token,
        expected: 'each token once',
      })
    }
    ids.set(token, id)
  }
  const token = (id: number): string => {
    const found = table[id]
    if (found !== undefined) return found
    throw new DataError('E_ID', {
      problem: `id ${shown(id)} is not in a vocabulary of ${table.length} tokens`,
      got: id,
      expected: `0 to ${table.length - 1}`,
      fix: 'was this encoded by another vocabulary?',
    })
  }
  return {
    size: table.length,
    tokens: table,
    specialTokens: Object.freeze(table.slice(0, specialCount)),
    paddingId: 0,
    unknownId: 1,
    has: (text) => ids.has(text),
    id: (text) => ids.get(text) ?? 1,
    token,
    encode: (list) => Int32Array.from(list, (text) => ids.get(text) ?? 1),
    decode: (list, { skipSpecial = false } = {}) =>
      Array.from(list, (id) => ({ id, text: token(id) }))
        .filter(({ id }) => !skipSpecial || id >= specialCount)
        .map(({ text }) => text),
    toJSON: () => ({ format: 'rnn-vocabulary', version: 1, specialCount, tokens: table }),
  }
}
