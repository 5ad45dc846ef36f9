/** Sentences for the example `tagging`, made by a grammar of chunks. */

import type { RandomStream } from '@rnn/data'

/** What a word may be: the beginning or the inside of a noun, verb or prepositional chunk, or outside of all. */
export const LABELS = ['O', 'B-NP', 'I-NP', 'B-VP', 'I-VP', 'B-PP'] as const
/** One of them. */
export type Label = (typeof LABELS)[number]
/** A word with its label. */
export type Word = readonly [word: string, label: Label]

const BOTH = 'watch play work plant train book light round guess order file share permit report answer visit'.split(' ')
const NOUNS = [...BOTH, ...'dog city house teacher garden bridge'.split(' ')]
const VERBS = [...BOTH, ...'see find paint bring'.split(' ')]
const ADJECTIVES = 'light round open clean green old near'.split(' ')
const DETERMINERS = 'the a this that her'.split(' ')
const PRONOUNS = 'they we you that her'.split(' ')
const PREPOSITIONS = 'near round to by with under'.split(' ')
const AUXILIARIES = 'will can must to'.split(' ')

const of = <T>(items: readonly T[], random: RandomStream): T => items[random.below(items.length)]!

function nounChunk(random: RandomStream): Word[] {
  if (random.below(3) === 0) return [[of(PRONOUNS, random), 'B-NP']]
  const adjectives = Array.from({ length: random.below(3) }, () => of(ADJECTIVES, random))
  const compound = random.below(4) === 0 ? [of(NOUNS, random)] : []
  return [of(DETERMINERS, random), ...adjectives, ...compound, of(NOUNS, random)].map((word, i) => [
    word,
    i === 0 ? 'B-NP' : 'I-NP',
  ])
}

function verbChunk(random: RandomStream): Word[] {
  const auxiliary = random.below(2) === 0 ? [of(AUXILIARIES, random)] : []
  const negation = auxiliary.length > 0 && random.below(3) === 0 ? ['not'] : []
  return [...auxiliary, ...negation, of(VERBS, random)].map((word, i) => [word, i === 0 ? 'B-VP' : 'I-VP'])
}

/** Clauses of noun, verb and noun chunks with prepositions between, joined by words outside of any chunk. */
export function sentence(random: RandomStream): Word[] {
  const clause = (): Word[] => {
    const objects = Array.from({ length: random.below(3) }, (): Word[] => [
      ...(random.below(2) === 0 ? [[of(PREPOSITIONS, random), 'B-PP'] as const] : []),
      ...nounChunk(random),
    ])
    return [...nounChunk(random), ...verbChunk(random), ...objects.flat()]
  }
  const more = random.below(3) === 0 ? [[of(['and', 'but', 'while'], random), 'O'] as const, ...clause()] : []
  return [...clause(), ...more, ['.', 'O']]
}
