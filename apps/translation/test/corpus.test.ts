/** The embedded pair: its French is right, and its test sentences hold what training never showed. */

import { describe, expect, test } from 'vitest'
import { generateCorpus } from '../src/corpus/corpus.ts'
import { beginsWithVowel, joinFrench } from '../src/corpus/elision.ts'
import { english } from '../src/corpus/english.ts'
import { french } from '../src/corpus/french.ts'
import { adjectives } from '../src/corpus/lexicon/adjectives.ts'
import { nouns } from '../src/corpus/lexicon/nouns.ts'
import { verbs } from '../src/corpus/lexicon/verbs.ts'
import type { Clause, NounPhrase } from '../src/corpus/meaning.ts'
import { englishNumber, frenchNumber } from '../src/corpus/numbers.ts'

const corpus = generateCorpus(1, { train: 3000, validation: 100, test: 300 })

function thing(english: string, more: Partial<NounPhrase> = {}): NounPhrase {
  const noun = nouns.find((each) => each.english.singular === english)!
  return { type: 'noun phrase', determiner: 'the', adjectives: [], noun, plural: false, ...more }
}
const verb = (base: string) => verbs.find((each) => each.english.base === base)!
const adjective = (name: string) => adjectives.find((each) => each.english === name)!

const base = { tense: 'present', polarity: 'positive', question: false } as const

/** Meanings, each for a rule of French, with both sentences as a person writes them. */
const rules: readonly (readonly [rule: string, clause: Clause, en: string, fr: string])[] = [
  [
    'adjectives on either side, agreeing',
    {
      ...base,
      subject: thing('cow', { adjectives: [adjective('small'), adjective('white')], plural: true }),
      predicate: { type: 'act', verb: verb('sleep') },
    },
    'the small white cows sleep.',
    'les petites vaches blanches dorment.',
  ],
  [
    'forms before a vowel',
    {
      ...base,
      subject: thing('bird', { determiner: 'this', adjectives: [adjective('beautiful')] }),
      predicate: { type: 'act', verb: verb('sing') },
    },
    'this beautiful bird sings.',
    'ce bel oiseau chante.',
  ],
  [
    'no elision before an aspirated h',
    { ...base, subject: thing('owl'), predicate: { type: 'act', verb: verb('wait for'), object: thing('hero') } },
    'the owl waits for the hero.',
    'le hibou attend le héros.',
  ],
  [
    'negation around the auxiliary, and de in place of an article',
    {
      ...base,
      tense: 'past',
      polarity: 'not',
      subject: { type: 'pronoun', pronoun: 'I' },
      predicate: { type: 'act', verb: verb('eat'), object: thing('apple', { determiner: 'a', plural: true }) },
    },
    'i did not eat any apples.',
    "je n'ai pas mangé de pommes.",
  ],
  [
    'participles that agree with être',
    {
      ...base,
      tense: 'past',
      polarity: 'never',
      subject: { type: 'both', members: [thing('queen'), thing('girl')] },
      predicate: { type: 'act', verb: verb('fall') },
    },
    'the queen and the girl never fell.',
    'la reine et la fille ne sont jamais tombées.',
  ],
  [
    'contraction, possession the other way round',
    {
      ...base,
      subject: thing('dog', { owner: thing('king') }),
      predicate: {
        type: 'act',
        verb: verb('sleep'),
        place: { preposition: { english: 'near', french: ['près', 'de'] }, where: thing('garden') },
      },
    },
    "the king's dog sleeps near the garden.",
    'le chien du roi dort près du jardin.',
  ],
  [
    'age, and a question',
    { ...base, question: true, subject: { type: 'pronoun', pronoun: 'he' }, predicate: { type: 'age', years: 21 } },
    'is he twenty-one years old?',
    "est-ce qu'il a vingt et un ans ?",
  ],
]

test.each(rules)('%s', (_, clause, en, fr) => {
  expect(english(clause)).toBe(en)
  expect(french(clause)).toBe(fr)
})

test('numbers in words', () => {
  expect([2, 16, 21, 70, 71, 72, 80, 81, 91, 99].map((n) => frenchNumber(n, true))).toEqual(
    'deux seize vingt_et_une soixante-dix soixante_et_onze soixante-douze quatre-vingts quatre-vingt-une quatre-vingt-onze quatre-vingt-dix-neuf'
      .split(' ')
      .map((words) => words.replaceAll('_', ' ')),
  )
  expect([2, 13, 40, 99].map(englishNumber)).toEqual(['two', 'thirteen', 'forty', 'ninety-nine'])
})

test('elision and contraction', () => {
  const le = { text: 'le', beforeVowel: "l'" }
  expect(joinFrench([{ text: 'de' }, le, { text: 'arbre' }])).toBe("de l'arbre")
  expect(joinFrench([{ text: 'à' }, le, { text: 'hibou' }])).toBe('au hibou')
  expect(['homme', 'œuf', 'île', 'héros', 'onze', 'chat'].map(beginsWithVowel)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

describe('the parts', () => {
  test('are the same each time, and of the sizes asked for', () => {
    expect(generateCorpus(1, { train: 3000, validation: 100, test: 300 })).toEqual(corpus)
    expect([corpus.train.length, corpus.validation.length, corpus.test.length]).toEqual([3000, 100, 300])
    expect(generateCorpus(2, { train: 10, validation: 1, test: 1 }).train).not.toEqual(corpus.train.slice(0, 10))
  })

  test('share no sentence; every word of the test is in training, some pair of neighbours is not', () => {
    const known = new Set(corpus.train.map(({ source }) => source))
    for (const { source } of [...corpus.validation, ...corpus.test]) expect(known.has(source)).toBe(false)
    const whole = generateCorpus()
    const words = new Set(whole.train.flatMap(({ target }) => target.split(/[ ']/)))
    const missing = whole.test.filter(({ target }) => target.split(/[ ']/).some((word) => !words.has(word)))
    expect(missing).toEqual([])
  })
})
