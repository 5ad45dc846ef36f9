/** Prepositions and phrases of time. */

import type { Tense } from '../meaning.ts'
import type { Preposition, TimePhrase } from './entries.ts'

export const prepositions: readonly Preposition[] = [
  { english: 'in', french: ['dans'] },
  { english: 'behind', french: ['derrière'] },
  { english: 'in front of', french: ['devant'] },
  { english: 'near', french: ['près', 'de'] },
  { english: 'far from', french: ['loin', 'de'] },
  { english: 'opposite', french: ['en', 'face', 'de'] },
  { english: 'at', french: ['à'] },
]

/** Phrases for each tense; `#` stands for a number. */
export const timePhrases: Readonly<Record<Tense, readonly TimePhrase[]>> = {
  present: [
    { english: 'today', french: "aujourd'hui" },
    { english: 'now', french: 'maintenant' },
    { english: 'every morning', french: 'chaque matin' },
    { english: 'every day', french: 'chaque jour' },
    { english: 'in the evening', french: 'le soir' },
    { english: 'on mondays', french: 'le lundi' },
  ],
  past: [
    { english: 'yesterday', french: 'hier' },
    { english: 'last week', french: 'la semaine dernière' },
    { english: 'last year', french: "l'année dernière" },
    { english: 'on monday', french: 'lundi' },
    { english: '# years ago', french: 'il y a # ans' },
    { english: '# days ago', french: 'il y a # jours' },
  ],
  future: [
    { english: 'tomorrow', french: 'demain' },
    { english: 'soon', french: 'bientôt' },
    { english: 'tonight', french: 'ce soir' },
    { english: 'next week', french: 'la semaine prochaine' },
    { english: 'in # days', french: 'dans # jours' },
    { english: 'in # weeks', french: 'dans # semaines' },
  ],
}
