/** What the lexicon knows of a word: its forms in both languages, and what it goes together with. */

/** What a noun stands for: verbs and adjectives choose by it. */
export type Kind = 'person' | 'animal' | 'food' | 'text' | 'thing' | 'place'

export type Gender = 'masculine' | 'feminine'

export interface Noun {
  readonly kind: Kind
  readonly english: { readonly singular: string; readonly plural: string }
  readonly french: { readonly singular: string; readonly plural: string; readonly gender: Gender }
}

/** French forms of an adjective; `beforeVowel` stands before a masculine singular that begins with a vowel: `un bel arbre`. */
export interface FrenchAdjective {
  readonly masculine: readonly [singular: string, plural: string]
  readonly feminine: readonly [singular: string, plural: string]
  readonly beforeVowel?: string
}

export interface Adjective {
  readonly english: string
  readonly french: FrenchAdjective
  /** On which side of its noun French puts it. */
  readonly side: 'before' | 'after'
  readonly kinds: readonly Kind[]
}

/** Persons in the order of the French forms: je, il or elle, nous, vous, ils or elles. */
export const persons = ['I', 'he', 'we', 'you', 'they'] as const

export type Person = (typeof persons)[number]

export interface Verb {
  readonly english: { readonly base: string; readonly third: string; readonly past: string }
  readonly french: {
    readonly present: Readonly<Record<Person, string>>
    /** What the endings of the future are added to. */
    readonly futureStem: string
    readonly participle: string
    /** `être` makes the participle agree with the subject. */
    readonly auxiliary: 'avoir' | 'être'
  }
  readonly subjects: readonly Kind[]
  /** Kinds of objects; none for a verb without one. */
  readonly objects: readonly Kind[]
}

export interface Preposition {
  readonly english: string
  /** Words, the last of which may contract with an article: `près de` + `le` = `près du`. */
  readonly french: readonly string[]
}

/** A phrase of time, whole in both languages, or with a number in place of `#`. */
export interface TimePhrase {
  readonly english: string
  readonly french: string
  /** What stands for the `#`. */
  readonly number?: number
}
