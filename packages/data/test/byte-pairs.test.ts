/** The trainer of byte-pair encoding against the definition: counts made anew for every merge. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { learnBytePairs } from '../src/text/byte-pairs.ts'
import { compareCodePoints } from '../src/text/code-points.ts'

type Merge = readonly [string, string]

/** Applies merges to a word as encoders do: the earliest merge that fits anywhere, at its first place, until none fits. */
function encode(word: string, merges: readonly Merge[]): string[] {
  const symbols = Array.from(word)
  for (;;) {
    let best: { readonly rank: number; readonly at: number } | undefined
    for (let at = 0; at + 1 < symbols.length; at++) {
      const rank = merges.findIndex(([left, right]) => left === symbols[at] && right === symbols[at + 1])
      if (rank >= 0 && (best === undefined || rank < best.rank)) best = { rank, at }
    }
    if (best === undefined) return symbols
    symbols.splice(best.at, 2, symbols[best.at]! + symbols[best.at + 1]!)
  }
}

/** The definition: encode all words with the merges so far, count pairs, merge the most frequent, first by code points. */
function reference(
  words: ReadonlyMap<string, number>,
  alphabet: readonly string[],
  maxTokens: number,
  least: number,
): Merge[] {
  const merges: Merge[] = []
  const tokens = new Set(alphabet)
  while (tokens.size < maxTokens) {
    const pairs = new Map<string, { readonly pair: Merge; count: number }>()
    for (const [word, count] of words) {
      const symbols = encode(word, merges)
      for (let i = 1; i < symbols.length; i++) {
        const pair: Merge = [symbols[i - 1]!, symbols[i]!]
        const entry = pairs.get(pair.join(' ')) ?? { pair, count: 0 }
        pairs.set(pair.join(' '), { pair, count: entry.count + count })
      }
    }
    const [best] = [...pairs.values()]
      .filter(({ count }) => count >= least)
      .sort(
        (a, b) =>
          b.count - a.count || compareCodePoints(a.pair[0], b.pair[0]) || compareCodePoints(a.pair[1], b.pair[1]),
      )
    if (best === undefined) break
    merges.push(best.pair)
    tokens.add(best.pair.join(''))
  }
  return merges
}

const letters = ['a', 'b', 'c', 'd', '😀']

describe('learnBytePairs', () => {
  it('learns the example of the paper, ties by code point', () => {
    const words = new Map([
      ['low', 5],
      ['lower', 2],
      ['newest', 6],
      ['widest', 3],
    ])
    const { merges, tokens } = learnBytePairs(words, Array.from('deilnorstw'), { maxTokens: 100, minFrequency: 1 })
    // es and st 9 times each, then est 9; lo and ow 7, low 7; ew, ne and west 6, ewest and new 6, newest 6;
    // dest, id and wi 3; er and lowe 2.
    const expected = 'e+s es+t l+o lo+w e+w ew+est n+ewest d+est i+dest w+idest e+r low+er'
    expect(merges.map((merge) => merge.join('+')).join(' ')).toBe(expected)
    expect(tokens.slice(10)).toEqual(merges.map((merge) => merge.join('')))
  })

  it('makes the merges that counting anew would make, with any words and limits', () => {
    const word = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 9 }).map((list) => list.join(''))
    const corpus = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 4 })), { maxLength: 12 })
    fc.assert(
      fc.property(corpus, fc.integer({ min: 5, max: 40 }), fc.integer({ min: 1, max: 3 }), (list, maxTokens, least) => {
        const words = new Map(list)
        const learned = learnBytePairs(words, letters, { maxTokens, minFrequency: least })
        expect(learned.merges).toEqual(reference(words, letters, maxTokens, least))
        expect(learned.tokens.length).toBe(new Set(learned.tokens).size)
        expect(learned.tokens.length).toBeLessThanOrEqual(maxTokens)
        const reversed = new Map(list.toReversed().filter(([text]) => words.has(text)))
        const sameCounts = [...reversed].every(([text, count]) => words.get(text) === count)
        fc.pre(sameCounts)
        expect(learnBytePairs(reversed, letters, { maxTokens, minFrequency: least })).toEqual(learned)
      }),
      { numRuns: 400 },
    )
  })

  it('makes no token and merges no pair twice, in runs of one letter either', () => {
    const words = new Map(
      Array.from({ length: 40 }, (_, i) => [`${'a'.repeat(i + 1)}${'b'.repeat(i % 5)}`, (i * 7) % 11]),
    )
    const { merges, tokens } = learnBytePairs(words, letters, { maxTokens: 300, minFrequency: 1 })
    expect(new Set(merges.map((merge) => merge.join(' '))).size).toBe(merges.length)
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(merges).toEqual(reference(words, letters, 300, 1))
  })

  it('learns nothing from no words, from words of one symbol, and without room', () => {
    expect(learnBytePairs(new Map(), letters, { maxTokens: 9, minFrequency: 1 }).merges).toEqual([])
    expect(learnBytePairs(new Map([['a', 9]]), letters, { maxTokens: 9, minFrequency: 1 }).merges).toEqual([])
    expect(learnBytePairs(new Map([['ab', 9]]), letters, { maxTokens: 5, minFrequency: 1 }).merges).toEqual([])
  })
})
