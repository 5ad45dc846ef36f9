/** Gradient × input, against what the network does when a word's vector is really changed. */

import { cpu } from '@rnn/backend-cpu'
import { buildVocabulary, labelIndex, words } from '@rnn/data'
import type { Embedding } from '@rnn/layers'
import { expect, test } from 'vitest'
import { attribute } from '../src/attribution.ts'
import type { Classifier } from '../src/classifier.ts'
import { textClassifier } from '../src/model.ts'
import { defaultSettings } from '../src/settings.ts'

const tokenizer = words()
const text = 'not a dull film'

async function classifier(): Promise<Classifier> {
  const settings = { ...defaultSettings, embedding: 3, units: 4 }
  const encoder = {
    tokenizer,
    vocabulary: buildVocabulary([tokenizer.tokenize(text)]),
    labels: labelIndex(['no', 'yes', 'perhaps']),
  }
  const model = textClassifier(settings, encoder.vocabulary.size, encoder.labels.size)
  await model.init(await cpu(), { seed: 3 })
  return { settings, encoder, model }
}

test('scores are the derivative of the lead when the vector of a word grows', async () => {
  const subject = await classifier()
  const { encoder, model } = subject
  const { label, against, words: scores } = await attribute(subject, text)
  const table = (model.layers[0] as Embedding).kernel
  const before = (await table.value.data()) as Float32Array
  const ids = encoder.vocabulary.encode(tokenizer.tokenize(text))
  const lead = async (): Promise<number> => {
    const { data } = await model.predict({ data: ids, shape: [1, ids.length] })
    return (data[encoder.labels.id(label)] ?? 0) - (data[encoder.labels.id(against)] ?? 0)
  }
  for (const { word, score } of scores) {
    const row = encoder.vocabulary.id(word) * 3
    const scaled = async (factor: number): Promise<number> => {
      table.assign(before.map((value, i) => (i >= row && i < row + 3 ? value * factor : value)))
      return lead()
    }
    // d lead / d factor at 1. The network is smooth, so that the central difference errs by O(step²); float32 logits of order 0.1 by 1e-8 / step.
    const step = 1e-2
    const slope = ((await scaled(1 + step)) - (await scaled(1 - step))) / (2 * step)
    expect(score).toBeCloseTo(slope, 5)
  }
  table.assign(before)
})

test('leaves no tensor behind', async () => {
  const subject = await classifier()
  const { backend } = subject.model
  await attribute(subject, text)
  await backend.sync()
  const { liveBuffers } = backend.stats()
  await attribute(subject, text)
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(liveBuffers)
})
