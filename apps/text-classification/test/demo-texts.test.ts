/** The reviews that the demo shows: pairs of the same words that training never saw. */

import { words } from '@rnn/data'
import { expect, test } from 'vitest'
import { demoPairs } from '../src/commands/demo.ts'
import { generateCorpus, wordsOf } from '../src/corpus/corpus.ts'

const { train, validation, test: testPart } = generateCorpus()

test('the demo shows pairs of the same words', () => {
  for (const [one, two] of demoPairs) {
    expect(one).not.toBe(two)
    expect(wordsOf(one)).toBe(wordsOf(two))
  }
})

test('no review that the demo shows is in the corpus, nor one of the same words', () => {
  const known = new Set([...train, ...validation, ...testPart].map(({ text }) => wordsOf(text)))
  expect(demoPairs.flat().filter((text) => known.has(wordsOf(text)))).toEqual([])
})

test('every word that the demo shows is one that training saw', () => {
  const { tokenize } = words()
  const known = new Set(train.flatMap(({ text }) => tokenize(text)))
  for (const text of demoPairs.flat()) expect(tokenize(text).filter((word) => !known.has(word))).toEqual([])
})
