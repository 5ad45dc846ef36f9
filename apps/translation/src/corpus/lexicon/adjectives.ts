/** Adjectives: four French forms and the side on which they stand. Forms that follow the rule (-e, -s) are left out. */

import type { Adjective, FrenchAdjective, Kind } from './entries.ts'

const living: readonly Kind[] = ['person', 'animal']
const things: readonly Kind[] = ['food', 'text', 'thing', 'place']
const all: readonly Kind[] = [...living, ...things]

/** English, then French masculine, feminine, masculine plural, and the form before a vowel; `-` where the rule holds. */
const table: readonly (readonly [row: string, side: 'before' | 'after', kinds: readonly Kind[]])[] = [
  ['small petit', 'before', all],
  ['big grand', 'before', all],
  ['beautiful beau belle beaux bel', 'before', all],
  ['old vieux vieille vieux vieil', 'before', all],
  ['new nouveau nouvelle nouveaux nouvel', 'before', ['text', 'thing', 'place']],
  ['young jeune', 'before', living],
  ['good bon bonne', 'before', [...living, 'food', 'text']],
  ['bad mauvais - mauvais', 'before', ['food', 'text', 'thing']],
  ['pretty joli', 'before', [...living, 'thing', 'place']],
  ['black noir', 'after', ['animal', 'thing']],
  ['white blanc blanche', 'after', ['animal', 'thing', 'place']],
  ['green vert', 'after', ['food', 'thing']],
  ['blue bleu', 'after', ['thing', 'place']],
  ['red rouge', 'after', ['food', 'thing']],
  ['grey gris - gris', 'after', ['animal', 'thing', 'place']],
  ['happy heureux heureuse heureux', 'after', living],
  ['sad triste', 'after', [...living, 'text']],
  ['tired fatigué', 'after', living],
  ['intelligent intelligent', 'after', living],
  ['famous célèbre', 'after', ['person', 'text', 'place']],
  ['lazy paresseux paresseuse paresseux', 'after', living],
  ['polite poli', 'after', ['person']],
  ['expensive cher chère', 'after', things],
  ['fresh frais fraîche frais', 'after', ['food']],
  ['long long longue', 'after', ['text']],
  ['funny amusant', 'after', [...living, 'text']],
  ['quiet calme', 'after', [...living, 'place']],
  ['empty vide', 'after', ['place']],
  ['heavy lourd', 'after', ['thing']],
  ['strange étrange', 'after', all],
  ['broken cassé', 'after', ['thing']],
  ['gentle doux douce doux', 'after', living],
]

function frenchOf([
  masculine = '',
  feminine = '-',
  masculinePlural = '-',
  beforeVowel,
]: readonly string[]): FrenchAdjective {
  const feminineForm = feminine === '-' ? (masculine.endsWith('e') ? masculine : `${masculine}e`) : feminine
  return {
    masculine: [masculine, masculinePlural === '-' ? `${masculine}s` : masculinePlural],
    feminine: [feminineForm, `${feminineForm}s`],
    ...(beforeVowel === undefined ? {} : { beforeVowel }),
  }
}

export const adjectives: readonly Adjective[] = table.map(([row, side, kinds]) => {
  const [english = '', ...french] = row.split(' ')
  return { english, french: frenchOf(french), side, kinds }
})
