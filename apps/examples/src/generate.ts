/**
 * A character model (Karpathy 2015, "The unreasonable effectiveness of recurrent neural networks"): reads a text letter by letter, learns what letter comes next, and then writes.
 * Trained by truncated backpropagation: the state goes on from piece to piece, the gradients do not.
 */

import { readText } from 'app-kit/files'
import { characterStream, randomStream, streamDataset, type CharacterStream, type RandomStream } from '@rnn/data'
import { dense, dropout, embedding, lstm, sequential, type Module } from '@rnn/layers'
import { adam, crossEntropy, evaluate, fit, oneCycle } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const generate = defineExample({
  description: 'a text letter by letter: learns to write it',
  data: 'a text file',
  options: {
    temperature: { description: 'how daring it writes', choices: ['0.8', '0.5', '1', '1.2'] },
    units: { description: 'the width of its state', choices: ['128', '256', '384', '512'] },
  },
  run: write,
})

async function write(context: ExampleContext<'temperature' | 'units'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print } = context
  const text = data === undefined ? verses(short ? 500 : 2000, seed) : await readText(data)
  const stream = characterStream(text, { heldOut: 0.1 })
  const { vocabulary, train, heldOut } = stream
  print(`${train.length} letters to learn from, ${heldOut.length} held out, ${vocabulary.size - 2} different ones`)

  const units = Number(options.units)
  const model = sequential(
    embedding({ vocabularySize: vocabulary.size, units: 64 }),
    lstm({ units }),
    dropout(data === undefined ? 0 : 0.3),
    dense({ units: vocabulary.size }),
  )
  await model.init(backend, { seed })
  const trainSet = streamDataset({ ids: train, batchSize: short ? 16 : 32, steps: 50 })
  const validation = streamDataset({ ids: heldOut, batchSize: 8, steps: 500 })
  const epochs = short ? 4 : 8
  await fit(model, trainSet, {
    loss: crossEntropy(),
    optimizer: adam({
      learningRate: oneCycle({ peak: short ? 1e-2 : 3e-3, warmUpShare: 0.1, totalSteps: epochs * trainSet.batchCount }),
    }),
    clipNorm: 1,
    seed,
    epochs,
    validation,
    onEpoch: ({ epoch, loss, row }) =>
      print(`epoch ${epoch} of ${epochs}: ${bits(loss)} bits a letter, held out ${bits(row['validationLoss'] ?? NaN)}`),
  })

  print(`\n${sample(model, stream, Number(options.temperature), randomStream(seed, 1))}\n`)
  const { loss = NaN } = await evaluate(model, validation, { loss: crossEntropy() })
  return {
    measure: 'bits a letter of the held-out tenth (baseline: how often each letter follows the one before)',
    result: loss / Math.LN2,
    baseline: pairs(stream),
    better: 'less',
    shownAs: 'number',
  }
}

const bits = (nats: number): string => (nats / Math.LN2).toFixed(3)

/** Four hundred letters, each drawn from softmax(logits / temperature) and read in its turn. */
function sample(
  model: Module,
  { vocabulary, heldOut }: CharacterStream,
  temperature: number,
  random: RandomStream,
): string {
  using stepper = model.stepper({ shape: [1, 1] })
  let id = heldOut[0]!
  const written = Array.from({ length: 400 }, () => {
    const logits = stepper.step(Int32Array.of(id)).subarray(2) // the two before are no letters
    const most = Math.max(...logits)
    const weights = logits.map((logit) => Math.exp((logit - most) / temperature))
    let left = (random.uint32() / 2 ** 32) * weights.reduce((sum, weight) => sum + weight, 0)
    const drawn = weights.findIndex((weight) => (left -= weight) < 0)
    id = 2 + Math.max(0, drawn)
    return id
  })
  return vocabulary.decode(written).join('')
}

/** Bits a letter of the held-out part by counts of pairs in the training part, each pair counted once more than it is there. */
function pairs({ vocabulary: { size }, train, heldOut }: CharacterStream): number {
  const counts = new Float64Array(size * size).fill(1)
  for (let i = 1; i < train.length; i++) counts[train[i - 1]! * size + train[i]!]! += 1
  const sums = Array.from({ length: size }, (_, id) =>
    counts.subarray(id * size, (id + 1) * size).reduce((a, b) => a + b),
  )
  let total = 0
  for (let i = 1; i < heldOut.length; i++)
    total -= Math.log2(counts[heldOut[i - 1]! * size + heldOut[i]!]! / sums[heldOut[i - 1]!]!)
  return total / (heldOut.length - 1)
}

/** Verses of a small grammar: what comes last in a line depends on how it began. */
function verses(lines: number, seed: number): string {
  const random = randomStream(seed, 2)
  const pick = (words: string): string => words.split(' ')[random.below(words.split(' ').length)]!
  const adjective = (): string => pick('old young cold bright silent golden weary hollow')
  return Array.from({ length: lines }, () => {
    const many = random.below(2) === 1
    const who = pick('river king moon sailor raven garden winter stranger') + (many ? 's' : '')
    const verb = pick('sing sleep wait fall wander burn') + (many ? '' : 's')
    const where = `${pick('under beyond beside across')} the ${adjective()} ${pick('hills sea stars walls fields woods')}`
    return `${many ? 'Those' : 'That'} ${adjective()} ${who} ${verb} ${where},\n${many ? 'and they are' : 'and it is'} ${adjective()}.\n`
  }).join('')
}
