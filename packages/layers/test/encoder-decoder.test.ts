// The encoder–decoder: step by step it gives what it gives all at once, reads no padding, and comes back from its files.

import { cpu } from '@rnn/backend-cpu'
import { scope, type Backend } from '@rnn/core'
import { fromJSON, loadModel, saveModel, upload, type EncoderDecoder } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { BATCH, KINDS, translator, TARGET_WORDS } from './support/translators.ts'

const kinds = Object.entries(KINDS).map(([title, kind]) => ({ title, kind }))
const [rows = 0, steps = 0] = BATCH.target.shape

/** Both may round differently in the last places: sums of tens of terms of order 1. */
function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, bound = 2e-6): void {
  expect(got.length).toBe(expected.length)
  Array.from(expected).forEach((value, i) =>
    expect(Math.abs((got[i] ?? NaN) - value), `element ${i}`).toBeLessThan(bound),
  )
}

/** Logits of all steps, one step after another: `[rows, steps, words]`. */
function stepwise(model: EncoderDecoder, backend: Backend, reordered = false): Float32Array {
  const out = new Float32Array(rows * steps * TARGET_WORDS)
  const { inputs } = scope(backend, () => ({ inputs: upload({ inputs: BATCH }, backend).inputs }))
  using decoding = model.decoding(inputs)
  // Row i of the decoding goes on with row order[i] of the batch.
  let order = Array.from({ length: rows }, (_, i) => i)
  for (let t = 0; t < steps; t++) {
    if (reordered) {
      const moves = t === 0 ? [0, 0, 1, 1, 2, 2] : t === 1 ? [5, 4, 1, 1, 2, 2] : [2, 0, 5, 3]
      decoding.reorder(Int32Array.from(moves))
      order = moves.map((from) => order[from] ?? -1)
    }
    expect(decoding.rows).toBe(order.length)
    const words = order.map((row) => BATCH.target.data[row * steps + t] ?? 0)
    const { logits, attention } = decoding.step(Int32Array.from(words))
    const values = logits.dataSync()
    const weights = attention?.dataSync()
    logits.dispose()
    attention?.dispose()
    order.forEach((row, i) => {
      out.set(values.subarray(i * TARGET_WORDS, (i + 1) * TARGET_WORDS), (row * steps + t) * TARGET_WORDS)
      if (weights === undefined) return
      const length = BATCH.sourceLengths.data[row] ?? 0
      const own = Array.from(weights.subarray(i * 4, (i + 1) * 4))
      expect(own.slice(length).every((weight) => weight === 0)).toBe(true)
      expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
    })
  }
  for (const each of Object.values(inputs)) if (typeof each === 'object') each?.dispose()
  return out
}

describe.each(kinds)('$title', ({ kind }) => {
  test('gives step by step what it gives all at once, with rows in any order', async () => {
    const backend = await cpu()
    const model = await translator(kind()).init(backend, { seed: 1 })
    const live = backend.stats().liveBuffers
    const { data, shape } = await model.predict(BATCH)
    expect(shape).toEqual([rows, steps, TARGET_WORDS])
    expectClose(stepwise(model, backend), data)
    expectClose(stepwise(model, backend, true), data)
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('takes no notice of what lies past the end of a source', async () => {
    const model = await translator(kind()).init(await cpu(), { seed: 1 })
    const { data } = await model.predict(BATCH)
    const other = Int32Array.from(BATCH.source.data, (id, i) => ([6, 7, 11].includes(i) ? 3 : id))
    expectClose((await model.predict({ ...BATCH, source: { data: other, shape: [3, 4] } })).data, data, 1e-30)
  })

  test('survives the round trip through its configuration and weights', async () => {
    const model = await translator(kind()).init(await cpu(), { seed: 1 })
    expect(fromJSON(JSON.parse(JSON.stringify(model))).toJSON()).toEqual(model.toJSON())
    const copy = await loadModel<EncoderDecoder>(await saveModel(model), await cpu())
    expect(await copy.predict(BATCH)).toEqual(await model.predict(BATCH))
    expect(copy.summary()).toBe(model.summary())
    expect(copy.summary()).toContain(`\n${copy.parameterCount.toLocaleString('en')} parameters`)
  })
})
