// fit and evaluate from outside: what is learnt, told, repeated, aborted and refused.

import { cpu } from '@rnn/backend-cpu'
import { mean, type Tensor } from '@rnn/core'
import { dense, sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  accuracy,
  adam,
  confusionMatrix,
  crossEntropy,
  evaluate,
  fit,
  meanSquaredError,
  sgd,
  stepDecay,
  Trainer,
  type EpochReport,
  type Progress,
  type TrainingSet,
} from '../src/index.ts'
import { classifier, distantCpu, sequences, trained, weightsOf } from './helpers.ts'

const options = () => ({ loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 5 })

test('a small model learns its task, and evaluate agrees', async () => {
  const model = await trained()
  const set = sequences({ samples: 160, batchSize: 16 })
  const history = await fit(model, set, {
    ...options(),
    optimizer: adam({ learningRate: 0.03 }),
    epochs: 8,
    metrics: [accuracy()],
    validation: sequences({ samples: 80, seed: 2 }),
  })
  expect(history.rows.length).toBe(8)
  expect(Object.keys(history.rows[0]!)).toEqual([
    'epoch',
    'loss',
    'accuracy',
    'validationLoss',
    'validationAccuracy',
    'learningRate',
    'seconds',
  ])
  expect(history.rows.at(-1)!['validationAccuracy']).toBeGreaterThan(0.9)
  const result = await evaluate(model, sequences({ samples: 80, seed: 2 }), {
    loss: crossEntropy(),
    metrics: [accuracy(), confusionMatrix({ labels: ['low', 'high'] })],
  })
  expect(result.samples).toBe(80)
  expect(result.loss).toBe(history.rows.at(-1)!['validationLoss'])
  expect(result.metrics.accuracy).toBe(history.rows.at(-1)!['validationAccuracy'])
  expect(result.metrics.confusionMatrix.total).toBe(80)
  expect(result.metrics.confusionMatrix.accuracy).toBe(result.metrics.accuracy)
})

test('the loss of a set does not depend on how it is cut into batches', async () => {
  const model = await trained()
  const losses = [1, 3, 4, 22].map(async (batchSize) => {
    const { loss } = await evaluate(model, sequences({ samples: 22, batchSize }), { loss: crossEntropy() })
    return loss!
  })
  const [first, ...rest] = await Promise.all(losses)
  for (const loss of rest) expect(Math.abs(loss - first!)).toBeLessThan(1e-6)
})

test('a seeded run repeated gives the same losses and weights to the last bit, wherever losses are read', async () => {
  const runs = [await cpu(), await cpu(), await distantCpu()].map(async (backend) => {
    const model = await trained(3, backend)
    const history = await fit(model, sequences(), { ...options(), epochs: 3, seed: 5, metrics: [accuracy()] })
    return { losses: history.column('loss'), accuracy: history.column('accuracy'), weights: await weightsOf(model) }
  })
  const [first, second, distant] = await Promise.all(runs)
  expect(second).toEqual(first)
  expect(distant).toEqual(first)
})

test('another seed drops other units', async () => {
  const losses = [5, 6].map(async (seed) => {
    const history = await fit(await trained(), sequences(), { ...options(), epochs: 1, seed })
    return history.column('loss')
  })
  const [five, six] = await Promise.all(losses)
  expect(five).not.toEqual(six)
})

test('progress tells where training is, how fast, and how long it takes', async () => {
  const seen: Progress[] = []
  const reports: EpochReport[] = []
  const set = sequences()
  await fit(await trained(), set, {
    ...options(),
    optimizer: sgd({ learningRate: stepDecay({ initial: 0.1, factor: 0.5, every: 6 }) }),
    epochs: 2,
    validation: sequences({ seed: 2 }),
    onBatch: (progress) => void seen.push(progress),
    onEpoch: (report) => void reports.push(report),
  })
  expect(seen.length).toBe(12)
  expect(seen.map(({ epoch, batch }) => [epoch, batch])[7]).toEqual([2, 2])
  expect(seen.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(seen.map(({ learningRate }) => learningRate)).toEqual([...new Array(6).fill(0.1), ...new Array(6).fill(0.05)])
  for (const { epochs, batches, loss, samplesPerSecond, secondsLeft } of seen) {
    expect([epochs, batches]).toEqual([2, 6])
    expect(loss).toBeGreaterThan(0)
    expect(samplesPerSecond).toBeGreaterThan(0)
    expect(secondsLeft).toBeGreaterThan(0)
    expect(secondsLeft).toBeLessThan(60)
  }
  expect(reports.map(({ epoch, learningRate }) => [epoch, learningRate])).toEqual([[1, 0.1], [2, 0.05]]) // prettier-ignore
  expect(reports[1]!.validation?.loss).toBe(reports[1]!.row['validationLoss'])
})

test('macrotasks pass while training runs', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  await fit(await trained(), sequences({ samples: 400 }), { ...options(), epochs: 3 })
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(1)
})

