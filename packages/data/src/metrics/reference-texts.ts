/** What the scores of texts share: hypotheses beside their references, white space as Python splits it, n-gram counts. */

import { DataError } from '../errors.ts'

/**
 * The references of a corpus, one entry for each hypothesis: a text, or several texts of which any would be right.
 */
export type References = readonly (string | readonly string[])[]

/** A hypothesis and its references, at least one. */
export interface Segment {
  readonly hypothesis: string
  readonly references: readonly string[]
}

/** Throws `E_SHAPE` for different counts of hypotheses and references, `E_ARGUMENT` where there is nothing to compare. */
export function segmentsOf(hypotheses: readonly string[], references: References, name: string): Segment[] {
  if (hypotheses.length !== references.length) {
    throw new DataError('E_SHAPE', {
      problem: `${name}: ${hypotheses.length} hypotheses but references for ${references.length}`,
      got: references.length,
      expected: hypotheses.length,
      fix: 'references[i] is the text, or the list of texts, for hypotheses[i]',
    })
  }
  if (hypotheses.length === 0) {
    throw new DataError('E_ARGUMENT', {
      problem: `${name}: there are no hypotheses`,
      got: 0,
      expected: 'at least one hypothesis with its reference',
    })
  }
  return hypotheses.map((hypothesis, row) => {
    const given = references[row] as string | readonly string[]
    const list = typeof given === 'string' ? [given] : given
    if (list.length > 0) return { hypothesis, references: list }
    throw new DataError('E_ARGUMENT', {
      row,
      problem: `${name}: a hypothesis without a reference`,
      got: list,
      expected: 'at least one reference for each hypothesis',
    })
  })
}

/** How many references each segment has, as a signature says it. */
export function referenceCount(segments: readonly Segment[]): string {
  const counts = new Set(segments.map(({ references }) => references.length))
  return counts.size === 1 ? String([...counts][0]) : 'var'
}

/** What the signatures of our scores name: the release of sacrebleu whose definitions they follow, and who computed them. */
export const signatureVersion = 'version:2.6.0-rnn'

/**
 * A number with `digits` decimals as Python prints it: of two that are equally near the even one, where `toFixed` takes
 * the larger. Only odd multiples of 2^−(digits + 1) are exactly between two.
 */
export function rounded(value: number, digits: number): string {
  const halves = value * 2 ** (digits + 1)
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(digits)
  const below = Math.floor(value * 10 ** digits)
  return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits)
}

// What str.split() of Python takes for white space: unlike \s with the separators U+001C to U+001F and U+0085, without U+FEFF.
const whiteSpace = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+`
const gaps = new RegExp(whiteSpace, 'u')
const trailing = new RegExp(`${whiteSpace}$`, 'u')

/** The parts of a text between white space. */
export function splitWords(text: string): string[] {
  return text.split(gaps).filter((word) => word !== '')
}

/** The text without white space at its end. */
export function trimEnd(text: string): string {
  return text.replace(trailing, '')
}

/** How often each n-gram of `order` symbols occurs; `between` stands between the symbols of a key. */
export function countNgrams(symbols: readonly string[], order: number, between: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + order <= symbols.length; i++) {
    const key = order === 1 ? (symbols[i] as string) : symbols.slice(i, i + order).join(between)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** How many n-grams of `left` are in `right` as well, each as often as it is in both. */
export function overlap(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): number {
  let matches = 0
  for (const [key, count] of left) matches += Math.min(count, right.get(key) ?? 0)
  return matches
}
