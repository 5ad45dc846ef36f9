// The learning-rate range test: its curve, what it suggests, and that the model ends as it was.

import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key } from '@rnn/core'
import { expect, test } from 'vitest'
import { adam, crossEntropy, evaluate, findLearningRate, fit, sgd } from '../src/index.ts'
import { RangeTestCurve } from '../src/range-test/range-test-curve.ts'
import { distantCpu, sequences, trained, weightsOf } from './helpers.ts'

const options = () => ({ loss: crossEntropy(), optimizer: sgd({ momentum: 0.9 }) })

test.each([
  ['at hand', cpu],
  ['far away', distantCpu],
] as const)('leaves the model as it was, memory %s, and finds a rate at which it learns', async (_, make) => {
  const model = await trained(1, await make())
  const before = await weightsOf(model)
  const seen: number[] = []
  const { curve, suggestion, diverged } = await findLearningRate(model, sequences(), {
    ...options(),
    from: 1e-3,
    to: 1e3,
    steps: 60,
    onBatch: ({ learningRate }) => void seen.push(learningRate),
  })
  expect(await weightsOf(model)).toEqual(before)
  expect(diverged).toBe(true)
  expect(curve.length).toBeLessThan(60)
  expect(curve.map(({ learningRate }) => learningRate)).toEqual(seen.slice(0, curve.length))
  for (const [i, { learningRate }] of curve.entries()) {
    expect(learningRate / (1e-3 * 1e6 ** (i / 59))).toBeCloseTo(1, 12)
  }
  expect(suggestion).toBeGreaterThan(5e-3)
  expect(suggestion).toBeLessThan(50)
  await fit(model, sequences(), { ...options(), optimizer: sgd({ learningRate: suggestion! }), epochs: 10 })
  const { loss } = await evaluate(model, sequences(), { loss: crossEntropy() })
  expect(loss).toBeLessThan(0.6 * curve[0]!.loss)
})

test('says when the range ended before the loss broke down', async () => {
  const model = await trained()
  const { curve, diverged } = await findLearningRate(model, sequences(), { ...options(), to: 1e-5, steps: 20 })
  expect(diverged).toBe(false)
  expect(curve).toHaveLength(20)
  expect(curve.at(-1)!.learningRate).toBeCloseTo(1e-5, 12)
})

test('repeats to the last bit, with any optimiser', async () => {
  const run = async () => {
    const model = await trained()
    return findLearningRate(model, sequences(), { loss: crossEntropy(), optimizer: adam(), clipNorm: 1, steps: 30 })
  }
  expect(await run()).toEqual(await run())
})

test('an abort, and an error in the set, leave the model as it was too', async () => {
  const model = await trained()
  const before = await weightsOf(model)
  const controller = new AbortController()
  const aborted = findLearningRate(model, sequences(), {
    ...options(),
    from: 1,
    signal: controller.signal,
    onBatch: () => controller.abort(),
  })
  await expect(aborted).rejects.toMatchObject({ code: 'E_ABORTED' })
  const broken = {
    ...sequences(),
    *batches() {
      yield* [...sequences().batches(0)].slice(0, 2)
      throw new Error('the file is cut short')
    },
  }
  await expect(findLearningRate(model, broken, { ...options(), from: 1 })).rejects.toThrow('cut short')
  const empty = { batchCount: 1, sampleCount: 1, batches: () => [] }
  await expect(findLearningRate(model, empty, options())).rejects.toThrow('the training set is empty')
  expect(await weightsOf(model)).toEqual(before)
})

test('frees everything', async () => {
  const model = await trained()
  const { backend } = model
  const { liveBuffers } = backend.stats()
  await findLearningRate(model, sequences(), { ...options(), steps: 10 })
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(liveBuffers)
})

test('the steepest fall lies before the least loss; a curve that never falls has none', () => {
  const curveOf = (losses: readonly number[]): RangeTestCurve => {
    const curve = new RangeTestCurve(0, 4)
    losses.forEach((loss, i) => curve.add(10 ** i, loss))
    return curve
  }
  expect(curveOf([10, 9.5, 9, 6, 3, 2.5, 2.4, 5, 9]).steepest).toBe(1e3)
  expect(curveOf([1, 1.1, 1.2, 1.3]).steepest).toBeUndefined()
  expect(curveOf([2, 1, 4]).diverged).toBe(false)
  expect(curveOf([2, 1, 4.1]).diverged).toBe(true)
  expect(curveOf([2, 1, Number.NaN]).points).toHaveLength(2)
  expect(curveOf([-1, -2, 5]).diverged).toBe(false)
})

/** A range test of a loss that falls from 2.3 to 0.8 around 10^middle, within a decade or so, and breaks down above, under noise of one batch to the next. */
function noisyCurve(seed: number, middle: number, noise: number, steps: number): RangeTestCurve {
  const next = hostUniform(key(seed))
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const curve = new RangeTestCurve(0.9, 4)
  for (let i = 0; i < steps && !curve.diverged; i++) {
    const decade = -7 + (8 * i) / (steps - 1)
    const fall = 1.5 / (1 + Math.exp(-4 * (decade - middle)))
    const breakdown = 8 * Math.max(0, decade - middle - 1.5)
    curve.add(10 ** decade, Math.max(0.01, 2.3 - fall + breakdown + noise * gauss()))
  }
  return curve
}

test('the suggestion lies in the true fall, however noisy the batches', () => {
  const outside: string[] = []
  for (const steps of [60, 100, 200]) {
    for (const noise of [0, 0.1, 0.3, 0.5]) {
      for (let seed = 1; seed <= 100; seed++) {
        const middle = -4 + (seed % 5) / 2
        const { steepest = 0 } = noisyCurve(seed, middle, noise, steps)
        // From where the fall begins to where the loss is as high again: the average of 0.9 follows some ten batches late.
        const inside = Math.abs(Math.log10(steepest) - middle - 0.5) < 1.5
        if (!inside) outside.push(`${steps} steps, noise ${noise}, seed ${seed}: ${steepest} for 10^${middle}`)
      }
    }
  }
  expect(outside).toEqual([])
})

test('the average is corrected for its start', () => {
  const curve = new RangeTestCurve(0.5, 4)
  curve.add(1, 2)
  expect(curve.add(2, 2).smoothed).toBeCloseTo(2, 12)
  expect(curve.add(3, 9).smoothed).toBeCloseTo(6, 12)
})

test('ranges that are none are refused', async () => {
  const model = await trained()
  const refused = (change: object): Promise<unknown> =>
    findLearningRate(model, sequences(), { ...options(), ...change })
  await expect(refused({ from: 0 })).rejects.toThrow('findLearningRate: from 0; use a number above 0')
  await expect(refused({ from: 1, to: 1 })).rejects.toThrow('to 1; use a number above 1')
  await expect(refused({ steps: 2 })).rejects.toThrow('steps 2, smoothing 0.9; steps is a whole number from 3 on')
  await expect(refused({ smoothing: 1 })).rejects.toThrow('smoothing 1')
  await expect(refused({ divergence: 1 })).rejects.toThrow('divergence 1')
})
