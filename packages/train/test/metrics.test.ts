// Metrics: what counts, and how counts become values.

import { cpu } from '@rnn/backend-cpu'
import { tensor, type Tensor } from '@rnn/core'
import { dense, sequential } from '@rnn/layers'
import { expect, test } from 'vitest'
import {
  accuracy,
  confusionMatrix,
  evaluate,
  fit,
  mae,
  meanSquaredError,
  sgd,
  type LossContext,
  type Metric,
  type TrainingSet,
} from '../src/index.ts'
import { distantCpu } from './helpers.ts'
import { backends } from './vectors.ts'

async function measure<Value>(
  metric: Metric<string, Value>,
  outputs: Tensor,
  targets: Tensor,
  context: LossContext = {},
): Promise<Value> {
  const counts = metric.count(outputs, targets, context)
  return metric.value(await counts.data(), counts.shape)
}

const backend = await cpu()
const ids = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  tensor(Int32Array.from(values), { backend, shape })
const rows = [[0, 2, 1], [3, 0, 0], [0, 0, 1], [1, 0, 0]] // prettier-ignore

test('accuracy compares the largest output with class indices or one-hot rows', async () => {
  const outputs = tensor(rows, { backend }) // predicts 1, 0, 2, 0
  expect(await measure(accuracy(), outputs, ids([1, 0, 1, 0]))).toBe(0.75)
  const hot = [[0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]] // prettier-ignore
  for (const dtype of ['float32', 'int32', 'bool'] as const) {
    expect(await measure(accuracy(), outputs, tensor(hot, { backend, dtype }))).toBe(0.75)
  }
})

test('accuracy leaves out ignored labels and time steps past the lengths', async () => {
  const outputs = tensor([rows.slice(0, 2), rows.slice(2)], { backend })
  const targets = ids([1, 2, 1, 0], [2, 2])
  expect(await measure(accuracy(), outputs, targets)).toBe(0.5)
  expect(await measure(accuracy(), outputs, targets, { lengths: ids([1, 2]) })).toBe(2 / 3)
  expect(await measure(accuracy({ ignoreIndex: 0 }), outputs, targets, { lengths: ids([1, 2]) })).toBe(0.5)
  expect(await measure(accuracy(), outputs, ids([-1, -1, -1, 0], [2, 2]))).toBe(1)
  expect(await measure(accuracy(), outputs, ids([-1, -1, -1, -1], [2, 2]))).toBe(0)
})

test('accuracy takes a single output for a logit of yes', async () => {
  const outputs = tensor([[2], [-1], [0.5], [-3]], { backend })
  expect(await measure(accuracy(), outputs, ids([1, 0, 0, 0]))).toBe(0.75)
  expect(await measure(accuracy(), outputs, tensor([1, 0, 1, 1], { backend }))).toBe(0.75)
  expect(await measure(accuracy(), outputs, tensor([[1], [0], [1], [0]], { backend }))).toBe(1)
})

test.each(backends)('confusionMatrix counts every pair, %s', async (_, make) => {
  const own = await make()
  const outputs = tensor(rows, { backend: own })
  const targets = tensor(Int32Array.of(1, 1, -1, 0), { backend: own })
  const matrix = await measure(confusionMatrix({ labels: ['good', 'bad', 'so, so'] }), outputs, targets)
  expect([...matrix.counts]).toEqual([1, 0, 0, 1, 1, 0, 0, 0, 0])
  expect(matrix.total).toBe(3)
  expect(matrix.accuracy).toBeCloseTo(2 / 3)
  expect(matrix.count('bad', 'good')).toBe(1)
  expect(matrix.recall('bad')).toBe(0.5)
  expect(matrix.precision('good')).toBe(0.5)
  expect(matrix.precision('so, so')).toBe(0)
  expect(matrix.rows()[2]).toEqual(['bad', '1', '1', '0'])
  expect(matrix.toString().split('\n')[0]).toBe('        good  bad  so, so')
  expect(JSON.parse(JSON.stringify(matrix))).toEqual({
    labels: ['good', 'bad', 'so, so'],
    counts: [[1, 0, 0], [1, 1, 0], [0, 0, 0]], // prettier-ignore
  })
})

test('a confusion matrix says which classes it has', async () => {
  const labels = ['good', 'bad', 'so, so']
  const matrix = await measure(confusionMatrix({ labels }), tensor(rows, { backend }), ids([1, 1, 2, 0]))
  const refusal = "is no class; use one of 'good', 'bad', 'so, so', or its number, 0 … 2"
  for (const [label, shown] of [
    ['fine', "'fine'"],
    [3, '3'],
    [-1, '-1'],
    [0.5, '0.5'],
    [Number.NaN, 'NaN'],
  ] as const) {
    // prettier-ignore
    for (const ask of [
      () => matrix.count(label, 'good'),
      () => matrix.count('good', label),
      () => matrix.precision(label),
      () => matrix.recall(label),
    ]) {
      expect(ask).toThrow(`confusionMatrix: ${shown} ${refusal}`)
    }
  }
  expect(matrix.count(1, 'bad')).toBe(1)
})

