/** Meanings drawn at random: words that go together, in constructions that both languages have. */

import type { RandomStream } from '@rnn/data'
import { adjectives } from './lexicon/adjectives.ts'
import type { Kind, Noun, TimePhrase } from './lexicon/entries.ts'
import { nouns } from './lexicon/nouns.ts'
import { prepositions, timePhrases } from './lexicon/phrases.ts'
import { verbs } from './lexicon/verbs.ts'
import type { Clause, Determiner, NounPhrase, Polarity, Predicate, Pronoun, Subject, Tense } from './meaning.ts'

const living: readonly Kind[] = ['person', 'animal']

const pronouns: readonly Pronoun[] = ['I', 'you', 'he', 'she', 'we', 'they']

/** Determiners by number; those that come often are there more than once. */
const singular: readonly Determiner[] = [
  'the',
  'the',
  'the',
  'a',
  'a',
  'this',
  'every',
  'my',
  'your',
  'his',
  'her',
  'our',
  'their',
]
const plural: readonly Determiner[] = [
  'the',
  'the',
  'the',
  'a',
  'a',
  'this',
  'all',
  'many',
  'my',
  'your',
  'his',
  'her',
  'our',
  'their',
]
/** What may stand under a negation, before a count, or after a preposition, and mean the same in both languages. */
const plain: readonly Determiner[] = ['the', 'the', 'this', 'my', 'your', 'his', 'her', 'our', 'their']

const tenses: readonly Tense[] = ['present', 'present', 'past', 'future']

const denials: readonly Polarity[] = ['not', 'not', 'never', 'no longer']

/** Draws one meaning. */
export function drawMeaning(random: RandomStream): Clause {
  const oneOf = <T>(items: readonly T[]): T => items[random.below(items.length)] as T
  const chance = (percent: number): boolean => random.below(100) < percent
  const nounOf = (kinds: readonly Kind[]): Noun => oneOf(nouns.filter(({ kind }) => kinds.includes(kind)))
  const number = (): number => (chance(70) ? 2 + random.below(11) : 13 + random.below(87))

  function nounPhrase(
    kinds: readonly Kind[],
    role: 'subject' | 'object' | 'place' | 'owner',
    polarity: Polarity,
  ): NounPhrase {
    const noun = nounOf(kinds)
    const isPlural = role === 'owner' ? chance(20) : chance(40)
    const counted = isPlural && role !== 'owner' && chance(30)
    const careful = role === 'place' || role === 'owner' || counted || (role === 'subject' && polarity !== 'positive')
    const denied = role === 'object' && polarity !== 'positive'
    const determiner = careful
      ? counted && role !== 'place' && chance(60)
        ? 'a'
        : oneOf(plain)
      : denied
        ? chance(40)
          ? 'a'
          : oneOf(plain)
        : oneOf(isPlural ? plural : singular)
    const fitting = (side: 'before' | 'after') =>
      adjectives.filter((adjective) => adjective.side === side && adjective.kinds.includes(noun.kind))
    const described = role === 'owner' ? 0 : random.below(100)
    const sides =
      described < 45
        ? []
        : described < 68
          ? ['before' as const]
          : described < 90
            ? ['after' as const]
            : ['before' as const, 'after' as const]
    const owned =
      role !== 'owner' &&
      !counted &&
      (noun.kind === 'thing' || noun.kind === 'text' || noun.kind === 'animal') &&
      chance(15)
    return {
      type: 'noun phrase',
      determiner: owned ? 'the' : determiner,
      ...(counted ? { count: number() } : {}),
      adjectives: sides.filter((side) => fitting(side).length > 0).map((side) => oneOf(fitting(side))),
      noun,
      plural: isPlural,
      ...(owned ? { owner: nounPhrase(['person'], 'owner', 'positive') } : {}),
    }
  }

  function subject(kinds: readonly Kind[], polarity: Polarity): Subject {
    const choice = random.below(100)
    if (choice < 30 && kinds.includes('person')) return { type: 'pronoun', pronoun: oneOf(pronouns) }
    const bare = (): NounPhrase => ({
      type: 'noun phrase',
      determiner: oneOf(plain),
      adjectives: [],
      noun: nounOf(kinds),
      plural: chance(25),
    })
    if (choice < 40) return { type: 'both', members: [bare(), bare()] }
    return nounPhrase(kinds, 'subject', polarity)
  }

  const question = chance(12)
  const polarity: Polarity = !question && chance(35) ? oneOf(denials) : 'positive'
  const tense = oneOf(tenses)
  const { predicate, kinds } = drawPredicate()
  return {
    subject: subject(kinds, polarity),
    tense,
    polarity,
    question,
    predicate,
    ...(chance(25) ? { time: { phrase: withNumber(oneOf(timePhrases[tense])), first: !question && chance(40) } } : {}),
  }

  function drawPredicate(): { predicate: Predicate; kinds: readonly Kind[] } {
    const choice = random.below(100)
    if (choice < 10) return { predicate: { type: 'age', years: number() }, kinds: living }
    if (choice < 30) {
      const adjective = oneOf(adjectives.filter((each) => each.side === 'after'))
      return { predicate: { type: 'quality', adjective }, kinds: adjective.kinds }
    }
    const verb = oneOf(verbs)
    const object = verb.objects.length === 0 ? undefined : nounPhrase(verb.objects, 'object', polarity)
    const place = chance(object === undefined ? 50 : 12)
      ? { preposition: oneOf(prepositions), where: nounPhrase(['place'], 'place', polarity) }
      : undefined
    return {
      predicate: {
        type: 'act',
        verb,
        ...(object === undefined ? {} : { object }),
        ...(place === undefined ? {} : { place }),
      },
      kinds: verb.subjects,
    }
  }

  function withNumber(phrase: TimePhrase): TimePhrase {
    return phrase.english.includes('#') ? { ...phrase, number: number() } : phrase
  }
}
