/**
 * Which words belong together: a bidirectional LSTM (Graves & Schmidhuber 2005; Huang, Xu & Yu 2015) gives every word a label, B and I for the beginning and the inside of a noun, verb or prepositional
 * chunk, O for what is outside of them. Half of the words are of two kinds ("they watch the play", "they play the watch"), so that words alone don't tell.
 */

import {
  arrayDataset,
  buildVocabulary,
  hostArray,
  padSequences,
  randomStream,
  type Dataset,
  type HostArray,
} from '@rnn/data'
import { bidirectional, dense, dropout, embedding, lstm, sequential } from '@rnn/layers'
import { adam, crossEntropy, fit } from '@rnn/train'
import { LABELS, sentence, type Label, type Word } from './chunk-grammar.ts'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const tagging = defineExample({
  description: 'noun, verb and prepositional chunks, a label for each word',
  run: chunk,
})

/** Chunks as `from-to-kind`. */
function chunksOf(labels: readonly Label[]): Set<string> {
  const chunks = new Set<string>()
  labels.forEach((label, from) => {
    if (!label.startsWith('B-')) return
    const kind = label.slice(2)
    let to = from + 1
    while (labels[to] === `I-${kind}`) to++
    chunks.add(`${from}-${to}-${kind}`)
  })
  return chunks
}

/** F1 of whole chunks, over all sentences. */
function f1(found: readonly (readonly Label[])[], right: readonly (readonly Label[])[]): number {
  const counts = right.map((labels, i) => {
    const [ours, theirs] = [chunksOf(found[i]!), chunksOf(labels)]
    return { hits: [...ours].filter((each) => theirs.has(each)).length, all: ours.size + theirs.size }
  })
  const sum = (name: 'hits' | 'all'): number => counts.reduce((total, count) => total + count[name], 0)
  return (2 * sum('hits')) / sum('all')
}

async function chunk({ backend, seed, short, print }: ExampleContext<never>): Promise<ExampleResult> {
  const random = randomStream(seed, 8)
  const sentences = Array.from({ length: short ? 1500 : 6000 }, () => sentence(random))
  const textOf = (words: readonly Word[]): string => words.map(([word]) => word).join(' ')
  const test = sentences.slice(0, 500)
  const known = new Set(test.map(textOf))
  const train = sentences.slice(500).filter((words) => !known.has(textOf(words)))
  const vocabulary = buildVocabulary(train.map((words) => words.map(([word]) => word)))
  const padded = (rows: readonly (readonly Word[])[]) =>
    padSequences(rows.map((words) => vocabulary.encode(words.map(([word]) => word))))
  const dataset = (rows: readonly (readonly Word[])[]): Dataset<HostArray<Int32Array>, HostArray<Int32Array>> => {
    const { ids, shape, lengths } = padded(rows)
    const labels = padSequences(rows.map((words) => words.map(([, label]) => LABELS.indexOf(label)))).ids
    return arrayDataset({
      inputs: hostArray(ids, shape),
      targets: hostArray(labels, shape),
      lengths: hostArray(lengths, [rows.length]),
      batchSize: 32,
      seed,
    })
  }
  const model = sequential(
    embedding({ vocabularySize: vocabulary.size, units: 32 }),
    bidirectional(lstm({ units: 48 })),
    dropout(0.2),
    dense({ units: LABELS.length }),
  )
  await model.init(backend, { seed })
  await fit(model, dataset(train), {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 5e-3 }),
    clipNorm: 1,
    seed,
    epochs: short ? 4 : 10,
    onEpoch: ({ epoch, loss }) => print(`epoch ${epoch}: loss ${loss.toFixed(4)}`),
  })

  const { ids, shape, lengths } = padded(test)
  const logits = await model.predict({ data: ids, shape }, { lengths: hostArray(lengths, [test.length]) })
  const [, time = 0] = shape
  const found = test.map((words, row) =>
    words.map((_, t): Label => {
      const from = (row * time + t) * LABELS.length
      const scores = logits.data.subarray(from, from + LABELS.length)
      return LABELS[scores.indexOf(Math.max(...scores))]!
    }),
  )
  const right = test.map((words) => words.map(([, label]) => label))
  test.slice(0, 3).forEach((words, row) => print(shown(words, found[row]!)))
  return {
    measure: 'F1 of chunks in unseen sentences (baseline: for each word the label that it has most often)',
    result: f1(found, right),
    baseline: f1(
      test.map((words) => words.map(mostFrequent(train))),
      right,
    ),
    better: 'more',
    shownAs: 'percent',
  }
}

function mostFrequent(train: readonly (readonly Word[])[]): (word: Word) => Label {
  const counts = new Map<string, number[]>()
  for (const [word, label] of train.flat()) {
    const own = counts.get(word) ?? LABELS.map(() => 0)
    own[LABELS.indexOf(label)]!++
    counts.set(word, own)
  }
  return ([word]) => {
    const own = counts.get(word) ?? [1]
    return LABELS[own.indexOf(Math.max(...own))]!
  }
}

/** `[NP her old dog] [VP will watch] …` */
function shown(words: readonly Word[], labels: readonly Label[]): string {
  const parts = words.map(([word], i) => {
    const label = labels[i]!
    const [begins, inside] = [label.startsWith('B-'), labels[i + 1]?.startsWith('I-') === true]
    return `${begins ? `[${label.slice(2)} ` : ''}${word}${label !== 'O' && !inside ? ']' : ''}`
  })
  return parts.join(' ')
}