test('no metric may have the name of a column of the history', async () => {
  const model = await sequential(dense({ units: 1, inputSize: 1 })).init(backend, { seed: 1 })
  const numbers = { data: new Float32Array(2), shape: [2, 1] }
  const set: TrainingSet = { batchCount: 1, sampleCount: 2, batches: () => [{ inputs: numbers, targets: numbers, size: 2 }] } // prettier-ignore
  const named = (name: string): Metric<string, number> => ({ ...mae(), name })
  for (const name of ['loss', 'epoch', 'learningRate', 'seconds', 'validationLoss', 'validationF1', 'Loss']) {
    const metrics = [named(name)]
    const refused = { code: 'E_VALUE', message: expect.stringContaining(`a metric is called '${name}', which is a column`) } // prettier-ignore
    await expect(evaluate(model, set, { metrics })).rejects.toMatchObject(refused)
    const training = fit(model, set, { loss: meanSquaredError(), optimizer: sgd(), epochs: 1, metrics })
    await expect(training).rejects.toMatchObject(refused)
  }
  // Both would be validationMae.
  const twins = { metrics: [mae(), named('Mae')] }
  await expect(evaluate(model, set, twins)).rejects.toThrow("two metrics are called 'Mae'")
})

test('metrics say what does not fit', () => {
  const outputs = tensor(rows, { backend })
  expect(() => accuracy().count(outputs, ids([1, 2]), {})).toThrow(
    "accuracy: targets have shape [2], the model's outputs [4, 3]; give class indices, int32 [4], or one-hot rows, [4, 3]",
  )
  expect(() => accuracy().count(outputs, tensor([1, 2, 0, 1], { backend }), {})).toThrow('class indices are float32')
})

test.each([
  ['at hand', cpu],
  ['far away', distantCpu],
])('a label outside the classes is an error, not a wrong answer; memory %s', async (_, make) => {
  const model = await sequential(dense({ units: 3, inputSize: 1 })).init(await make(), { seed: 1 })
  const set = (...labels: number[]): TrainingSet => ({
    batchCount: 1,
    sampleCount: labels.length,
    batches: () => [
      {
        inputs: { data: new Float32Array(labels.length), shape: [labels.length, 1] },
        targets: { data: Int32Array.from(labels), shape: [labels.length] },
        size: labels.length,
      },
    ],
  })
  for (const metric of [accuracy(), confusionMatrix(), accuracy({ ignoreIndex: 9 })] as const) {
    for (const labels of [
      [0, 3],
      [-2, 1],
      [0, 1000],
    ]) {
      const evaluation = evaluate(model, set(...labels), { metrics: [metric] })
      await expect(evaluation).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
    }
  }
  const { metrics } = await evaluate(model, set(9, -1, 2), { metrics: [accuracy({ ignoreIndex: 9 })] })
  expect([0, 1]).toContain(metrics.accuracy)
})

test('the error of a label outside the classes names the metric and the classes', () => {
  const outputs = tensor(rows, { backend })
  expect(() => accuracy().count(outputs, ids([0, 1, 2, 3]), {})).toThrow(
    /^accuracy: a target is none of the 3 classes: index 3 at position 3, .*; use 0 … 2, and −1 or ignoreIndex for what doesn't count$/,
  )
  const binary = tensor([[2], [-1]], { backend })
  expect(() => confusionMatrix().count(binary, ids([1, 2]), {})).toThrow(/^confusionMatrix: .* none of the 2 classes/)
  // Past a row's end anything may lie.
  const sequence = tensor([rows.slice(0, 2), rows.slice(2)], { backend })
  accuracy()
    .count(sequence, ids([1, 77, 1, 0], [2, 2]), { lengths: ids([1, 2]) })
    .dispose()
})

test('what a metric counts may be the targets themselves: they stay as they are', async () => {
  const fresh = await cpu()
  const [inputs, targets] = [tensor([[1]], { backend: fresh }), tensor([[2]], { backend: fresh })]
  const sums: Metric<'sums', number> = {
    name: 'sums',
    count: (_, given) => given,
    value: ([total = 0]) => total,
  }
  const batch = { inputs, targets, size: 1 }
  const set = { batchCount: 2, sampleCount: 2, batches: () => [batch, batch] }
  const model = await sequential(dense({ units: 1, inputSize: 1 })).init(fresh, { seed: 1 })
  const { metrics } = await evaluate(model, set, { metrics: [sums] })
  expect(metrics.sums).toBe(4)
  expect(await targets.data()).toEqual(Float32Array.of(2))
})
