/** Nouns: forms and gender. Plurals that follow the rule (-s) are left out. */

import type { Gender, Kind, Noun } from './entries.ts'

/** English singular, French singular, irregular English plural, irregular French plural. `-` where the rule holds. */
const table: Readonly<Record<Kind, Readonly<Record<Gender, readonly string[]>>>> = {
  person: {
    masculine: [
      'boy garçon',
      'man homme men',
      'child enfant children',
      'friend ami',
      'neighbour voisin',
      'brother frère',
      'teacher professeur',
      'baker boulanger',
      'doctor médecin',
      'king roi',
      'hero héros heroes héros',
      'pupil élève',
    ],
    feminine: [
      'girl fille',
      'woman femme women',
      'queen reine',
      'sister sœur',
      'aunt tante',
      'dancer danseuse',
      'actress actrice actresses',
    ],
  },
  animal: {
    masculine: [
      'cat chat',
      'dog chien',
      'horse cheval - chevaux',
      'bird oiseau - oiseaux',
      'owl hibou - hiboux',
      'donkey âne',
      'rabbit lapin',
      'bear ours - ours',
      'elephant éléphant',
    ],
    feminine: ['cow vache', 'mouse souris mice souris', 'hen poule', 'tortoise tortue', 'bee abeille', 'goat chèvre'],
  },
  food: {
    masculine: [
      'cake gâteau - gâteaux',
      'egg œuf',
      'cheese fromage',
      'apricot abricot',
      'biscuit biscuit',
      'melon melon',
      'bean haricot',
    ],
    feminine: [
      'apple pomme',
      'orange orange',
      'soup soupe',
      'pear poire',
      'strawberry fraise strawberries',
      'salad salade',
    ],
  },
  text: {
    masculine: ['book livre', 'newspaper journal - journaux', 'poem poème', 'novel roman', 'message message'],
    feminine: ['letter lettre', 'story histoire stories', 'song chanson', 'poster affiche'],
  },
  thing: {
    masculine: [
      'boat bateau - bateaux',
      'hat chapeau - chapeaux',
      'umbrella parapluie',
      'tree arbre',
      'toy jouet',
      'piano piano',
      'coat manteau - manteaux',
      'bag sac',
      'computer ordinateur',
    ],
    feminine: [
      'car voiture',
      'door porte',
      'window fenêtre',
      'chair chaise',
      'key clé',
      'flower fleur',
      'lamp lampe',
      'star étoile',
      'watch montre watches',
      'sword épée',
    ],
  },
  place: {
    masculine: [
      'garden jardin',
      'market marché',
      'hotel hôtel',
      'castle château - châteaux',
      'park parc',
      'museum musée',
      'forest bois - bois',
      'theatre théâtre',
      'hospital hôpital - hôpitaux',
    ],
    feminine: [
      'house maison',
      'school école',
      'church église churches',
      'station gare',
      'street rue',
      'kitchen cuisine',
      'island île',
      'library bibliothèque libraries',
      'town ville',
    ],
  },
}

function nounOf(row: string, kind: Kind, gender: Gender): Noun {
  const [english = '', french = '', englishPlural = '-', frenchPlural = '-'] = row.split(' ')
  return {
    kind,
    english: { singular: english, plural: englishPlural === '-' ? `${english}s` : englishPlural },
    french: { singular: french, plural: frenchPlural === '-' ? `${french}s` : frenchPlural, gender },
  }
}

export const nouns: readonly Noun[] = Object.entries(table).flatMap(([kind, genders]) =>
  Object.entries(genders).flatMap(([gender, rows]) => rows.map((row) => nounOf(row, kind as Kind, gender as Gender))),
)
