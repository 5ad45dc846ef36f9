// Gradient accumulation and clipping: small batches make the updates of large ones, and whatever stops in between goes on the same.

import { cpu } from '@rnn/backend-cpu'
import { tensor } from '@rnn/core'
import { dense, embedding, gru, sequential, type Sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  adam,
  crossEntropy,
  OptimizerState,
  sgd,
  stepDecay,
  Trainer,
  type ClippingOptions,
  type TrainerOptions,
} from '../src/index.ts'
import { clipping } from '../src/optimizers/clipping.ts'
import { sequences, trained, weightsOf } from './helpers.ts'

/** Without dropout, whose masks depend on the batch. */
async function model(): Promise<Sequential> {
  const parts = [embedding({ vocabularySize: 10, units: 4 }), gru({ units: 5, returns: 'last' }), dense({ units: 2 })]
  return sequential(...parts).init(await cpu(), { seed: 1 })
}

function options(change: Partial<TrainerOptions> = {}): TrainerOptions {
  return { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.2, momentum: 0.9 }), ...change }
}

/** Weights after three epochs over 22 rows, the last batch of each is smaller. */
async function weightsAfter(batchSize: number, change: Partial<TrainerOptions>): Promise<[Sequential, Trainer]> {
  const own = await model()
  const trainer = new Trainer(own, options(change))
  await trainer.fit(sequences({ batchSize }), { epochs: 3 })
  return [own, trainer]
}

async function expectSame(a: Sequential, b: Sequential): Promise<void> {
  const [left, right] = [await weightsOf(a), await weightsOf(b)]
  for (const [path, values] of Object.entries(left)) {
    for (const [i, value] of values.entries()) expect(Math.abs(value - right[path]![i]!)).toBeLessThan(2e-6)
  }
}

describe('three batches of 4 make the update of one of 12, also where the last one of an epoch is smaller', () => {
  test.each<[string, Partial<TrainerOptions>]>([
    ['plain', {}],
    ['weighted by class', { loss: crossEntropy({ classWeights: [1, 3] }) }],
    ['clipped by the norm of all', { clipNorm: 0.1 }],
    ['clipped by the norm of each', { clipNormPerTensor: 0.05 }],
    ['clipped by value', { clipValue: 0.01 }],
    [
      'a rate for each update',
      { optimizer: sgd({ learningRate: stepDecay({ initial: 0.2, factor: 0.5, every: 1 }) }) },
    ],
  ])('%s', async (_, change) => {
    const [small, inParts] = await weightsAfter(4, { ...change, accumulate: 3 })
    const [large, whole] = await weightsAfter(12, change)
    expect(inParts.position).toEqual({ epoch: 3, batch: 0, step: 6 })
    expect(inParts.position.step).toBe(whole.position.step)
    expect(inParts.learningRate).toBe(whole.learningRate)
    await expectSame(small, large)
  })
})

test('accumulate: 1 is no accumulation, to the last bit', async () => {
  const [one] = await weightsAfter(4, { accumulate: 1 })
  const [none] = await weightsAfter(4, {})
  expect(await weightsOf(one)).toEqual(await weightsOf(none))
})

test('steps of one’s own: an update with each second batch, and with the end of an epoch', async () => {
  const trainer = new Trainer(await model(), options({ accumulate: 2 }))
  const batches = [...sequences().batches(0)].slice(0, 3)
  const updates = batches.map((batch) => {
    trainer.step(batch).dispose()
    return trainer.position.step
  })
  expect(updates).toEqual([0, 1, 1])
  trainer.advanceEpoch()
  expect(trainer.position).toEqual({ epoch: 1, batch: 0, step: 2 })
  trainer.advanceEpoch()
  expect(trainer.position.step).toBe(2)
})

/** Dropout and Adam: everything that must go on where it was. */
const resumable = (): TrainerOptions =>
  options({ optimizer: adam({ learningRate: 0.05 }), accumulate: 4, clipNorm: 1, seed: 7 })

test.each([1, 3, 4, 5, 6, 7])('after batch %i of 12, a resumed training goes on to the last bit', async (at) => {
  const straight = await trained()
  const whole = new Trainer(straight, resumable())
  let [batches, bytes] = [0, new Uint8Array(0)]
  const expected = await whole.fit(sequences(), {
    epochs: 2,
    onBatch: async () => {
      if (++batches === at) bytes = await whole.checkpoint()
    },
  })
  expect(whole.position.step).toBe(4)
  const second = await trained(9)
  const trainer = new Trainer(second, resumable())
  await trainer.restore(bytes)
  const history = await trainer.fit(sequences(), { epochs: 2 })
  expect(history.column('loss')).toEqual(expected.column('loss'))
  expect(await weightsOf(second)).toEqual(await weightsOf(straight))
})

test('a training goes on within a group on another backend', async () => {
  const run = async (moves: boolean): Promise<unknown> => {
    const own = await trained()
    const trainer = new Trainer(own, resumable())
    for (const [i, batch] of [...sequences().batches(0)].entries()) {
      if (moves && i === 2) await trainer.to(await cpu())
      trainer.step(batch).dispose()
    }
    trainer.advanceEpoch()
    return weightsOf(own)
  }
  expect(await run(true)).toEqual(await run(false))
})

