// Reduce on plateau: when it reduces and by how much, and that a resumed training goes on the same.

import { expect, test } from 'vitest'
import {
  adam,
  cosineDecay,
  crossEntropy,
  earlyStopping,
  reduceOnPlateau,
  Trainer,
  type CallbackHost,
  type EpochReport,
  type ReduceOnPlateauOptions,
  type TrainerOptions,
} from '../src/index.ts'
import { sequences, trained, weightsOf } from './helpers.ts'

/** The learning rates after each of a series of values, beginning with 1. */
async function ratesAfter(values: readonly number[], settings: ReduceOnPlateauOptions): Promise<number[]> {
  let rate = 1
  const host: CallbackHost = {
    readWeights: async () => ({}),
    writeWeights: () => {},
    betterIn: (column) => (column === 'accuracy' ? 'more' : 'less'),
    get learningRate() {
      return rate
    },
    scaleLearningRate: (factor) => void (rate *= factor),
  }
  const run = reduceOnPlateau({ monitor: 'value', factor: 0.5, ...settings }).begin(host)
  const rates: number[] = []
  for (const [i, value] of values.entries()) {
    const report: EpochReport = {
      epoch: i + 1,
      epochs: values.length,
      loss: value,
      metrics: {},
      validation: undefined,
      learningRate: rate,
      seconds: 1,
      row: { value },
    }
    expect(await run.onEpoch!(report)).toBeUndefined()
    rates.push(rate)
  }
  return rates
}

test('reduces after so many epochs without anything better, and waits anew', async () => {
  expect(await ratesAfter([5, 4, 4, 4, 3, 3, 3, 3], { patience: 2 })).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25])
  expect(await ratesAfter([5, 5, 5, 5, 5, 5], { patience: 1, cooldown: 2 })).toEqual([1, 0.5, 0.5, 0.5, 0.25, 0.25])
  expect(await ratesAfter([1, 2, 2, 2], { patience: 1, mode: 'max' })).toEqual([1, 1, 0.5, 0.25])
  expect(await ratesAfter([5, 4.9, 4.8], { patience: 1, minDelta: 0.5 })).toEqual([1, 0.5, 0.25])
  expect(await ratesAfter([Number.NaN, 5, Number.NaN], { patience: 1 })).toEqual([0.5, 0.5, 0.25])
  expect(await ratesAfter([5, 5, 5, 5], { patience: 1, minLearningRate: 0.3 })).toEqual([1, 0.5, 0.3, 0.3])
})

test('options out of range, and columns that are not there, are refused', async () => {
  expect(() => reduceOnPlateau({ factor: 1 })).toThrow('reduceOnPlateau: factor 1, cooldown 0; factor is above 0')
  expect(() => reduceOnPlateau({ factor: 0 })).toThrow('factor 0')
  expect(() => reduceOnPlateau({ cooldown: -1 })).toThrow('cooldown -1')
  expect(() => reduceOnPlateau({ patience: 0 })).toThrow('patience 0')
  expect(() => reduceOnPlateau({ minDelta: -1 })).toThrow('minDelta -1')
  expect(() => reduceOnPlateau({ minLearningRate: -1 })).toThrow('minLearningRate -1')
  const trainer = new Trainer(await trained(), options({ callbacks: [reduceOnPlateau()] }))
  await expect(trainer.fit(sequences(), { epochs: 2 })).rejects.toThrow(
    "reduceOnPlateau: there is no 'validationLoss' to monitor, only epoch, loss, learningRate, seconds; give fit a",
  )
})

/** No epoch is ever better by so much: each but the first is a plateau. */
function options(change: Partial<TrainerOptions> = {}): TrainerOptions {
  return {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: cosineDecay({ peak: 0.02, totalSteps: 60 }) }),
    callbacks: [
      reduceOnPlateau({ patience: 1, minDelta: 10, factor: 0.5, cooldown: 1 }),
      earlyStopping({ patience: 9 }),
    ],
    ...change,
  }
}

test('scales what the schedule says', async () => {
  const trainer = new Trainer(await trained(), options())
  const history = await trainer.fit(sequences(), { epochs: 4, validation: sequences({ seed: 2 }) })
  const schedule = cosineDecay({ peak: 0.02, totalSteps: 60 })
  expect(history.column('learningRate')).toEqual([
    schedule.at(5),
    schedule.at(11),
    schedule.at(17) * 0.5,
    schedule.at(23) * 0.5,
  ])
  expect(trainer.learningRate).toBe(schedule.at(24) * 0.25)
})

test.each([1, 2, 3, 4])('a training resumed after epoch %i of 5 reduces as one that went through', async (at) => {
  const validation = sequences({ seed: 2 })
  const files: Uint8Array[] = []
  const model = await trained()
  const whole = new Trainer(model, options())
  const expected = await whole.fit(sequences(), {
    epochs: 5,
    validation,
    onEpoch: async () => void files.push(await whole.checkpoint()),
  })
  const second = await trained(2)
  const trainer = new Trainer(second, options())
  await trainer.restore(files[at - 1]!)
  const history = await trainer.fit(sequences(), { epochs: 5, validation })
  expect(history.column('learningRate')).toEqual(expected.column('learningRate'))
  expect(history.column('loss')).toEqual(expected.column('loss'))
  expect(trainer.learningRate).toBe(whole.learningRate)
  expect(await weightsOf(second)).toEqual(await weightsOf(model))
})
