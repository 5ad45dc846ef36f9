/** Meanings in French: agreement in gender and number, adjectives on either side, negation around the verb, elision, contraction. */

import type { Clause, Determiner, NounPhrase, Polarity, Predicate, Subject, Tense } from './meaning.ts'
import { personOf } from './meaning.ts'
import type { Adjective, Gender, Person, TimePhrase, Verb } from './lexicon/entries.ts'
import { frenchNumber } from './numbers.ts'
import { joinFrench, type FrenchWord } from './elision.ts'

/** A sentence, in lower case, with its full stop or question mark (which French sets apart). */
export function french(clause: Clause): string {
  const { subject, question, time } = clause
  const clauseWords = [...nominal(subject), ...verbGroup(clause), ...complement(clause)]
  const asked = question ? [{ text: 'est-ce' }, { text: 'que', beforeVowel: "qu'" }] : []
  const phrase = time === undefined ? [] : timePhrase(time.phrase)
  const words = time?.first ? [...phrase, { text: ',' }, ...clauseWords] : [...asked, ...clauseWords, ...phrase]
  return `${joinFrench(words)}${question ? ' ?' : '.'}`
}

const pronouns: Readonly<Record<Extract<Subject, { type: 'pronoun' }>['pronoun'], FrenchWord>> = {
  I: { text: 'je', beforeVowel: "j'" },
  you: { text: 'vous' },
  he: { text: 'il' },
  she: { text: 'elle' },
  we: { text: 'nous' },
  they: { text: 'ils' },
}

function nominal(subject: Subject): FrenchWord[] {
  switch (subject.type) {
    case 'pronoun':
      return [pronouns[subject.pronoun]]
    case 'both':
      return [...nounPhrase(subject.members[0]), { text: 'et' }, ...nounPhrase(subject.members[1])]
    case 'noun phrase':
      return nounPhrase(subject)
  }
}

interface Agreement {
  readonly gender: Gender
  readonly plural: boolean
}

/** What participles and qualities agree with. A mixed pair is masculine. */
function agreementOf(subject: Subject): Agreement {
  switch (subject.type) {
    case 'pronoun':
      return {
        gender: subject.pronoun === 'she' ? 'feminine' : 'masculine',
        plural: ['we', 'you', 'they'].includes(subject.pronoun),
      }
    case 'both': {
      const feminine = subject.members.every(({ noun }) => noun.french.gender === 'feminine')
      return { gender: feminine ? 'feminine' : 'masculine', plural: true }
    }
    case 'noun phrase':
      return { gender: subject.noun.french.gender, plural: subject.plural }
  }
}

const negations: Readonly<Record<Exclude<Polarity, 'positive'>, string>> = {
  not: 'pas',
  never: 'jamais',
  'no longer': 'plus',
}

/** The verb, between `ne` and its second half where it's denied. */
function verbGroup({ subject, tense, polarity, predicate }: Clause): FrenchWord[] {
  const { finite, participle } = verbForms(predicate, personOf(subject), tense, agreementOf(subject))
  const denied = polarity === 'positive' ? [] : [{ text: negations[polarity] }]
  return [
    ...(polarity === 'positive' ? [] : [{ text: 'ne', beforeVowel: "n'" }]),
    { text: finite },
    ...denied,
    ...(participle === undefined ? [] : [{ text: participle }]),
  ]
}

type Forms = Readonly<Record<Person, string>>

const forms = (text: string): Forms => {
  const [I = '', he = '', we = '', you = '', they = ''] = text.split(' ')
  return { I, he, we, you, they }
}

const futureEndings = forms('ai a ons ez ont')

const auxiliaries: Readonly<Record<'avoir' | 'être', Readonly<Record<Tense, Forms>>>> = {
  avoir: {
    present: forms('ai a avons avez ont'),
    past: forms('avais avait avions aviez avaient'),
    future: forms('aurai aura aurons aurez auront'),
  },
  être: {
    present: forms('suis est sommes êtes sont'),
    past: forms('étais était étions étiez étaient'),
    future: forms('serai sera serons serez seront'),
  },
}

function verbForms(
  predicate: Predicate,
  person: Person,
  tense: Tense,
  agreement: Agreement,
): { finite: string; participle?: string } {
  if (predicate.type === 'quality') return { finite: auxiliaries.être[tense][person] }
  if (predicate.type === 'age') return { finite: auxiliaries.avoir[tense][person] }
  const { present, futureStem, participle, auxiliary } = predicate.verb.french
  if (tense === 'present') return { finite: present[person] }
  if (tense === 'future') return { finite: futureStem + futureEndings[person] }
  return {
    finite: auxiliaries[auxiliary].present[person],
    participle: auxiliary === 'avoir' ? participle : agreeing(participle, agreement),
  }
}

