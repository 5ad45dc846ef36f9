/**
 * Adversarial training of a text classifier (Miyato, Dai & Goodfellow 2017): each step also trains on word vectors that were moved in the direction in which the loss grows most. The
 * program writes reviews and learns from them with one word for each meaning; then others say the same in other words. The word vectors come from elsewhere, as they often do: synonyms
 * lie near one another in them, but so do opposites.
 */

import { hostNormal, key } from '@rnn/core'
import { arrayDataset, hostArray, padSequences, randomStream } from '@rnn/data'
import type { Dataset, HostArray, RandomStream } from '@rnn/data'
import { dense, embedding, gru, sequential } from '@rnn/layers'
import { accuracy, adam, crossEntropy, evaluate, fgm, fit, pgd, type Attack } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const adversarial = defineExample({
  description: 'a text classifier that synonyms do not fool',
  options: { attack: { description: 'what moves the word vectors', choices: ['fgm', 'pgd'] } },
  run: harden,
})

const words = (text: string): string[] => text.split(' ')

/** Words of one meaning: the first one is in the reviews that are learned from, the others are not. Praise and blame are of one thing in each line. */
const PRAISE_AND_BLAME = [
  [words('good fine decent pleasant'), words('bad poor lousy inferior')],
  [words('tasty delicious savoury delectable'), words('bland tasteless stale insipid')],
  [words('friendly kind warm cordial'), words('rude unkind cold curt')],
  [words('quick fast prompt speedy'), words('slow late sluggish tardy')],
  [words('clean spotless tidy neat'), words('dirty filthy grimy messy')],
  [words('cheap fair modest affordable'), words('dear steep costly exorbitant')],
] as const
const THINGS = [words('food meal dish fare'), words('staff waiter server host'), words('place room hall venue')]
const [THE, WAS, NOT] = [words('the our their that'), words('was seemed felt proved'), words('not never hardly barely')]
const [VERY, AND] = [words('very quite truly really'), words('and while also plus')]
const WORDS = ['', ...PRAISE_AND_BLAME.flat(2), ...THINGS.flat(), ...THE, ...WAS, ...NOT, ...VERY, ...AND]
const UNITS = 24

/** A vector for each word: what it is about, whether it praises or blames, its meaning, and itself. */
function wordVectors(seed: number): Float32Array {
  const normal = hostNormal(key(seed))
  const draw = (length: number): number[] => Array.from({ length: UNITS }, () => (length * normal()) / Math.sqrt(UNITS))
  const vectors = new Map<string, number[]>()
  const place = (group: readonly string[], ...parts: number[][]): void => {
    for (const word of group) vectors.set(word, total([...parts, draw(0.9)]))
  }
  const total = (parts: number[][]): number[] => draw(0).map((_, i) => parts.reduce((sum, part) => sum + part[i]!, 0))
  const [praises, blames] = [draw(0.8)].flatMap((mood) => [mood, mood.map((each) => -each)]) as [number[], number[]]
  for (const [praise, blame] of PRAISE_AND_BLAME) {
    const topic = draw(1)
    place(praise, topic, draw(0.5), praises)
    place(blame, topic, draw(0.5), blames)
  }
  for (const group of [...THINGS, THE, WAS, NOT, VERY, AND]) place(group, draw(1))
  return Float32Array.from(WORDS.flatMap((word) => vectors.get(word) ?? draw(0)))
}

/** Three clauses like "the food was not very good"; the review is good if most of them are. */
function reviews(count: number, synonyms: boolean, random: RandomStream): Dataset<HostArray, HostArray> {
  const say = (group: readonly string[]): string => group[synonyms ? 1 + random.below(group.length - 1) : 0]!
  const oneOf = <Each>(list: readonly Each[]): Each => list[random.below(list.length)]!
  const labels = new Int32Array(count)
  const texts = Array.from({ length: count }, (_, row) => {
    let score = 0
    const clauses = Array.from({ length: 3 }, (_, i) => {
      const [bad, not] = [random.below(2), random.below(4) === 0]
      score += (bad === 1) === not ? 1 : -1
      const opens = [...(i > 0 ? [say(AND)] : []), say(THE), say(oneOf(THINGS)), say(WAS)]
      const very = random.below(3) === 0
      return [...opens, ...(not ? [say(NOT)] : []), ...(very ? [say(VERY)] : []), say(oneOf(PRAISE_AND_BLAME)[bad]!)]
    })
    labels[row] = score > 0 ? 1 : 0
    return clauses.flat()
  })
  const { ids, shape, lengths } = padSequences(texts.map((text) => text.map((word) => WORDS.indexOf(word))))
  return arrayDataset({
    inputs: hostArray(ids, shape),
    lengths: hostArray(lengths, [count]),
    targets: hostArray(labels, [count]),
    batchSize: 32,
  })
}

async function harden({ backend, seed, short, options, print }: ExampleContext<'attack'>): Promise<ExampleResult> {
  const random = randomStream(seed, 4)
  const weights = wordVectors(seed)
  const train = reviews(short ? 600 : 1500, false, random)
  const [same, other] = [reviews(1000, false, random), reviews(1000, true, random)]

  const learn = async (attack: Attack | undefined): Promise<number> => {
    const model = sequential(
      embedding({ vocabularySize: WORDS.length, units: UNITS, weights, trainable: false }),
      gru({ units: 32, returns: 'last' }),
      dense({ units: 2 }),
    )
    await model.init(backend, { seed })
    const optimizer = adam({ learningRate: 5e-3 })
    await fit(model, train, { loss: crossEntropy(), optimizer, clipNorm: 1, epochs: 16, seed, adversarial: attack })
    const [plainly, inOtherWords] = await Promise.all(
      [same, other].map(async (set) => (await evaluate(model, set, { metrics: [accuracy()] })).metrics.accuracy),
    )
    print(`${attack?.name ?? 'plain'}: ${percent(plainly!)} of new reviews, ${percent(inOtherWords!)} in other words`)
    return inOtherWords!
  }

  const baseline = await learn(undefined)
  const result = await learn(options.attack === 'fgm' ? fgm({ epsilon: 0.5 }) : pgd({ epsilon: 0.5, steps: 3 }))
  const measure = `reviews told right in other words, trained with ${options.attack} (baseline: plain training)`
  return { measure, result, baseline, better: 'more', shownAs: 'percent' }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
