// An encoder–decoder trained end to end: it learns to write a sequence in reverse, with attention before and after the cell, taught and guessing.

import { cpu } from '@rnn/backend-cpu'
import { argmax, scope } from '@rnn/core'
import {
  additiveAttention,
  bidirectional,
  dotAttention,
  embedding,
  encoderDecoder,
  gru,
  lstm,
  upload,
  type EncoderDecoder,
  type EncoderDecoderOptions,
} from '@rnn/layers'
import { adam, crossEntropy, evaluate, Trainer } from '@rnn/train'
import { expect, test } from 'vitest'

const WORDS = 8
const START = 1
const END = 2
const LONGEST = 5

/** Words 3 … 7, 2 to 5 of them, and their reverse; the same seed gives the same batch. */
function reversals(seed: number, size = 64) {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
  const source = new Int32Array(size * LONGEST)
  const target = new Int32Array(size * (LONGEST + 1))
  const labels = new Int32Array(size * (LONGEST + 1)).fill(-1)
  const lengths = new Int32Array(size)
  for (let row = 0; row < size; row++) {
    const length = 2 + next(LONGEST - 1)
    const words = Array.from({ length }, () => 3 + next(WORDS - 3))
    lengths[row] = length
    source.set(words, row * LONGEST)
    target.set([START, ...words.toReversed()], row * (LONGEST + 1))
    labels.set([...words.toReversed(), END], row * (LONGEST + 1))
  }
  const shape = [size, LONGEST + 1]
  return {
    inputs: {
      source: { data: source, shape: [size, LONGEST] },
      sourceLengths: { data: lengths, shape: [size] },
      target: { data: target, shape },
    },
    targets: { data: labels, shape },
    size,
  }
}

/** Share of rows that greedy decoding gets right to the last word. */
function exactMatches(model: EncoderDecoder, batch: ReturnType<typeof reversals>): number {
  const { backend } = model
  return scope(backend, () => {
    const { inputs } = upload(batch, backend)
    using decoding = model.decoding(inputs)
    const wrong = new Set<number>()
    let words: Int32Array = new Int32Array(batch.size).fill(START)
    for (let t = 0; t <= LONGEST; t++) {
      words = argmax(decoding.step(words).logits).dataSync() as Int32Array
      words.forEach((word, row) => {
        const label = batch.targets.data[row * (LONGEST + 1) + t]
        if (label !== -1 && label !== word) wrong.add(row)
      })
    }
    return 1 - wrong.size / batch.size
  })
}

const kinds: readonly (readonly [string, Partial<EncoderDecoderOptions>])[] = [
  ['additive attention before the cell', { attention: additiveAttention({ units: 24 }) }],
  [
    'dot attention after the cell, fed back',
    { attention: dotAttention(), attend: 'after', inputFeeding: true, decoder: lstm({ units: 48 }) },
  ],
  [
    'additive attention, one word in five a guess',
    { attention: additiveAttention({ units: 24 }), teacherForcing: 0.8 },
  ],
]

test.each(kinds)('learns to reverse: %s', async (_, options) => {
  const backend = await cpu()
  const model = encoderDecoder({
    source: embedding({ vocabularySize: WORDS, units: 16, paddingIndex: 0 }),
    encoder: bidirectional(gru({ units: 24 })),
    decoder: gru({ units: 32 }),
    ...options,
  })
  await model.init(backend, { seed: 1 })
  const loss = crossEntropy()
  const trainer = new Trainer(model, { loss, optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, seed: 1 })
  trainer.step(reversals(0)).dispose()
  const live = backend.stats().liveBuffers
  for (let step = 1; step < 220; step++) trainer.step(reversals(step)).dispose()
  const unseen = reversals(99_999, 200)
  const test = { batchCount: 1, sampleCount: 200, batches: () => [unseen] }
  expect((await evaluate(model, test, { loss })).loss).toBeLessThan(0.05)
  expect(exactMatches(model, unseen)).toBeGreaterThan(0.97)
  expect(backend.stats().liveBuffers).toBe(live)
  trainer.dispose()
})
