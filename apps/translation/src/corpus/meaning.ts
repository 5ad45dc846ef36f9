/** What a sentence of the embedded corpus says, apart from any language: `english.ts` and `french.ts` put it into words. */

import type { Adjective, Noun, Person, Preposition, TimePhrase, Verb } from './lexicon/entries.ts'

/** `a` is "some" in the plural and nothing before a count; `this` is "these". */
export type Determiner =
  | 'a'
  | 'the'
  | 'this'
  | 'every'
  | 'all'
  | 'many'
  | 'my'
  | 'your'
  | 'his'
  | 'her'
  | 'our'
  | 'their'

/** Things spoken of: "the two small black cats", "my friend's dog". */
export interface NounPhrase {
  readonly type: 'noun phrase'
  readonly determiner: Determiner
  /** How many, if it is said: 2 … 99. */
  readonly count?: number
  /** At most one that French puts before the noun, and one that it puts after. */
  readonly adjectives: readonly Adjective[]
  readonly noun: Noun
  readonly plural: boolean
  /** Whose it is. */
  readonly owner?: NounPhrase
}

export type Pronoun = 'I' | 'you' | 'he' | 'she' | 'we' | 'they'

export type Subject =
  | { readonly type: 'pronoun'; readonly pronoun: Pronoun }
  | NounPhrase
  | { readonly type: 'both'; readonly members: readonly [NounPhrase, NounPhrase] }

export type Tense = 'present' | 'past' | 'future'

export type Polarity = 'positive' | 'not' | 'never' | 'no longer'

export type Predicate =
  | {
      readonly type: 'act'
      readonly verb: Verb
      readonly object?: NounPhrase
      readonly place?: { readonly preposition: Preposition; readonly where: NounPhrase }
    }
  | { readonly type: 'quality'; readonly adjective: Adjective }
  | { readonly type: 'age'; readonly years: number }

export interface Clause {
  readonly subject: Subject
  readonly tense: Tense
  readonly polarity: Polarity
  readonly question: boolean
  readonly predicate: Predicate
  readonly time?: { readonly phrase: TimePhrase; readonly first: boolean }
}

/** The grammatical person of a subject: what its verb agrees with. */
export function personOf(subject: Subject): Person {
  if (subject.type === 'both') return 'they'
  if (subject.type === 'noun phrase') return subject.plural ? 'they' : 'he'
  return subject.pronoun === 'she' ? 'he' : subject.pronoun
}
