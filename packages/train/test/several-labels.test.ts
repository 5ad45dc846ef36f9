// Several labels at once: a metric of their own, and metrics by class that refuse them.

import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend, type Tensor } from '@rnn/core'
import { dense, sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  accuracy,
  auc,
  binaryAccuracy,
  binaryCrossEntropy,
  confusionMatrix,
  evaluate,
  f1,
  topKAccuracy,
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

const logits = [[2, -1, 3], [-2, -1, -3], [1, 1, -1]] // prettier-ignore
const labels = [[1, 0, 1], [0, 0, 0], [1, 1, 0]] // prettier-ignore

describe.each(backends)('binaryAccuracy, %s', (_, make) => {
  test('is the share of elements that are right, of any dtype of targets', async () => {
    const backend = await make()
    const outputs = tensor(logits, { backend })
    const wrong = labels.map((row, i) => row.map((label, j) => (3 * i + j === 1 || i === 2 ? 1 - label : label)))
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      expect(await measure(binaryAccuracy(), outputs, tensor(labels, { backend, dtype }))).toBe(1)
      expect(await measure(binaryAccuracy(), outputs, tensor(wrong, { backend, dtype }))).toBeCloseTo(5 / 9, 6)
    }
  })

  test('has a threshold, of probabilities', async () => {
    const backend = await make()
    const outputs = tensor([[0], [0.1], [1], [2]], { backend }) // 0.5, 0.525, 0.731, 0.881
    const yes = tensor([1, 1, 1, 1], { backend })
    for (const [threshold, share] of [
      [0.2, 1],
      [0.5, 0.75],
      [0.6, 0.5],
      [0.8, 0.25],
      [0.9, 0],
    ] as const) {
      // prettier-ignore
      expect(await measure(binaryAccuracy({ threshold }), outputs, yes)).toBe(share)
    }
    expect(await measure(binaryAccuracy(), outputs, yes)).toBe(0.75) // a logit of 0 is no
  })

  test('goes by sample weights and lengths; what does not count may be NaN', async () => {
    const backend = await make()
    const outputs = tensor([[2, 2], [-1, 1], [Number.NaN, 1]], { backend }) // prettier-ignore
    const targets = tensor([[1, 0], [0, 1], [1, 1]], { backend }) // prettier-ignore
    const sampleWeights = tensor([3, 1, 0], { backend })
    expect(await measure(binaryAccuracy(), outputs, targets, { sampleWeights })).toBe((3 + 0 + 1 + 1) / 8)
    const steps = tensor([[[2], [2]], [[-1], [Number.NaN]]], { backend }) // prettier-ignore
    const truth = tensor([[[1], [0]], [[0], [0]]], { backend }) // prettier-ignore
    const lengths = tensor(Int32Array.of(2, 1), { backend })
    expect(await measure(binaryAccuracy(), steps, truth, { lengths })).toBeCloseTo(2 / 3, 6)
    const none = tensor([0, 0, 0], { backend })
    expect(await measure(binaryAccuracy(), outputs, targets, { sampleWeights: none })).toBeNaN()
  })
})

test('binaryAccuracy has a name, says that more is better, and what does not fit', async () => {
  const backend = await cpu()
  expect(binaryAccuracy({ name: 'tags' })).toMatchObject({ name: 'tags', better: 'more' })
  for (const threshold of [0, 1, Number.NaN]) {
    expect(() => binaryAccuracy({ threshold })).toThrow(`threshold ${threshold}; use a probability above 0 and below 1`)
  }
  const targets = tensor([[1, 0]], { backend })
  expect(() => binaryAccuracy().count(tensor(logits, { backend }), targets, {})).toThrow(
    "binaryAccuracy: targets have shape [1, 2], the model's outputs [3, 3]",
  )
})

/** A model that gives its inputs back, and a set of one batch. */
async function identity(backend: Backend): Promise<ReturnType<typeof sequential>> {
  const model = await sequential(dense({ units: 3, inputSize: 3 })).init(backend, { seed: 1 })
  for (const { path, variable } of model.variables()) {
    variable.assign(path.endsWith('kernel') ? Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) : new Float32Array(3))
  }
  return model
}

const set: TrainingSet<Tensor, Tensor> = {
  batchCount: 1,
  sampleCount: 3,
  batches: () => [
    {
      inputs: { data: Float32Array.from(logits.flat()), shape: [3, 3] },
      targets: { data: Float32Array.from(labels.flat()), shape: [3, 3] },
      size: 3,
    },
  ],
}

test.each([
  ['at hand', cpu],
  ['far away', distantCpu],
] as const)('metrics by class refuse several labels at once; memory %s', async (_, make) => {
  const model = await identity(await make())
  for (const metric of [accuracy(), topKAccuracy({ k: 2 }), confusionMatrix(), f1()]) {
    await expect(evaluate(model, set, { metrics: [metric] })).rejects.toMatchObject({
      code: 'E_VALUE',
      message: `${metric.name}: 3 rows of targets that count do not sum to 1; give class indices or one-hot rows; for several labels at once use binaryAccuracy, and lengths for rows that only fill up`,
    })
  }
  const { metrics } = await evaluate(model, set, { loss: binaryCrossEntropy(), metrics: [binaryAccuracy()] })
  expect(metrics.binaryAccuracy).toBe(1)
  const [outputs, targets] = [logits, labels].map((rows) => tensor(rows.map((row) => row.slice(0, 2)), { backend: model.backend })) as [Tensor, Tensor] // prettier-ignore
  await expect((async () => measure(auc(), outputs, targets))()).rejects.toThrow('auc: 2 rows of targets that count')
})

test('at hand, they say it of the first batch', async () => {
  const backend = await cpu()
  const [outputs, targets] = [tensor(logits, { backend }), tensor(labels, { backend, dtype: 'bool' })]
  expect(() => accuracy().count(outputs, targets, {})).toThrow('accuracy: 3 rows of targets')
  const nan = tensor([[Number.NaN, 0, 1], [0, 1, 0], [0, 0, 1]], { backend }) // prettier-ignore
  expect(() => accuracy().count(outputs, nan, {})).toThrow('accuracy: 1 row of targets')
})

test.each([
  ['at hand', cpu],
  ['far away', distantCpu],
] as const)(
  'probabilities, rows past the lengths and those left out are no such labels; memory %s',
  async (_, make) => {
    const backend = await make()
    const outputs = tensor([logits.slice(0, 2), [logits[2]!, logits[2]!]], { backend })
    // The last row fills up; what is left out lies in the middle.
    const targets = tensor([[[0.33, 0.33, 0.33], [0, 0, 0]], [[0.05, 0.9, 0.05], [0, 0, 0]]], { backend }) // prettier-ignore
    const context = {
      lengths: tensor(Int32Array.of(2, 1), { backend }),
      counted: tensor([[1, 0], [1, 1]], { backend, dtype: 'bool' }), // prettier-ignore
    }
    const right = 1 / 2 // 2 against 0; 0 against 1
    expect([right, 0]).toContain(await measure(accuracy(), outputs, targets, context))
    expect((await measure(confusionMatrix(), outputs, targets, context)).total).toBe(2)
    // Rows of zeros are of class 0: where that is ignored, they don't count.
    expect(await measure(accuracy({ ignoreIndex: 0 }), outputs, targets)).toBe(0)
  },
)
