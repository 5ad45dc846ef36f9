/** Verbs: the forms that a rule doesn't give, and what they go together with. */

import type { Kind, Verb } from './entries.ts'

const living: readonly Kind[] = ['person', 'animal']
const person: readonly Kind[] = ['person']
const none: readonly Kind[] = []

interface Row {
  /** Base; third person and past where the rules (-s, -ed) don't hold. */
  readonly english: string
  /** An infinitive in -er, or `je il nous vous ils` in the present. */
  readonly french: string
  /** For verbs that aren't regular: the future's stem and the participle. */
  readonly irregular?: readonly [futureStem: string, participle: string]
  readonly auxiliary?: 'avoir' | 'être'
  readonly subjects: readonly Kind[]
  readonly objects: readonly Kind[]
}

const table: readonly Row[] = [
  { english: 'eat - ate', french: 'manger', subjects: living, objects: ['food'] },
  { english: 'cook', french: 'cuisiner', subjects: person, objects: ['food'] },
  {
    english: 'buy - bought',
    french: 'acheter',
    irregular: ['achèter', 'acheté'],
    subjects: person,
    objects: ['food', 'text', 'thing', 'animal'],
  },
  {
    english: 'find - found',
    french: 'trouver',
    subjects: living,
    objects: ['food', 'text', 'thing', 'animal', 'person', 'place'],
  },
  {
    english: 'love - loved',
    french: 'adorer',
    subjects: living,
    objects: ['food', 'text', 'thing', 'animal', 'person', 'place'],
  },
  {
    english: 'see - saw',
    french: 'vois voit voyons voyez voient',
    irregular: ['verr', 'vu'],
    subjects: living,
    objects: ['food', 'text', 'thing', 'animal', 'person', 'place'],
  },
  {
    english: 'read - read',
    french: 'lis lit lisons lisez lisent',
    irregular: ['lir', 'lu'],
    subjects: person,
    objects: ['text'],
  },
  {
    english: 'write - wrote',
    french: 'écris écrit écrivons écrivez écrivent',
    irregular: ['écrir', 'écrit'],
    subjects: person,
    objects: ['text'],
  },
  { english: 'listen_to - listened_to', french: 'écouter', subjects: living, objects: ['person', 'animal'] },
  {
    english: 'look_for - looked_for',
    french: 'chercher',
    subjects: living,
    objects: ['food', 'text', 'thing', 'animal', 'person'],
  },
  {
    english: 'wait_for - waited_for',
    french: 'attends attend attendons attendez attendent',
    irregular: ['attendr', 'attendu'],
    subjects: living,
    objects: ['person'],
  },
  { english: 'help', french: 'aider', subjects: person, objects: ['person', 'animal'] },
  { english: 'wash washes', french: 'laver', subjects: person, objects: ['animal', 'thing'] },
  { english: 'draw - drew', french: 'dessiner', subjects: person, objects: ['animal', 'thing', 'place', 'person'] },
  { english: 'hide - hid', french: 'cacher', subjects: living, objects: ['food', 'text', 'thing'] },
  {
    english: 'sell - sold',
    french: 'vends vend vendons vendez vendent',
    irregular: ['vendr', 'vendu'],
    subjects: person,
    objects: ['food', 'text', 'thing', 'animal'],
  },
  {
    english: 'lose - lost',
    french: 'perds perd perdons perdez perdent',
    irregular: ['perdr', 'perdu'],
    subjects: person,
    objects: ['text', 'thing'],
  },
  {
    english: 'take - took',
    french: 'prends prend prenons prenez prennent',
    irregular: ['prendr', 'pris'],
    subjects: person,
    objects: ['text', 'thing', 'food'],
  },
  { english: 'visit', french: 'visiter', subjects: person, objects: ['place'] },
  { english: 'sing - sang', french: 'chanter', subjects: living, objects: none },
  {
    english: 'sleep - slept',
    french: 'dors dort dormons dormez dorment',
    irregular: ['dormir', 'dormi'],
    subjects: living,
    objects: none,
  },
  { english: 'work', french: 'travailler', subjects: person, objects: none },
  { english: 'dance - danced', french: 'danser', subjects: living, objects: none },
  {
    english: 'run - ran',
    french: 'cours court courons courez courent',
    irregular: ['courr', 'couru'],
    subjects: living,
    objects: none,
  },
  { english: 'play', french: 'jouer', subjects: living, objects: none },
  { english: 'laugh', french: 'ris rit rions riez rient', irregular: ['rir', 'ri'], subjects: person, objects: none },
  { english: 'arrive - arrived', french: 'arriver', auxiliary: 'être', subjects: living, objects: none },
  { english: 'fall - fell', french: 'tomber', auxiliary: 'être', subjects: living, objects: none },
  { english: 'stay', french: 'rester', auxiliary: 'être', subjects: living, objects: none },
  {
    english: 'leave - left',
    french: 'pars part partons partez partent',
    irregular: ['partir', 'parti'],
    auxiliary: 'être',
    subjects: living,
    objects: none,
  },
]

/** The present of a verb in -er: `mangeons` keeps its sound, `achète` changes it. */
function regularPresent(infinitive: string, open: string): Verb['french']['present'] {
  const stem = infinitive.slice(0, -2)
  return {
    I: `${open}e`,
    he: `${open}e`,
    we: `${stem}${stem.endsWith('g') ? 'e' : ''}ons`,
    you: `${stem}ez`,
    they: `${open}ent`,
  }
}

function frenchOf({ french, irregular, auxiliary = 'avoir' }: Row): Verb['french'] {
  const forms = french.split(' ')
  const [I = '', he = '', we = '', you = '', they = ''] = forms
  const [futureStem = french, participle = `${french.slice(0, -2)}é`] = irregular ?? []
  const present = forms.length === 5 ? { I, he, we, you, they } : regularPresent(french, futureStem.slice(0, -2))
  return { present, futureStem, participle, auxiliary }
}

export const verbs: readonly Verb[] = table.map((row) => {
  const [base = '', third = '-', past = '-'] = row.english.split(' ').map((form) => form.replace('_', ' '))
  const [head = '', ...particle] = base.split(' ')
  return {
    english: {
      base,
      third: third === '-' ? [`${head}s`, ...particle].join(' ') : third,
      past: past === '-' ? `${base}ed` : past,
    },
    french: frenchOf(row),
    subjects: row.subjects,
    objects: row.objects,
  }
})
