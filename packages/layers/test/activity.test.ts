// Penalties on outputs: what they count, and by what they are divided, wherever the layer stands.

import { cpu } from '@rnn/backend-cpu'
import { constant, key, scope, tensor } from '@rnn/core'
import { activityRegularization, dense, INFERENCE, l2, sequential, timeDistributed, type Module } from '@rnn/layers'
import { expect, test } from 'vitest'

const [BATCH, TIME, INNER] = [2, 5, 3]

/** The penalty of a training step on ones. */
async function penaltyOf(model: Module, shape: readonly number[], lengths?: readonly number[]): Promise<number> {
  const backend = await cpu()
  await model.init(backend, { seed: 1 })
  const live = backend.stats().liveBuffers
  let total = 0
  const notes = {
    penalty: (term: { dataSync(): ArrayLike<number> }) => void (total += term.dataSync()[0] ?? NaN),
    counted: () => {},
  }
  scope(backend, () => {
    const x = tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), { backend, shape })
    const rows = lengths && tensor(Int32Array.from(lengths), { backend })
    model.forward(x, { ...INFERENCE, training: true, key: key(1), lengths: rows, notes })
  })
  expect(backend.stats().liveBuffers).toBe(live)
  return total
}

/** Gives 1 for each step: the squares of the steps that count are their number. */
const layer = (): Module =>
  dense({ units: 1, inputSize: 1, kernelInitializer: constant(1), activityRegularizer: l2(1) })

test.each<[string, () => Module]>([
  ['as an option', layer],
  [
    'as a layer',
    () => sequential(dense({ units: 1, inputSize: 1, kernelInitializer: constant(1) }), activityRegularization(l2(1))),
  ],
])('a penalty %s is the same within timeDistributed', async (_, make) => {
  const shape = [BATCH, TIME, 1]
  for (const [lengths, steps] of [
    [[5, 1], 6],
    [[0, 3], 3],
    [undefined, 10],
  ] as const) {
    expect(await penaltyOf(make(), shape, lengths)).toBe(steps / BATCH)
    expect(await penaltyOf(timeDistributed(make()), shape, lengths)).toBeCloseTo(steps / BATCH, 6)
  }
})

test('within two of them, the steps of rows that have ended do not count either', async () => {
  const twice = (): Module => timeDistributed(timeDistributed(layer()))
  expect(await penaltyOf(twice(), [BATCH, TIME, INNER, 1], [5, 1])).toBeCloseTo((6 * INNER) / BATCH, 5)
  expect(await penaltyOf(twice(), [BATCH, TIME, INNER, 1])).toBeCloseTo((10 * INNER) / BATCH, 5)
})
