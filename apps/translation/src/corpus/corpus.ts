/**
 * The language pair that the program brings along: English and French sentences generated from one meaning. A pure function of its seed.
 * One in five pairs of words that belong together (an adjective and its noun, a verb and its object) is kept for validation or for the test: every
 * sentence of these has at least one such pair, and no training sentence has any.
 */

import { randomStream, type RandomStream } from '@rnn/data'
import { drawMeaning } from './draw-meaning.ts'
import { english } from './english.ts'
import { french } from './french.ts'
import type { Clause, NounPhrase, Subject } from './meaning.ts'

/** A sentence in both languages. */
export interface SentencePair {
  readonly source: string
  readonly target: string
}

/** The three parts. No sentence comes twice. */
export interface Corpus {
  readonly train: readonly SentencePair[]
  readonly validation: readonly SentencePair[]
  readonly test: readonly SentencePair[]
}

type Part = keyof Corpus

/** Sentences in each part. */
export type CorpusSizes = Readonly<Record<Part, number>>

/** The sizes of the embedded corpus. */
export const defaultSizes: CorpusSizes = { train: 40_000, validation: 500, test: 1000 }

/** Generates the corpus. */
export function generateCorpus(seed = 1, sizes: CorpusSizes = defaultSizes): Corpus {
  const random = randomStream(seed)
  const parts: Record<Part, SentencePair[]> = { train: [], validation: [], test: [] }
  const seen = new Set<string>()
  const wanting = (part: Part): boolean => parts[part].length < sizes[part]
  while (wanting('train') || wanting('validation') || wanting('test')) {
    const { part, pair } = draw(random)
    if (part === undefined || !wanting(part) || seen.has(pair.source)) continue
    seen.add(pair.source)
    parts[part].push(pair)
  }
  return parts
}

function draw(random: RandomStream): { part: Part | undefined; pair: SentencePair } {
  const clause = drawMeaning(random)
  return { part: partOf(combinations(clause)), pair: { source: english(clause), target: french(clause) } }
}

/** Where a sentence belongs; nowhere if some of its combinations are kept for validation and some for the test. */
function partOf(combined: readonly string[]): Part | undefined {
  const parts = new Set(combined.map(partOfCombination))
  if (parts.has('test') && parts.has('validation')) return undefined
  return parts.has('test') ? 'test' : parts.has('validation') ? 'validation' : 'train'
}

/** Words of a meaning that belong together, in English: `small cat`, `eat apple`. */
export function combinations(clause: Clause): string[] {
  const { subject, predicate } = clause
  const phrases = [...phrasesOf(subject)]
  const combined: string[] = []
  if (predicate.type === 'act') {
    const { verb, object, place } = predicate
    if (object !== undefined) {
      combined.push(`${verb.english.base} ${object.noun.english.singular}`)
      phrases.push(object)
    }
    if (place !== undefined) phrases.push(place.where)
  }
  for (const { adjectives, noun } of phrases) {
    combined.push(...adjectives.map((adjective) => `${adjective.english} ${noun.english.singular}`))
  }
  return combined
}

function phrasesOf(subject: Subject): readonly NounPhrase[] {
  if (subject.type === 'both') return subject.members
  return subject.type === 'noun phrase' ? [subject] : []
}

/** The same for a combination whatever the seed: a tenth of all is the test's, a tenth is for validation. */
function partOfCombination(combination: string): Part {
  let hash = 2166136261 // FNV-1a
  for (const letter of combination) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 16777619)
  const tenth = ((hash ^ (hash >>> 15)) >>> 0) % 10
  return tenth === 0 ? 'test' : tenth === 1 ? 'validation' : 'train'
}
