/**
 * `@rnn/data/subwords`: byte-level byte-pair encoding, learned here and applied by `@huggingface/tokenizers`. An entry
 * point of its own, so that a page that uses words or characters does not load that library.
 */

import { Tokenizer } from '@huggingface/tokenizers'
import { DataError, checkWhole, shown } from './errors.ts'
import { learnBytePairs } from './text/byte-pairs.ts'
import { checkNormalization } from './text/normalization.ts'
import type { Normalization } from './text/normalization.ts'
import { defaultSpecialTokens } from './text/special-tokens.ts'
import type { SpecialTokens } from './text/special-tokens.ts'
import { normalizerOf } from './text/standard-parts.ts'
import type { TextCodec } from './text/text-codec.ts'
import { textIds, tokenOf, visible } from './text/token-table.ts'
import { readTokenizerFile, tokenizerFile } from './text/tokenizer-file.ts'
import type { TokenizerFile } from './text/tokenizer-file.ts'

export type { SpecialTokens } from './text/special-tokens.ts'
export type { TextCodec } from './text/text-codec.ts'

/** Options of {@link subwordCodec}. */
export interface SubwordCodecOptions {
  /**
   * At most this many ids: 4 special tokens, 256 bytes, the rest merges. Fewer where the texts have no more pairs that
   * occur often enough. Default 8000.
   */
  readonly size?: number
  /** Pairs seen less often are not merged. Default 2. */
  readonly minFrequency?: number
  /** Default false: capitals are kept. */
  readonly lowerCase?: boolean
  /** Default `'NFC'`. */
  readonly normalization?: Normalization
  /** Names other than `<pad>`, `<unk>`, `<s>` and `</s>`. A text that holds one of them is read as that token. */
  readonly specialTokens?: Partial<SpecialTokens>
}

/**
 * Learns byte-pair encoding (Sennrich et al. 2016) from texts: merges within words, the most frequent pair first, of
 * equally frequent ones the first by code point, so that the same texts give the same codec in any order. For a
 * vocabulary that two languages share, give the texts of both.
 *
 * A word is a run of letters with the space before it (`don't` and `l'eau` are one), a run of digits, or one of other
 * characters; a text is read as if a space stood before it, so that its first word is like others. The symbols are the
 * bytes of UTF-8, as in GPT-2: there is no text without ids, and `decode(encode(text))` is the text to the letter, as
 * `normalization` and `lowerCase` leave it.
 *
 * Throws `E_ARGUMENT` for options that make no sense.
 *
 * @example
 * ```ts
 * import { subwordCodec } from '@rnn/data/subwords'
 * const codec = subwordCodec(['low low lower', 'newest widest newer'], { size: 270 })
 * Array.from(codec.encode('lowest'), codec.label) // → ["▁low", "est"]
 * codec.decode(codec.encode('Où est l’été 🙂 ?')) // → "Où est l’été 🙂 ?"
 * ```
 */
export function subwordCodec(texts: Iterable<string>, options: SubwordCodecOptions = {}): TextCodec {
  const { size = 8000, minFrequency = 2, lowerCase = false, normalization = 'NFC', specialTokens } = options
  const alphabet = byteSymbols()
  const { padding, unknown, start, end } = { ...defaultSpecialTokens, ...specialTokens }
  const specials = [padding, unknown, start, end]
  checkWhole(size, 'size', specials.length + alphabet.length)
  checkWhole(minFrequency, 'minFrequency', 1)
  checkNormalization(normalization)
  if (typeof texts === 'string' || new Set([...specials, ...alphabet]).size < specials.length + alphabet.length) {
    throw new DataError('E_ARGUMENT', {
      problem:
        typeof texts === 'string'
          ? `got the text ${shown(texts)}, expected a list of texts`
          : `the special tokens are ${specials.map((token) => shown(token)).join(', ')}, expected four different names of several letters`,
      got: typeof texts === 'string' ? texts : specials,
    })
  }

  const fileOf = (tokens: readonly string[], merges: readonly (readonly [string, string])[]): TokenizerFile =>
    tokenizerFile(
      { tokens: [...specials, ...tokens], paddingId: 0, unknownId: 1, startId: 2, endId: 3 },
      {
        normalizer: normalizerOf([
          ...(normalization === 'none' ? [] : [{ type: normalization }]),
          ...(lowerCase ? [{ type: 'Lowercase' }] : []),
          { type: 'Prepend', prepend: ' ' },
        ]),
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Isolated', invert: false },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
          ],
        },
        decoder: {
          type: 'Sequence',
          decoders: [
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
            { type: 'Strip', content: ' ', start: 1, stop: 0 }, // the space that was put before the text
          ],
        },
        model: {
          type: 'BPE',
          dropout: null,
          unk_token: unknown,
          continuing_subword_prefix: null,
          end_of_word_suffix: null,
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          merges,
        },
      },
    )

  // What encodes also cuts the texts into words: the two cannot differ.
  const cutter = hostTokenizer(fileOf(alphabet, []))
  const wordCounts = new Map<string, number>()
  for (const text of texts) {
    const normalized = cutter.normalizer?.normalize(text) ?? text
    for (const word of cutter.pre_tokenizer?.pre_tokenize([normalized]) ?? [])
      wordCounts.set(word, (wordCounts.get(word) ?? 0) + 1)
  }
  const { tokens, merges } = learnBytePairs(wordCounts, alphabet, { maxTokens: size - specials.length, minFrequency })
  return subwordCodecFromJSON(fileOf(tokens, merges))
}

