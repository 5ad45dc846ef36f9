/**
 * The tokenisers that BLEU is computed with, to the letter as sacrebleu 2 defines them: scores compare only where the
 * tokens are the same, so nothing here may be improved.
 */

import { splitWords } from './reference-texts.ts'

/**
 * `'13a'`: that of mteval-v13a, the usual one for languages of Western script. `'intl'`: that of mteval-v14, by Unicode
 * punctuation. `'zh'`: each Chinese character by itself, the rest as 13a. `'char'`: characters. `'none'`: white space only.
 */
export type BleuTokenizer = '13a' | 'intl' | 'zh' | 'char' | 'none'

/** The tokenisers by name. */
export const bleuTokenizers: Readonly<Record<BleuTokenizer, (text: string) => string[]>> = {
  '13a': (text) =>
    splitWestern(` ${unescaped(text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' '))} `),
  intl: (text) =>
    splitWords(
      text
        .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
        .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
        .replace(/\p{S}/gu, ' $& '),
    ),
  zh: (text) => splitWestern(text.replace(chinese, ' $& ')),
  char: (text) => splitWords(Array.from(text).join(' ')),
  none: splitWords,
}

/** The four entities of SGML that mteval knows. */
function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>')
}

/** What mteval does for languages of Western script: only ASCII punctuation is cut off, and apostrophes are not. */
function splitWestern(text: string): string[] {
  return splitWords(
    text
      .replace(/[{-~[-` -&(-+:-@/]/gu, ' $& ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])(-)/gu, '$1 $2 '),
  )
}

// The ranges of sacrebleu as they work: those that it writes as five digits after \u, for characters past U+FFFF, are
// read by Python as U+2001 to U+2A6D and U+2F81 to U+2FA1.
const chinese = new RegExp(
  String.raw`[\u2001-\u2a6d\u2e80-\u2eff\u2f00-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u33ff\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]`,
  'gu',
)
