/**
 * Our tokenisers in the terms of a Hugging Face `tokenizer.json`, so that other programs cut texts as we do: exactly so for
 * `whitespace` and, in spaced scripts, for `words`; `characters` by the other program's own idea of a grapheme.
 */

import type { Tokenizer } from './tokenizer.ts'
import { spacedTokenPattern } from './words.ts'

/** Normaliser and pre-tokeniser for a tokeniser of this package; white space for one that it does not know. */
export function standardParts({ name, options }: Tokenizer): {
  readonly normalizer: object | null
  readonly pre_tokenizer: object
} {
  const { lowerCase, normalization } = options as { readonly lowerCase?: unknown; readonly normalization?: unknown }
  const steps: object[] = []
  if (normalization === 'NFC' || normalization === 'NFKC') steps.push({ type: normalization })
  if (lowerCase === true) steps.push({ type: 'Lowercase' })
  if (name === 'words') steps.push({ type: 'Replace', pattern: { String: '’' }, content: "'" })
  return { normalizer: normalizerOf(steps), pre_tokenizer: preTokenizer(name) }
}

/** One normaliser of several steps. */
export function normalizerOf(steps: readonly object[]): object | null {
  return steps.length === 0 ? null : { type: 'Sequence', normalizers: steps }
}

function preTokenizer(name: string): object {
  switch (name) {
    case 'words':
      // Inverted, what matches is kept and what is between is removed.
      return split(`(?i:${spacedTokenPattern})`, 'Removed', true)
    case 'characters':
      return split(String.raw`\X`, 'Isolated', false)
    default:
      return { type: 'WhitespaceSplit' }
  }
}

function split(regex: string, behavior: string, invert: boolean): object {
  return { type: 'Split', pattern: { Regex: regex }, behavior, invert }
}
