/**
 * Addition as translation (Zaremba & Sutskever 2014; Keras's example `addition_rnn`): reads `27+85` digit by digit, writes `112`. Half of all sums of two numbers below 100
 * are for training; what counts is the share of the other half that comes out exactly right.
 */

import { normalInitializer } from '@rnn/core'
import { characterCodec, padSequences, shuffle, translationDataset } from '@rnn/data'
import { additiveAttention, bidirectional, embedding, encoderDecoder, greedy, gru } from '@rnn/layers'
import { adam, cosineDecay, crossEntropy, fit } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const addition = defineExample({
  description: 'digits in, digits out: an encoder–decoder learns to add',
  run: add,
})

async function add({ backend, seed, short, print }: ExampleContext<never>): Promise<ExampleResult> {
  const sums = Array.from({ length: 10_000 }, (_, i) => {
    const [a, b] = [Math.floor(i / 100), i % 100]
    return { source: `${a}+${b}`, target: String(a + b), line: i + 1 }
  })
  // By pair of numbers: whoever has seen 27+85 has seen 85+27.
  const pairs = shuffle(
    Array.from({ length: 10_000 }, (_, i) => i).filter((i) => Math.floor(i / 100) <= i % 100),
    1,
  )
  const trained = new Set(pairs.slice(0, pairs.length / 2))
  const isTrained = (_: unknown, i: number): boolean =>
    trained.has(i) || trained.has((i % 100) * 100 + Math.floor(i / 100))
  const train = sums.filter(isTrained)
  const test = shuffle(
    sums.filter((sum, i) => !isTrained(sum, i)),
    1,
  )
  const sourceCodec = characterCodec(sums.map(({ source }) => source))
  const targetCodec = characterCodec(sums.map(({ target }) => target))

  const vectors = (vocabularySize: number) =>
    embedding({ vocabularySize, units: 16, paddingIndex: 0, initializer: normalInitializer(1) })
  const model = encoderDecoder({
    source: vectors(sourceCodec.size),
    encoder: bidirectional(gru({ units: 64 })),
    target: vectors(targetCodec.size),
    decoder: gru({ units: 64 }),
    attention: additiveAttention({ units: 64 }),
  })
  await model.init(backend, { seed })

  const trainSet = translationDataset({ pairs: train, sourceCodec, targetCodec, batchSize: 64, seed })
  const epochs = short ? 8 : 50
  await fit(model, trainSet, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: cosineDecay({ peak: 5e-3, totalSteps: epochs * trainSet.batchCount }) }),
    clipNorm: 1,
    seed,
    epochs,
    onEpoch: ({ epoch, loss }) => {
      if (epoch % 10 === 0) print(`epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}`)
    },
  })

  const { ids, shape, lengths } = padSequences(test.map(({ source }) => sourceCodec.encode(source)))
  const { startId, endId } = targetCodec
  const found = await greedy(
    model,
    { source: { data: ids, shape }, sourceLengths: { data: lengths, shape: [lengths.length] } },
    { startId, endId, maxLength: 4 },
  )
  const answers = found.map(({ words }) => targetCodec.decode(words))
  const right = (answer: (i: number) => string): number =>
    test.filter(({ target }, i) => answer(i) === target).length / test.length
  test
    .slice(0, 5)
    .forEach(({ source, target }, i) =>
      print(`${source} = ${answers[i]}${answers[i] === target ? '' : `, not ${target}`}`),
    )
  // The commonest sum, 99, is the best guess of someone who doesn't look.
  return {
    measure: 'sums exactly right',
    result: right((i) => answers[i] ?? ''),
    baseline: right(() => '99'),
    better: 'more',
    shownAs: 'percent',
  }
}