describe('an AbortSignal', () => {
  test('ends training between two steps with nothing lost, and fit goes on from there', async () => {
    const straight = await trained()
    const whole = await new Trainer(straight, { ...options(), metrics: [accuracy()] }).fit(sequences(), { epochs: 3 })

    const model = await trained()
    const trainer = new Trainer(model, { ...options(), metrics: [accuracy()] })
    const controller = new AbortController()
    const history = await trainer.fit(sequences(), {
      epochs: 3,
      signal: controller.signal,
      onBatch: ({ step }) => {
        if (step === 9) controller.abort()
      },
    })
    expect(history.aborted).toBe(true)
    expect(trainer.position).toEqual({ epoch: 1, batch: 3, step: 9 })
    await trainer.fit(sequences(), { epochs: 3 })
    expect(history.aborted).toBe(false)
    expect(history.column('loss')).toEqual(whole.column('loss'))
    expect(history.column('accuracy')).toEqual(whole.column('accuracy'))
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
  })

  test('that comes during validation leaves the epoch to be finished', async () => {
    const trainer = new Trainer(await trained(), options())
    const controller = new AbortController()
    const validation: TrainingSet = {
      ...sequences({ seed: 2 }),
      *batches(epoch) {
        for (const batch of sequences({ seed: 2 }).batches(epoch)) {
          controller.abort()
          yield batch
        }
      },
    }
    const history = await trainer.fit(sequences(), { epochs: 2, validation, signal: controller.signal })
    expect([history.aborted, history.rows.length]).toEqual([true, 0])
    expect(trainer.position).toEqual({ epoch: 0, batch: 6, step: 6 })
    await trainer.fit(sequences(), { epochs: 1, validation: sequences({ seed: 2 }) })
    expect(history.rows.length).toBe(1)
    expect(trainer.position).toEqual({ epoch: 1, batch: 0, step: 6 })
  })

  test('that was sent before stops before the first step', async () => {
    const history = await fit(await trained(), sequences(), { ...options(), epochs: 1, signal: AbortSignal.abort() })
    expect([history.aborted, history.rows.length]).toEqual([true, 0])
  })
})

