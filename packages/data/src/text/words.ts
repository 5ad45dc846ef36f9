/**
 * Words and punctuation of any script: one regular expression, the same on every machine, for scripts that put spaces
 * between words, and the host's `Intl.Segmenter` for runs of scripts that do not (Chinese, Japanese, Thai, Lao, Khmer,
 * Burmese).
 */

import { checkNormalization, lazySegmenter, prepare } from './normalization.ts'
import type { Normalization } from './normalization.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Options of {@link words}. */
export interface WordsOptions {
  /** Default true: `What` and `what` are one word. */
  readonly lowerCase?: boolean
  /** Default `'NFC'`. */
  readonly normalization?: Normalization
  /** A BCP 47 tag for lower case (Turkish `İ`) and for the segmenter. Default: no language's own rules. */
  readonly locale?: string
}

/**
 * A tokeniser whose tokens are words and single punctuation marks; nothing is dropped but white space.
 *
 * In scripts with spaces: contractions stay whole (`don't`, with `’` written as `'`), clitics that were cut off before
 * stay so (`What 's` gives `what`, `'s`), numbers keep their separators (`1,000`, `3.14`, `10:30`), abbreviations their
 * dots (`u.s.`), `...` is one token, an emoji is one, and a hyphen stands by itself (`well-known` gives three tokens).
 * Where Chinese, Japanese, Thai, Lao, Khmer or Burmese words end is up to the host's dictionary, so it may differ
 * slightly from one browser to another.
 *
 * @example
 * ```ts
 * import { words } from '@rnn/data'
 * words().tokenize("It isn't bad, not at all!") // → ["it", "isn't", "bad", ",", "not", "at", "all", "!"]
 * words().tokenize('我喜欢音乐。') // → ["我", "喜欢", "音乐", "。"]
 * ```
 */
export function words(options: WordsOptions = {}): Tokenizer<WordsOptions> {
  const { lowerCase = true, normalization = 'NFC', locale } = options
  checkNormalization(normalization)
  // A fixed locale where none is given: the host's own would make results differ between machines.
  const segmenter = lazySegmenter('word', locale ?? 'en')
  return {
    name: 'words',
    options: { lowerCase, normalization, ...(locale === undefined ? {} : { locale }) },
    tokenize(text) {
      const prepared = prepare(text, normalization, lowerCase, locale).replaceAll('’', "'")
      if (!anyUnspaced.test(prepared)) return prepared.match(spacedToken) ?? []
      const tokens: string[] = []
      for (const run of prepared.match(runs) ?? []) {
        if (!anyUnspaced.test(run)) {
          for (const token of run.match(spacedToken) ?? []) tokens.push(token)
          continue
        }
        for (const { segment } of segmenter().segment(run)) {
          if (segment.trim() !== '') tokens.push(segment)
        }
      }
      return tokens
    },
  }
}

const unspaced = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`
const anyUnspaced = new RegExp(`[${unspaced}]`, 'u')
// A run takes along the marks that belong to no script of their own: accents, variation selectors,
// the Japanese ー and ﾞ.
const runs = new RegExp(String.raw`[${unspaced}][${unspaced}\p{M}\u30fc\uff70\uff9e\uff9f]*|[^${unspaced}]+`, 'gu')

// Zero-width joiners belong to words in Indic scripts and in Persian.
const letter = String.raw`[\p{L}\p{M}\p{N}_\u200c\u200d]`
const emoji = String.raw`\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?`
/** The source of the regular expression that finds tokens in spaced scripts, to be read without regard to case. */
export const spacedTokenPattern: string = [
  String.raw`(?<!\S)'(?:s|m|d|t|ll|re|ve)(?!\S)`, // a clitic cut off before
  String.raw`(?<!${letter})(?:\p{L}\.){2,}(?:\p{L}(?!${letter}))?`, // an abbreviation
  String.raw`\p{N}+(?:[.,:]\p{N}+)+`, // a number with separators
  String.raw`${letter}+(?:'${letter}+)*`, // a word, a contraction
  String.raw`\p{Regional_Indicator}{2}`, // a flag
  String.raw`${emoji}(?:\u200d${emoji})*`, // families and the like are emoji joined
  String.raw`\.{2,}`,
  "``|''", // the quotation marks of treebanks
  String.raw`\S`,
].join('|')
const spacedToken = new RegExp(spacedTokenPattern, 'giu')
