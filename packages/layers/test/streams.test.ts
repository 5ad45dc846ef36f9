// What a stream, read piece by piece, means to layers other than recurrent ones.

import { cpu } from '@rnn/backend-cpu'
import {
  bidirectional,
  dense,
  embedding,
  gru,
  maxOverTime,
  meanOverTime,
  sequential,
  timeDistributed,
  type Module,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'

describe('within timeDistributed each step is whole', () => {
  test.each<[string, () => Module]>([
    ['recurrent layers begin anew', () => timeDistributed(gru({ units: 3, inputSize: 2, returns: 'last' }))],
    ['both directions', () => timeDistributed(bidirectional(gru({ units: 3, inputSize: 2, returns: 'last' })))],
    ['pooling', () => timeDistributed(sequential(gru({ units: 3, inputSize: 2 }), maxOverTime()))],
  ])('%s', async (_, make) => {
    const backend = await cpu()
    const model = await sequential(make(), gru({ units: 2 })).init(backend, { seed: 1 })
    const x = waves(1, 4, 3, 2) // 4 steps, each of 3 within
    const { data } = await model.predict(x)
    const live = backend.stats().liveBuffers
    using stream = model.stepper({ shape: [1, 1, 3, 2] })
    for (let t = 0; t < 4; t++) {
      const output = stream.step(x.data.slice(t * 6, (t + 1) * 6))
      output.forEach((value, i) => expect(value).toBeCloseTo(data[t * 2 + i] ?? NaN, 6))
    }
    stream.dispose()
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('words of characters are tagged as they come', async () => {
    const words = timeDistributed(
      sequential(embedding({ vocabularySize: 9, units: 4 }), bidirectional(gru({ units: 3, returns: 'last' }))),
    )
    const model = await sequential(words, gru({ units: 2 }), dense({ units: 2 })).init(await cpu(), { seed: 1 })
    const { data } = await model.predict(ids([1, 2, 3], 1, 2, 3, 4, 5, 6))
    using stream = model.stepper({ shape: [1, 1, 3], dtype: 'int32' })
    const steps = [stream.step(Int32Array.of(1, 2, 3)), stream.step(Int32Array.of(4, 5, 6))].flatMap((each) => [
      ...each,
    ])
    steps.forEach((value, i) => expect(value).toBeCloseTo(data[i] ?? NaN, 6))
  })
})

test.each([
  ['maxOverTime', maxOverTime],
  ['meanOverTime', meanOverTime],
])('%s of a stream is refused: it would be of each piece alone', async (name, pool) => {
  const model = await sequential(gru({ units: 2, inputSize: 3 }), pool()).init(await cpu(), { seed: 1 })
  expect(() => model.stepper({ shape: [1, 1, 3] })).toThrow(
    `${name}: it needs whole sequences, and a stream gives pieces of them; stream a model of recurrent layers that walk forward`,
  )
})
