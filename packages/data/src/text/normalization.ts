/** Steps that tokenisers share before they cut a text: Unicode normalisation, lower case, and the host's segmenter. */

import { DataError, shown, shownList } from '../errors.ts'

/**
 * How equal-looking texts are made equal. `NFC` joins letters and their accents; `NFKC` also folds full-width and other
 * compatibility forms (often wanted for Chinese and Japanese); `none` leaves the text as it is.
 */
export type Normalization = 'NFC' | 'NFKC' | 'none'

const normalizations: readonly Normalization[] = ['NFC', 'NFKC', 'none']

/** Throws `E_ARGUMENT` unless `value` is one of the normalisations. */
export function checkNormalization(value: string): void {
  if ((normalizations as readonly string[]).includes(value)) return
  throw new DataError('E_ARGUMENT', {
    problem: `normalization is ${shown(value)}, expected one of ${shownList(normalizations)}`,
    got: value,
    expected: normalizations,
  })
}

/** The text normalised, then in lower case where asked for. */
export function prepare(text: string, normalization: Normalization, lowerCase: boolean, locale?: string): string {
  const normalized = normalization === 'none' ? text : text.normalize(normalization)
  if (!lowerCase) return normalized
  return locale === undefined ? normalized.toLowerCase() : normalized.toLocaleLowerCase(locale)
}

/** A segmenter of the host, made at first use. Throws `E_NO_SEGMENTER` on hosts without `Intl.Segmenter`. */
export function lazySegmenter(granularity: 'word' | 'grapheme', locale: string): () => Intl.Segmenter {
  let segmenter: Intl.Segmenter | undefined
  return () => {
    if (segmenter === undefined) {
      if (typeof Intl === 'undefined' || typeof Intl.Segmenter !== 'function') {
        throw new DataError('E_NO_SEGMENTER', {
          problem: 'this runtime has no Intl.Segmenter, which this text needs',
          expected: 'Intl.Segmenter',
          fix: 'use Node 18, Chrome 87, Safari 14.1, Firefox 125 or later',
        })
      }
      segmenter = new Intl.Segmenter(locale, { granularity })
    }
    return segmenter
  }
}
