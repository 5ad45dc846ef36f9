// The reviews that the page trains on: made from a small grammar in which the order of words decides, so that counting words is not enough.

import { buildVocabulary, randomStream, textDataset, words } from '@rnn/data'
import type { RandomStream, TextDataset, Tokenizer, Vocabulary } from '@rnn/data'

/** What a review may say; the class numbers are the places here. */
export const VERDICTS = ['negative', 'positive'] as const

/** Everything that a training needs to know of its texts. */
export interface Corpus {
  readonly tokenizer: Tokenizer
  readonly vocabulary: Vocabulary
  readonly training: TextDataset
  readonly validation: TextDataset
}

const THINGS = 'soup film book hotel room meal song game show trip play story bread coffee garden service'.split(' ')
const GOOD = 'lovely great superb brilliant charming delightful wonderful excellent fine good'.split(' ')
const BAD = 'terrible awful dreadful boring dull poor horrible weak bland bad'.split(' ')
const OPENINGS = ['', 'well', 'to be honest', 'we all agree that', 'after two long days']
const ENDINGS = ['', 'as far as i can tell', 'and that is that', 'even on a rainy day', 'and we told them so']

/** `holds` is what the review means to say of the thing, `fails` its opposite: both are in most of them. */
const WORDINGS: readonly ((thing: string, holds: string, fails: string) => string)[] = [
  (thing, holds) => `the ${thing} was ${holds}`,
  (thing, holds, fails) => `the ${thing} was not ${fails} but ${holds}`,
  (thing, holds, fails) => `the ${thing} was ${holds} and not ${fails}`,
  (thing, holds, fails) => `i expected the ${thing} to be ${fails} but it was ${holds}`,
  (thing, holds, fails) => `at first the ${thing} was ${fails} then it became ${holds}`,
  (thing, holds, fails) => `the ${thing} became ${holds} although it had been ${fails}`,
  (thing, _holds, fails) => `nobody could call the ${thing} ${fails}`,
]

/** Batches of 32 reviews, and a fifth as many held out; the same numbers give the same corpus. */
export function makeCorpus(trainingCount: number, seed = 1): Corpus {
  const validationCount = Math.ceil(trainingCount / 5)
  const random = randomStream(seed)
  const reviews = Array.from({ length: trainingCount + validationCount }, () => review(random))
  const tokenizer = words()
  const train = reviews.slice(0, trainingCount)
  const vocabulary = buildVocabulary(train.map(({ text }) => tokenizer.tokenize(text)))
  const dataset = (part: readonly Review[], shuffle: boolean): TextDataset =>
    textDataset({
      texts: part.map(({ text }) => text),
      labels: part.map(({ label }) => label),
      tokenizer,
      vocabulary,
      batchSize: 32,
      shuffle,
      seed,
    })
  return {
    tokenizer,
    vocabulary,
    training: dataset(train, true),
    validation: dataset(reviews.slice(trainingCount), false),
  }
}

interface Review {
  readonly text: string
  readonly label: number
}

function review(random: RandomStream): Review {
  const draw = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
  const label = random.below(2)
  const [holds, fails] = label === 1 ? [draw(GOOD), draw(BAD)] : [draw(BAD), draw(GOOD)]
  const text = `${draw(OPENINGS)} ${draw(WORDINGS)(draw(THINGS), holds, fails)} ${draw(ENDINGS)}`
  return { text: text.trim(), label }
}