/**
 * Restores a codec from a `tokenizer.json` of byte-pair encoding as `JSON.parse` gives it: ours, or one of another maker
 * that has padding, unknown, start and end tokens. Throws `E_JSON` that says what is wrong with it; `file` names it in
 * the message.
 *
 * @example
 * ```ts
 * import { subwordCodec, subwordCodecFromJSON } from '@rnn/data/subwords'
 * const saved = JSON.stringify(subwordCodec(['ab ab ab']))
 * subwordCodecFromJSON(JSON.parse(saved), 'tokenizer.json').encode('ab') // → [261]
 * ```
 */
export function subwordCodecFromJSON(json: unknown, file?: string): TextCodec {
  const table = readTokenizerFile(json, 'BPE', file)
  const { tokens, paddingId, unknownId, startId, endId } = table
  const copy = structuredClone(json) as object
  const tokenizer = hostTokenizer(copy, file)
  const decode = (ids: number[]): string =>
    ids.length === 0 ? '' : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false })
  const encode = (text: string): Int32Array =>
    Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids)
  const label = (id: number): string => {
    const token = tokenOf(tokens, id)
    const text = decode([id])
    // A part of a letter's bytes is no text.
    if (text.includes('\ufffd')) return token
    return (/^[Ġ▁]/u.test(token) ? '▁' : '') + visible(text)
  }
  return {
    unit: 'subwords',
    size: tokens.length,
    tokens: Object.freeze([...tokens]),
    paddingId,
    unknownId,
    startId,
    endId,
    encode,
    decode: (ids) => decode(textIds(ids, table)),
    label,
    pieces: (text) => Array.from(encode(text), label),
    toJSON: () => copy,
  }
}

// As GPT-2 cuts, but with marks as parts of letters (Indic scripts) and apostrophes as parts of words.
const wordPattern = String.raw` ?[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+`

/**
 * The characters that stand for the 256 bytes in vocabularies of the byte-level kind (Radford et al. 2019): printable
 * bytes of Latin-1 stand for themselves, the others, in their order, are the characters from U+0100 on. Sorted.
 */
function byteSymbols(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad)
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)
  const others = bytes.filter((byte) => !printable(byte))
  return [...bytes.filter(printable), ...others.map((_, i) => 0x100 + i)].map((code) => String.fromCharCode(code))
}

/** What is used of the library. Its own types name their files without endings, which Node's rules do not resolve. */
interface HostTokenizer {
  readonly normalizer: { normalize(text: string): string } | null
  readonly pre_tokenizer: { pre_tokenize(texts: readonly string[]): readonly string[] } | null
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] }
  decode(
    ids: readonly number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string
}

/** The library's tokeniser. Throws `E_JSON` with what the library has to say. */
function hostTokenizer(json: object, file?: string): HostTokenizer {
  try {
    return new Tokenizer(json, {}) as HostTokenizer
  } catch (error) {
    throw new DataError('E_JSON', {
      problem: `not a tokenizer.json that can be read here: ${error instanceof Error ? error.message : String(error)}`,
      file,
      got: error,
    })
  }
}
