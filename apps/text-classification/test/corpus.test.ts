/** The embedded corpus: what the README promises about it. */

import { words } from '@rnn/data'
import { describe, expect, test } from 'vitest'
import { constructions } from '../src/corpus/constructions.ts'
import { generateCorpus, wordsOf, type Review } from '../src/corpus/corpus.ts'

const corpus = generateCorpus()
const all = [...corpus.train, ...corpus.validation, ...corpus.test]

describe('the embedded corpus', () => {
  test('is a pure function of its seed', () => {
    expect(generateCorpus()).toEqual(corpus)
    expect(generateCorpus(2).train).not.toEqual(corpus.train)
  })

  test('has several thousand reviews, none twice', () => {
    expect(all.length).toBeGreaterThanOrEqual(5000)
    expect(new Set(all.map(({ text }) => text.toLowerCase())).size).toBe(all.length)
  })

  test('never has the same bag of words on both sides of a split', () => {
    const bags = (reviews: readonly Review[]): Set<string> => new Set(reviews.map(({ text }) => wordsOf(text)))
    const parts = [bags(corpus.train), bags(corpus.validation), bags(corpus.test)]
    const together = parts.reduce((sum, part) => sum + part.size, 0)
    expect(new Set(parts.flatMap((part) => [...part])).size).toBe(together)
  })

  test('has as many positive as negative reviews in each part and, of whatever construction, in all', () => {
    for (const part of Object.values(corpus) as (readonly Review[])[]) {
      expect(part.filter(({ label }) => label === 'positive').length).toBe(part.length / 2)
    }
    for (const { name } of constructions) {
      const reviews = all.filter(({ construction }) => construction === name)
      expect(reviews.filter(({ label }) => label === 'positive').length).toBe(reviews.length / 2)
    }
  })

  test('gives every review but those of a single judgement a twin: the same words, the other label', () => {
    const labelsOf = new Map<string, Review['label'][]>()
    for (const { text, label } of all) labelsOf.set(wordsOf(text), [...(labelsOf.get(wordsOf(text)) ?? []), label])
    const alone = all.filter(({ text }) => new Set(labelsOf.get(wordsOf(text))).size < 2)
    expect(new Set(alone.map(({ construction }) => construction))).toEqual(new Set(['plain', 'denied claim']))
    expect(alone.length / all.length).toBeLessThan(0.2)
  })

  test('tests no word that training never saw', () => {
    const tokenize = words().tokenize
    const known = new Set(corpus.train.flatMap(({ text }) => tokenize(text)))
    expect(corpus.test.flatMap(({ text }) => tokenize(text)).filter((word) => !known.has(word))).toEqual([])
  })

  test('begins sentences with capitals and ends them', () => {
    for (const { text } of all) expect(text).toMatch(/^\p{Lu}.*[.?]$/u)
    for (const { text } of all) expect(text).not.toMatch(/ {2}|___|undefined|[.?] \p{Ll}/u)
  })
})