function agreeing(participle: Verb['french']['participle'], { gender, plural }: Agreement): string {
  return `${participle}${gender === 'feminine' ? 'e' : ''}${plural ? 's' : ''}`
}

function complement({ subject, polarity, predicate }: Clause): FrenchWord[] {
  switch (predicate.type) {
    case 'quality':
      return [adjectiveWord(predicate.adjective, agreementOf(subject))]
    case 'age':
      return [...split(frenchNumber(predicate.years, false)), { text: 'ans' }]
    case 'act': {
      const { object, place } = predicate
      return [
        ...(object === undefined ? [] : nounPhrase(object, polarity)),
        ...(place === undefined ? [] : [...place.preposition.french.map(preposition), ...nounPhrase(place.where)]),
      ]
    }
  }
}

function nounPhrase(phrase: NounPhrase, polarity: Polarity = 'positive'): FrenchWord[] {
  const { count, adjectives, noun, plural, owner } = phrase
  const agreement: Agreement = { gender: noun.french.gender, plural }
  const word = (adjective: Adjective): FrenchWord => adjectiveWord(adjective, agreement)
  const before = adjectives.filter(({ side }) => side === 'before').map(word)
  const after = adjectives.filter(({ side }) => side === 'after').map(word)
  return [
    ...determinerWords(phrase, before.length > 0, polarity),
    ...(count === undefined ? [] : split(frenchNumber(count, agreement.gender === 'feminine'))),
    ...before,
    { text: plural ? noun.french.plural : noun.french.singular },
    ...after,
    ...(owner === undefined ? [] : [de, ...nounPhrase(owner)]),
  ]
}

const de: FrenchWord = { text: 'de', beforeVowel: "d'" }

/** Masculine, feminine and plural; the feminine possessives before a vowel are the masculine ones. */
const determiners: Readonly<
  Record<Exclude<Determiner, 'many' | 'all'>, readonly [FrenchWord, FrenchWord, FrenchWord]>
> = {
  a: [{ text: 'un' }, { text: 'une' }, { text: 'des' }],
  the: [{ text: 'le', beforeVowel: "l'" }, { text: 'la', beforeVowel: "l'" }, { text: 'les' }],
  this: [{ text: 'ce', beforeVowel: 'cet' }, { text: 'cette' }, { text: 'ces' }],
  every: [{ text: 'chaque' }, { text: 'chaque' }, { text: 'tous les' }],
  my: [{ text: 'mon' }, { text: 'ma', beforeVowel: 'mon' }, { text: 'mes' }],
  your: [{ text: 'votre' }, { text: 'votre' }, { text: 'vos' }],
  his: [{ text: 'son' }, { text: 'sa', beforeVowel: 'son' }, { text: 'ses' }],
  her: [{ text: 'son' }, { text: 'sa', beforeVowel: 'son' }, { text: 'ses' }],
  our: [{ text: 'notre' }, { text: 'notre' }, { text: 'nos' }],
  their: [{ text: 'leur' }, { text: 'leur' }, { text: 'leurs' }],
}

function determinerWords(phrase: NounPhrase, adjectiveFirst: boolean, polarity: Polarity): FrenchWord[] {
  const { count, noun, plural, owner } = phrase
  const determiner = owner === undefined ? phrase.determiner : 'the'
  const feminine = noun.french.gender === 'feminine'
  if (determiner === 'many') return [{ text: 'beaucoup' }, de]
  if (determiner === 'all') return [{ text: feminine ? 'toutes' : 'tous' }, { text: 'les' }]
  if (determiner === 'a') {
    if (count !== undefined) return []
    // `je ne vois pas de chat`, and `de petits chats`
    if (polarity !== 'positive' || (plural && adjectiveFirst)) return [de]
  }
  return [determiners[determiner][plural ? 2 : feminine ? 1 : 0]]
}

function adjectiveWord({ french: { masculine, feminine, beforeVowel } }: Adjective, agreement: Agreement): FrenchWord {
  const text = (agreement.gender === 'feminine' ? feminine : masculine)[agreement.plural ? 1 : 0]
  const elides = beforeVowel !== undefined && agreement.gender === 'masculine' && !agreement.plural
  return elides ? { text, beforeVowel } : { text }
}

function preposition(text: string): FrenchWord {
  return text === 'de' ? de : { text }
}

function timePhrase({ french: phrase, number }: TimePhrase): FrenchWord[] {
  const words = number === undefined ? phrase : phrase.replace('#', frenchNumber(number, phrase.endsWith('semaines')))
  return split(words)
}

function split(text: string): FrenchWord[] {
  return text.split(' ').map((word) => ({ text: word }))
}
