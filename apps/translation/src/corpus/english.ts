/** Meanings in English: agreement of the verb, do-support, plurals, `a` and `an`, the possessive. */

import type { Clause, Determiner, NounPhrase, Polarity, Predicate, Subject, Tense } from './meaning.ts'
import { personOf } from './meaning.ts'
import type { Person, TimePhrase, Verb } from './lexicon/entries.ts'
import { englishNumber } from './numbers.ts'

/** A sentence, in lower case, with its full stop or question mark. */
export function english(clause: Clause): string {
  const { subject, time } = clause
  const phrase = time === undefined ? '' : timePhrase(time.phrase)
  const { auxiliary, rest } = predicate(clause)
  const who = nominal(subject, clause.polarity)
  const body = clause.question ? [auxiliary, who, rest] : [who, auxiliary, rest]
  const parts = time?.first ? [`${phrase},`, ...body] : [...body, phrase]
  return withArticles(parts.filter((part) => part !== '').join(' ')) + (clause.question ? '?' : '.')
}

/** What a question puts before its subject, and what follows. */
function predicate({ subject, tense, polarity, question, predicate }: Clause): { auxiliary: string; rest: string } {
  const person = personOf(subject)
  const { auxiliary, verb } =
    predicate.type === 'act'
      ? actionForms(predicate.verb, person, tense, polarity, question)
      : beingForms(person, tense)
  const adverb = polarity === 'positive' ? '' : polarity
  const first = auxiliary === '' ? [adverb, verb] : [auxiliary, adverb, verb]
  const [head = '', ...others] = first.filter((word) => word !== '')
  const rest = [...others, complement(predicate, polarity)].filter((word) => word !== '').join(' ')
  return { auxiliary: head, rest }
}

/** "not" and questions ask for `do`; without either there's the verb alone. */
function actionForms(verb: Verb, person: Person, tense: Tense, polarity: Polarity, question: boolean) {
  const { base, third, past } = verb.english
  if (tense === 'future') return { auxiliary: 'will', verb: base }
  if (polarity === 'not' || question) {
    return { auxiliary: tense === 'past' ? 'did' : person === 'he' ? 'does' : 'do', verb: base }
  }
  return { auxiliary: '', verb: tense === 'past' ? past : person === 'he' ? third : base }
}

function beingForms(person: Person, tense: Tense) {
  if (tense === 'future') return { auxiliary: 'will', verb: 'be' }
  if (tense === 'past') return { auxiliary: person === 'I' || person === 'he' ? 'was' : 'were', verb: '' }
  return { auxiliary: person === 'I' ? 'am' : person === 'he' ? 'is' : 'are', verb: '' }
}

function complement(predicate: Predicate, polarity: Polarity): string {
  switch (predicate.type) {
    case 'quality':
      return predicate.adjective.english
    case 'age':
      return `${englishNumber(predicate.years)} years old`
    case 'act': {
      const { object, place } = predicate
      const what = object === undefined ? [] : [nounPhrase(object, polarity)]
      const where = place === undefined ? [] : [place.preposition.english, nounPhrase(place.where, 'positive')]
      return [...what, ...where].join(' ')
    }
  }
}

function nominal(subject: Subject, polarity: Polarity): string {
  switch (subject.type) {
    case 'pronoun':
      return subject.pronoun === 'I' ? 'i' : subject.pronoun
    case 'both':
      return subject.members.map((member) => nounPhrase(member, polarity)).join(' and ')
    case 'noun phrase':
      return nounPhrase(subject, 'positive')
  }
}

function nounPhrase(phrase: NounPhrase, polarity: Polarity): string {
  const { determiner, count, adjectives, noun, plural, owner } = phrase
  return [
    owner === undefined ? determinerOf(determiner, plural, count, polarity) : possessive(owner),
    count === undefined ? '' : englishNumber(count),
    ...adjectives.map((adjective) => adjective.english),
    plural ? noun.english.plural : noun.english.singular,
  ]
    .filter((word) => word !== '')
    .join(' ')
}

function determinerOf(determiner: Determiner, plural: boolean, count: number | undefined, polarity: Polarity): string {
  if (determiner === 'a' && count !== undefined) return ''
  if (determiner === 'a' && plural) return polarity === 'positive' ? 'some' : 'any'
  if (determiner === 'all') return 'all the'
  if (determiner === 'this' && plural) return 'these'
  return determiner
}

function possessive(owner: NounPhrase): string {
  const words = nounPhrase(owner, 'positive')
  return owner.plural && words.endsWith('s') ? `${words}'` : `${words}'s`
}

function timePhrase({ english: phrase, number }: TimePhrase): string {
  return number === undefined ? phrase : phrase.replace('#', englishNumber(number))
}

/** `a` becomes `an` before a vowel. */
function withArticles(text: string): string {
  return text.replace(/\ba (?=[aeiou])/g, 'an ')
}
