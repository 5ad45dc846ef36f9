/**
 * The corpus that the program brings along: short reviews generated from a grammar in which word order decides the label. A pure
 * function of its seed. Reviews of the same words are never on both sides of a split.
 */

import { randomStream, shuffle, words, type RandomStream } from '@rnn/data'
import { constructions, type Construction } from './constructions.ts'
import { capitalise, drawFrom } from './draw.ts'
import { topics, type Topic } from './topics.ts'

/** One review. */
export interface Review {
  readonly text: string
  readonly label: 'positive' | 'negative'
  /** The name of the construction that made it. */
  readonly construction: string
}

/** The three parts, each in random order. */
export interface Corpus {
  readonly train: readonly Review[]
  readonly validation: readonly Review[]
  readonly test: readonly Review[]
}

/** How many pairs of reviews (a positive and a negative one) each part gets. */
export interface CorpusSizes {
  readonly train: number
  readonly validation: number
  readonly test: number
}

/** The sizes of the embedded corpus, in pairs. */
export const defaultSizes: CorpusSizes = { train: 2000, validation: 250, test: 500 }

/** Generates the corpus. @throws RangeError when the grammar doesn't hold as many reviews */
export function generateCorpus(seed = 1, sizes: CorpusSizes = defaultSizes): Corpus {
  const random = randomStream(seed)
  const total = sizes.train + sizes.validation + sizes.test
  const texts = new Set<string>()
  // Pairs of the same words, in whatever wording, stay together: by their words sorted.
  const groups = new Map<string, Review[]>()
  let pairs = 0
  for (let attempt = 0; pairs < total; attempt++) {
    if (attempt > 20 * total) throw new RangeError(`the grammar makes fewer than ${total} different pairs of reviews`)
    const construction = constructions[attempt % constructions.length] as Construction
    const pair = review(construction, random)
    if (pair.some(({ text }) => texts.has(text))) continue
    for (const { text } of pair) texts.add(text)
    const key = wordsOf(pair[0].text)
    groups.set(key, [...(groups.get(key) ?? []), ...pair])
    pairs += 1
  }
  return deal(shuffle([...groups.values()], seed, 1), seed, sizes)
}

/** The words of a text in alphabetical order: equal for texts that a bag of words can't tell apart. */
export function wordsOf(text: string): string {
  return tokenizer.tokenize(text).sort().join(' ')
}

const tokenizer = words()

const openers = ['honestly, ', 'to be fair, ', 'in short, ', 'well, ', 'my verdict: ']

function review(construction: Construction, random: RandomStream): readonly [Review, Review] {
  const draw = drawFrom(topics[random.below(topics.length)] as Topic, random)
  const { positive, negative } = construction.twins(draw)
  const opener = random.below(4) === 0 ? draw.oneOf(openers) : ''
  const aside = random.below(4) === 0 ? `${draw.oneOf(draw.topic.asides)}.` : ''
  const before = random.below(2) === 0
  const finish = (text: string): string =>
    capitalise((before ? [aside, opener + text] : [opener + text, aside]).filter((part) => part !== '').join(' '))
  return [
    { text: finish(positive), label: 'positive', construction: construction.name },
    { text: finish(negative), label: 'negative', construction: construction.name },
  ]
}

/** Gives whole groups to the test part until it is full, then to validation, then to training. */
function deal(groups: readonly (readonly Review[])[], seed: number, sizes: CorpusSizes): Corpus {
  const test: Review[] = []
  const validation: Review[] = []
  const train: Review[] = []
  for (const group of groups) {
    if (test.length < 2 * sizes.test) test.push(...group)
    else if (validation.length < 2 * sizes.validation) validation.push(...group)
    else train.push(...group)
  }
  return { train: shuffle(train, seed, 2), validation: shuffle(validation, seed, 3), test: shuffle(test, seed, 4) }
}
