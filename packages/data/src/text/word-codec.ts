/** Words and characters as a translator's vocabulary: a tokeniser, a vocabulary, and the way back to text. */

import { DataError, shown } from '../errors.ts'
import { characters } from './characters.ts'
import { standardParts } from './standard-parts.ts'
import { defaultSpecialTokens } from './special-tokens.ts'
import type { SpecialTokens } from './special-tokens.ts'
import type { TextCodec } from './text-codec.ts'
import { textIds, tokenOf, visible } from './token-table.ts'
import { readTokenizerFile, tokenizerFile } from './tokenizer-file.ts'
import type { TokenTable } from './tokenizer-file.ts'
import { tokenizerFromJSON } from './tokenizer-json.ts'
import type { TokenizerFactory } from './tokenizer-json.ts'
import type { Tokenizer } from './tokenizer.ts'
import { buildVocabulary } from './vocabulary.ts'
import { words } from './words.ts'

/** Options of {@link wordCodec} and {@link characterCodec}. */
export interface VocabularyCodecOptions {
  /** Default: `words()` or `characters()`. */
  readonly tokenizer?: Tokenizer
  /** Tokens seen less often are left out, and so read as unknown. Default 1. */
  readonly minFrequency?: number
  /** At most this many ids, the four special ones included. Default: no limit. */
  readonly maxSize?: number
  /** Names other than `<pad>`, `<unk>`, `<s>` and `</s>`. */
  readonly specialTokens?: Partial<SpecialTokens>
}

/**
 * Words as ids, learned from texts; padding is 0, unknown 1, start 2, end 3. The way back joins with spaces, so that
 * `It isn't.` comes back as `it isn't .`. Throws `E_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { wordCodec } from '@rnn/data'
 * const codec = wordCodec(['A dog runs.', 'A cat runs.'], { minFrequency: 2 })
 * codec.tokens // → ["<pad>", "<unk>", "<s>", "</s>", ".", "a", "runs"]
 * codec.encode('A bird runs.') // → [5, 1, 6, 4]
 * codec.decode([2, 5, 1, 6, 4, 3]) // → "a <unk> runs ."
 * ```
 */
export function wordCodec(texts: Iterable<string>, options: VocabularyCodecOptions = {}): TextCodec {
  return learn(texts, 'words', options.tokenizer ?? words(), options)
}

/**
 * Characters as ids, learned from texts; otherwise as {@link wordCodec}. The way back gives the (normalised) text as it
 * was, but for unknown characters.
 *
 * @example
 * ```ts
 * import { characterCodec } from '@rnn/data'
 * const codec = characterCodec(['16+61', '5+8'])
 * codec.decode(codec.encode('8+1')) // → "8+1"
 * codec.label(4) // → "+"
 * ```
 */
export function characterCodec(texts: Iterable<string>, options: VocabularyCodecOptions = {}): TextCodec {
  return learn(texts, 'characters', options.tokenizer ?? characters(), options)
}

/**
 * Restores a codec of words or characters from its `tokenizer.json`; `factories` makes tokenisers of your own, by name.
 * Throws `E_JSON`.
 */
export function vocabularyCodecFromJSON(
  json: unknown,
  {
    file,
    factories,
  }: { readonly file?: string | undefined; readonly factories?: Readonly<Record<string, TokenizerFactory>> } = {},
): TextCodec {
  const table = readTokenizerFile(json, 'WordLevel', file)
  const { rnn } = (
    json as { readonly model: { readonly rnn?: { readonly unit?: unknown; readonly tokenizer?: unknown } } }
  ).model
  const unit = rnn?.unit
  if (unit !== 'words' && unit !== 'characters') {
    throw new DataError('E_JSON', {
      file,
      problem: `model.rnn.unit is ${shown(unit)}, expected "words" or "characters": this file was not saved by a codec of words or characters`,
      got: unit,
      expected: ['words', 'characters'],
    })
  }
  return vocabularyCodec(table, unit, tokenizerFromJSON(rnn?.tokenizer, factories))
}

function learn(
  texts: Iterable<string>,
  unit: 'words' | 'characters',
  tokenizer: Tokenizer,
  { minFrequency, maxSize, specialTokens }: VocabularyCodecOptions,
): TextCodec {
  if (typeof texts === 'string') {
    throw new DataError('E_ARGUMENT', {
      problem: `got the text ${shown(texts)}, expected a list of texts`,
      got: texts,
      expected: 'a list of texts',
    })
  }
  const names = { ...defaultSpecialTokens, ...specialTokens }
  const tokenized = (function* () {
    for (const text of texts) yield tokenizer.tokenize(text)
  })()
  const { tokens } = buildVocabulary(tokenized, {
    paddingToken: names.padding,
    unknownToken: names.unknown,
    specialTokens: [names.start, names.end],
    ...(minFrequency !== undefined && { minFrequency }),
    ...(maxSize !== undefined && { maxSize }),
  })
  return vocabularyCodec({ tokens, paddingId: 0, unknownId: 1, startId: 2, endId: 3 }, unit, tokenizer)
}

function vocabularyCodec(table: TokenTable, unit: 'words' | 'characters', tokenizer: Tokenizer): TextCodec {
  const { tokens, paddingId, unknownId, startId, endId } = table
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const between = unit === 'words' ? ' ' : ''
  return {
    unit,
    size: tokens.length,
    tokens: Object.freeze([...tokens]),
    paddingId,
    unknownId,
    startId,
    endId,
    encode: (text) => Int32Array.from(tokenizer.tokenize(text), (token) => ids.get(token) ?? unknownId),
    decode: (list) =>
      textIds(list, table)
        .map((id) => tokens[id] as string)
        .join(between),
    label: (id) => visible(tokenOf(tokens, id)),
    pieces: (text) => tokenizer.tokenize(text).map(visible),
    toJSON: () =>
      tokenizerFile(table, {
        ...standardParts(tokenizer),
        decoder: unit === 'words' ? null : { type: 'Fuse' },
        // Other programs go by the standard parts; ours by the tokeniser itself, to which those come near.
        model: { type: 'WordLevel', unk_token: tokens[unknownId] as string, rnn: { unit, tokenizer } },
      }),
  }
}