describe('what goes wrong is said', () => {
  test('a loss that is not finite stops training before its step where memory is at hand', async () => {
    for (const optimizer of [sgd(), adam({ learningRate: 0.1 })]) {
      const more = { loss: meanSquaredError(), optimizer }
      const expected = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
      await fit(expected, numbers([1, 2]), { ...more, epochs: 1 })

      const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
      const trainer = new Trainer(model, more)
      const live = (): number => model.backend.stats().liveBuffers
      await expect(trainer.fit(numbers([1, 2, Number.NaN, 4]), { epochs: 1 })).rejects.toMatchObject({
        code: 'E_NOT_FINITE',
        problem: 'the loss became NaN in epoch 1, batch 3; that step was left out, the weights are those before it',
      })
      expect(await weightsOf(model)).toEqual(await weightsOf(expected))
      expect(trainer.position).toEqual({ epoch: 0, batch: 2, step: 2 })
      trainer.dispose()
      expect(live()).toBe(model.variables().length)
    }
  })

  test('a loss that is not finite stops training some steps later elsewhere, and the error says so', async () => {
    const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await distantCpu(), { seed: 1 })
    const run = fit(model, numbers([1, 2, Number.NaN, 4]), { loss: meanSquaredError(), optimizer: sgd(), epochs: 1 })
    await expect(run).rejects.toMatchObject({
      code: 'E_NOT_FINITE',
      problem:
        'the loss became NaN in epoch 1, batch 3; that step and some after it were made, and may have spoilt the weights',
      fix: expect.stringMatching(/^go back to a checkpoint/),
    })
  })

  test("a loss that is not finite doesn't stop training with notFinite: 'continue'", async () => {
    const model = await sequential(dense({ units: 1, inputSize: 1 })).init(await cpu(), { seed: 1 })
    const more = { loss: meanSquaredError(), optimizer: sgd(), epochs: 1, notFinite: 'continue' } as const
    const history = await fit(model, numbers([1, Number.NaN, 3]), more)
    expect(history.column('loss')).toEqual([Number.NaN])
  })

  test('empty sets', async () => {
    const model = await trained()
    const none: TrainingSet = { batchCount: 0, sampleCount: 0, batches: () => [] }
    const silent: TrainingSet = { batchCount: 2, sampleCount: 8, batches: () => [] }
    for (const set of [none, silent]) {
      const empty = fit(model, set, { ...options(), epochs: 1 })
      await expect(empty).rejects.toMatchObject({ code: 'E_VALUE', problem: 'the training set is empty' })
      await expect(evaluate(model, set, {})).rejects.toMatchObject({ code: 'E_VALUE' })
    }
    const validated = fit(model, sequences(), { ...options(), epochs: 1, validation: none })
    await expect(validated).rejects.toThrow('the validation set is empty')
  })

  test('losses and metrics that do not fit the model', async () => {
    const model = await trained()
    const before = await weightsOf(model)
    const regression = fit(model, sequences(), { ...options(), loss: meanSquaredError(), epochs: 1 })
    await expect(regression).rejects.toThrow("meanSquaredError: targets have shape [4], the model's outputs [4, 2]")
    const vector = { name: 'vector', configuration: {}, compute: (y: Tensor) => mean(y, { axis: 0 }) }
    const noScalar = fit(model, sequences(), { ...options(), loss: vector, epochs: 1 })
    await expect(noScalar).rejects.toThrow('vector: the loss is float32 [2], expected a float32 scalar; reduce it')
    expect(await weightsOf(model)).toEqual(before)
  })

  test('options out of range, and a model without values', async () => {
    const model = await trained()
    await expect(fit(model, sequences(), { ...options(), epochs: 0 })).rejects.toThrow('epochs 0')
    await expect(fit(model, sequences(), { ...options(), epochs: 1, clipNorm: 0 })).rejects.toThrow('clipNorm 0')
    await expect(fit(model, sequences(), { ...options(), epochs: 1, seed: 0.5 })).rejects.toThrow('seed 0.5')
    const twice = fit(model, sequences(), { ...options(), epochs: 1, metrics: [accuracy(), accuracy()] })
    await expect(twice).rejects.toThrow("two metrics are called 'accuracy'")
    await expect(fit(classifier(), sequences(), { ...options(), epochs: 1 })).rejects.toMatchObject({
      code: 'E_NOT_BUILT',
    })
  })
})

/** One number a batch, to be multiplied by two. */
function numbers(values: readonly number[]): TrainingSet {
  return {
    batchCount: values.length,
    sampleCount: values.length,
    batches: () =>
      values.map((value) => ({
        inputs: { data: Float32Array.of(value), shape: [1, 1] },
        targets: { data: Float32Array.of(2 * value), shape: [1, 1] },
        size: 1,
      })),
  }
}

describe('a set that goes on without end', () => {
  /** Batches for ever, of which so many make an epoch. */
  function endless(batchCount: number): TrainingSet {
    const [batch] = sequences().batches(0)
    return {
      batchCount,
      sampleCount: 5 * batch!.size,
      *batches() {
        for (;;) yield batch!
      },
    }
  }

  test('ends an epoch with its batchCount, in training and in evaluation', async () => {
    const model = await trained()
    const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: adam() })
    await trainer.fit(endless(5), { epochs: 2, validation: endless(3) })
    expect([trainer.position.step, trainer.history.rows.length]).toEqual([10, 2])
    const { samples } = await evaluate(model, endless(3), { loss: crossEntropy() })
    expect(samples).toBe(3 * 4)
  })

  test.each([Infinity, 2.5, Number.NaN, -1])('%s is no number of batches', async (batchCount) => {
    const options = { loss: crossEntropy(), optimizer: adam(), epochs: 1 }
    await expect(fit(await trained(), endless(batchCount), options)).rejects.toThrow(
      `the training set says that it has ${batchCount} batches; batchCount is how many`,
    )
  })
})