test('a group in which nothing counts changes nothing', async () => {
  const own = await model()
  const before = await weightsOf(own)
  const trainer = new Trainer(own, options({ accumulate: 2, optimizer: sgd({ learningRate: 0.2 }), clipNorm: 1 }))
  for (const batch of [...sequences().batches(0)].slice(0, 2)) {
    const sampleWeights = { data: new Float32Array(batch.size), shape: [batch.size] }
    trainer.step({ ...batch, sampleWeights }).dispose()
  }
  expect(trainer.position.step).toBe(1)
  expect(await weightsOf(own)).toEqual(before)
})

test('windows of a batch are accumulated as batches are', async () => {
  const ids = { data: Int32Array.from({ length: 2 * 12 }, (_, i) => i % 5), shape: [2, 12] }
  const batches = [{ inputs: ids, targets: ids, size: 2 }]
  const set = { batchCount: 1, sampleCount: 2, batches: (_: number, start = 0) => batches.slice(start) }
  const run = async (accumulate: number): Promise<number> => {
    const layers = [embedding({ vocabularySize: 5, units: 3 }), gru({ units: 4 }), dense({ units: 5 })]
    const tagger = await sequential(...layers).init(await cpu(), { seed: 1 })
    const trainer = new Trainer(tagger, options({ accumulate }))
    await trainer.fit(set, { epochs: 2, truncate: { steps: 4 } })
    return trainer.position.step
  }
  expect([await run(1), await run(2), await run(3)]).toEqual([6, 4, 2])
})

test('buffers stay as many as they were', async () => {
  const own = await trained()
  const { backend } = own
  const before = backend.stats().liveBuffers
  const trainer = new Trainer(own, resumable())
  const batches = [...sequences().batches(0)]
  const step = async (i: number): Promise<number> => {
    trainer.step(batches[i % batches.length]!).dispose()
    await backend.sync()
    return backend.stats().liveBuffers
  }
  for (let i = 0; i < 4; i++) await step(i)
  const after = await step(4)
  for (let i = 5; i < 20; i++) expect(await step(i)).toBe(after)
  trainer.dispose()
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('a checkpoint of another grouping or clipping is refused', async () => {
  const trainer = new Trainer(await trained(), resumable())
  const other = new Trainer(await trained(), { ...resumable(), accumulate: 2, clipNorm: undefined, clipValue: 3 })
  await expect(other.restore(await trainer.checkpoint())).rejects.toThrow(
    'clipNorm is missing here, 1 in the checkpoint, clipValue is 3 here, missing in the checkpoint, accumulate is 2 here, 4',
  )
})

describe('clipping', () => {
  /** A step of length 1 from zero ends at minus the clipped gradients. */
  async function clipped(bounds: ClippingOptions): Promise<number[][]> {
    const backend = await cpu()
    const gradients = { a: tensor([3, -4], { backend }), b: tensor([0.3, 0.4], { backend }) }
    const parameters = { a: tensor([0, 0], { backend }), b: tensor([0, 0], { backend }) }
    const state = new OptimizerState(sgd({ learningRate: 1 }), backend)
    state.apply(parameters, gradients, clipping(Object.values(gradients), bounds, null))
    expect([...(await gradients.a.data())]).toEqual([3, -4]) // they stay the caller's
    return Promise.all(Object.values(parameters).map(async (each) => [...(await each.data())].map((x) => -x)))
  }

  const close = (actual: number[][], expected: number[][]): void =>
    actual.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i]!, 5))

  test('of each tensor leaves those that are small', async () => {
    close(await clipped({ clipNormPerTensor: 1 }), [
      [0.6, -0.8],
      [0.3, 0.4],
    ])
  })

  test('by value is by element', async () => {
    close(await clipped({ clipValue: 0.35 }), [
      [0.35, -0.35],
      [0.3, 0.35],
    ])
  })

  test('of all together keeps their direction', async () => {
    const norm = Math.hypot(5, 0.5)
    close(await clipped({ clipNorm: 1 }), [
      [3 / norm, -4 / norm],
      [0.3 / norm, 0.4 / norm],
    ])
  })

  test('bounds that are none are refused, and more than one', async () => {
    const own = await trained()
    const refused =
      (change: Partial<TrainerOptions>): (() => Trainer) =>
      () =>
        new Trainer(own, options(change))
    expect(refused({ clipValue: 0 })).toThrow('Trainer: clipValue 0; use a number above 0, or leave it out')
    expect(refused({ clipNormPerTensor: -1 })).toThrow('clipNormPerTensor -1')
    expect(refused({ clipNorm: Number.NaN })).toThrow('clipNorm NaN')
    expect(refused({ clipNorm: 1, clipValue: 1 })).toThrow('clipNorm and clipValue exclude each other; use one of them')
    expect(refused({ accumulate: 0 })).toThrow('accumulate 0; use a whole number of batches from 1 on')
    expect(refused({ accumulate: 1.5 })).toThrow('accumulate 1.5')
  })
})
