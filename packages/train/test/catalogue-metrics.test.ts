// The metrics beside accuracy and the confusion matrix, gathered over batches, against their definitions written out over all rows at once.

import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key, scope, tensor, type Backend, type Tensor } from '@rnn/core'
import { dense, sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  adam,
  auc,
  crossEntropy,
  evaluate,
  f1,
  huber,
  lossMetric,
  mae,
  meanSquaredError,
  perplexity,
  precision,
  rSquared,
  recall,
  rmse,
  topKAccuracy,
  Trainer,
  type History,
  type LossContext,
  type Metric,
  type TrainingSet,
} from '../src/index.ts'
import { MetricTotals } from '../src/metrics/metric-totals.ts'
import { backends } from './vectors.ts'

const [ROWS, CLASSES, SIZES] = [23, 5, [7, 1, 12, 3]]
const next = hostUniform(key(1))
const scores = Array.from({ length: ROWS }, () => Array.from({ length: CLASSES }, () => Math.fround(4 * next() - 2)))
const labels = Array.from({ length: ROWS }, (_, i) => (i % 6 === 5 ? -1 : Math.floor(next() * 4))) // class 4 never occurs among targets

/** Rows `from … to` on a backend. */
type Batch = (from: number, to: number, backend: Backend) => readonly [Tensor, Tensor, LossContext?]

/** The value of a metric over batches of different sizes. */
async function over<Value>(metric: Metric<string, Value>, backend: Backend, batch: Batch): Promise<Value> {
  const totals = new MetricTotals([metric])
  let from = 0
  for (const size of SIZES) {
    const to = from + size
    scope(backend, () => {
      const [outputs, targets, context = {}] = batch(from, to, backend)
      totals.add(backend, outputs, targets, context)
    })
    from = to
  }
  const { [metric.name]: value } = await totals.values()
  totals.reset()
  return value as Value
}

const ids = (values: readonly number[], backend: Backend, shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { backend, shape })
const classified: Batch = (from, to, backend) => [
  tensor(scores.slice(from, to), { backend }),
  ids(labels.slice(from, to), backend),
]
const guesses = scores.map((row) => row.indexOf(Math.max(...row)))
const kept = labels.flatMap((label, i) => (label < 0 ? [] : [i]))
const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0)
const mean = (values: readonly number[]): number => total(values) / values.length

/** Hits, predictions and targets of a class. */
function countsOf(c: number): readonly [hits: number, predicted: number, actual: number] {
  const count = (f: (i: number) => boolean): number => kept.filter(f).length
  return [
    count((i) => labels[i] === c && guesses[i] === c),
    count((i) => guesses[i] === c),
    count((i) => labels[i] === c),
  ]
}
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

describe.each(backends)('over batches, %s', (_, make) => {
  test('precision, recall and F1 of classes: macro over those that occur, micro, and of some', async () => {
    const backend = await make()
    const all = [0, 1, 2, 3, 4].map(countsOf)
    const ofP = all.map(([hits, predicted]) => share(hits, predicted))
    const ofR = all.map(([hits, , actual]) => share(hits, actual))
    const ofF = all.map(([hits, predicted, actual]) => share(2 * hits, predicted + actual))
    expect(all[4]![1]).toBeGreaterThan(0) // predicted, though never right
    expect(await over(precision(), backend, classified)).toBeCloseTo(mean(ofP), 12)
    expect(await over(recall(), backend, classified)).toBeCloseTo(mean(ofR), 12)
    expect(await over(f1(), backend, classified)).toBeCloseTo(mean(ofF), 12)
    const correct = kept.filter((i) => guesses[i] === labels[i]).length
    for (const make of [precision, recall, f1]) {
      expect(await over(make({ average: 'micro' }), backend, classified)).toBeCloseTo(correct / kept.length, 12)
    }
    const some = [all[1]!, all[3]!]
    const [hits, predicted, actual] = [0, 1, 2].map((part) => total(some.map((counts) => counts[part]!))) as [number, number, number] // prettier-ignore
    const classes = [1, 3]
    expect(await over(precision({ classes, average: 'micro' }), backend, classified)).toBeCloseTo(hits / predicted, 12)
    expect(await over(recall({ classes, average: 'micro' }), backend, classified)).toBeCloseTo(hits / actual, 12)
    expect(await over(f1({ classes }), backend, classified)).toBeCloseTo((ofF[1]! + ofF[3]!) / 2, 12)
  })

  test('top-k accuracy', async () => {
    const backend = await make()
    for (const k of [1, 2, 5]) {
      const right = kept.filter((i) => scores[i]!.filter((x) => x > scores[i]![labels[i]!]!).length < k).length
      expect(await over(topKAccuracy({ k }), backend, classified)).toBeCloseTo(right / kept.length, 12)
    }
  })

  test('the area under the ROC curve: every pair of yes and no, ties half', async () => {
    const backend = await make()
    const coarse = scores.map(([x = 0]) => Math.round(2 * x) / 2) // many ties
    const yes = labels.map((label) => (label < 0 ? -1 : Number(label >= 2)))
    const [above, below] = [1, 0].map((answer) => kept.filter((i) => yes[i] === answer).map((i) => coarse[i]!)) as [number[], number[]] // prettier-ignore
    const won = total(above.flatMap((a) => below.map((b) => (a > b ? 1 : a === b ? 0.5 : 0))))
    const expected = won / (above.length * below.length)
    const single: Batch = (from, to, own) => [
      tensor(coarse.slice(from, to).map((x) => [x]), { backend: own }), // prettier-ignore
      ids(yes.slice(from, to), own),
    ]
    // −1 counts with a single output, too, where it is the ignored index.
    expect(await over(auc(), backend, single)).toBeCloseTo(expected, 12)
    const double: Batch = (from, to, own) => [
      tensor(coarse.slice(from, to).map((x) => [0.25, x + 0.25]), { backend: own }), // prettier-ignore
      ids(yes.slice(from, to), own),
    ]
    expect(await over(auc(), backend, double)).toBeCloseTo(expected, 12)
  })

  test('time steps past the lengths count nowhere, NaN as well', async () => {
    const backend = await make()
    const lengths = ids([2, 1], backend)
    const cube = tensor([[scores[0]!, scores[1]!], [scores[2]!, scores[3]!.map(() => Number.NaN)]], { backend }) // prettier-ignore
    const marks = ids([labels[0]!, labels[1]!, labels[2]!, 99], backend, [2, 2])
    const value = async <Value>(metric: Metric<string, Value>, x: Tensor, t: Tensor): Promise<Value> => {
      const counts = metric.count(x, t, { lengths })
      return metric.value(await counts.data(), counts.shape)
    }
    const right = [0, 1, 2].filter((i) => guesses[i] === labels[i]).length / 3
    expect(await value(precision({ average: 'micro' }), cube, marks)).toBeCloseTo(right, 12)
    expect(await value(topKAccuracy({ k: 1 }), cube, marks)).toBeCloseTo(right, 12)
    const surprise = [0, 1, 2].map((i) => {
      const row = scores[i]!
      return Math.log(total(row.map(Math.exp))) - row[labels[i]!]!
    })
    const seen = ids([labels[0]!, labels[1]!, labels[2]!, 0], backend, [2, 2])
    expect(await value(perplexity(), cube, seen)).toBeCloseTo(Math.exp(mean(surprise)), 4)
    const x = tensor([[[1], [2]], [[4], [Number.NaN]]], { backend }) // prettier-ignore
    const t = tensor([[[0], [2]], [[1], [Number.NaN]]], { backend }) // prettier-ignore
    expect(await value(mae(), x, t)).toBeCloseTo(4 / 3, 6)
    expect(await value(rmse(), x, t)).toBeCloseTo(Math.sqrt(10 / 3), 6)
    expect(await value(rSquared(), x, t)).toBeCloseTo(1 - 10 / 2, 6)
    const yes = ids([1, 0, 0, 1], backend, [2, 2])
    expect(await value(auc(), x, yes)).toBe(0)
  })

  test('MAE, RMSE, R² and perplexity are those of all rows, with sample weights', async () => {
    const backend = await make()
    const weights = scores.map((_, i) => i % 3)
    const targets = scores.map((row, i) =>
      row.map((x, c) => Math.fround(280 + 3 * x + (c === 0 ? 0.5 : 1) * Math.sin(i))),
    ) // far from 0
    const outputs = scores.map((row) => row.map((x) => Math.fround(280 + 3 * x)))
    const real: Batch = (from, to, own) => [
      tensor(outputs.slice(from, to), { backend: own }),
      tensor(targets.slice(from, to), { backend: own }),
      { sampleWeights: tensor(weights.slice(from, to), { backend: own }) },
    ]
    const errors = targets.map((row, i) => row.map((t, c) => t - outputs[i]![c]!))
    const weighted = (f: (e: number) => number): number =>
      total(errors.map((row, i) => weights[i]! * total(row.map(f)))) / (CLASSES * total(weights))
    expect(await over(mae(), backend, real)).toBeCloseTo(weighted(Math.abs), 5)
    expect(await over(rmse(), backend, real)).toBeCloseTo(Math.sqrt(weighted((e) => e * e)), 5)
    const each = [0, 1, 2, 3, 4].map((c) => {
      const column = targets.map((row) => row[c]!)
      const middle = total(column.map((t, i) => weights[i]! * t)) / total(weights)
      const spread = total(column.map((t, i) => weights[i]! * (t - middle) ** 2))
      return 1 - total(errors.map((row, i) => weights[i]! * row[c]! ** 2)) / spread
    })
    expect(await over(rSquared(), backend, real)).toBeCloseTo(mean(each), 5)
    const named: Batch = (from, to, own) => {
      const [x, t] = classified(from, to, own)
      return [x, t, { sampleWeights: tensor(weights.slice(from, to), { backend: own }) }]
    }
    const surprises = kept.map(
      (i) => weights[i]! * (Math.log(total(scores[i]!.map(Math.exp))) - scores[i]![labels[i]!]!),
    )
    const expected = Math.exp(total(surprises) / total(kept.map((i) => weights[i]!)))
    expect(await over(perplexity(), backend, named)).toBeCloseTo(expected, 4) // prettier-ignore
  })
})

test.each(backends)('R² of targets that are all the same is 0, or 1 where they are met, %s', async (_, make) => {
  const backend = await make()
  const random = hostUniform(key(4))
  for (let i = 0; i < 400; i++) {
    const constant = Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 9 - 4))
    const rows = scores.map((row, j) => [constant, constant, row[0]! + (j % 2)]) // the third feature varies
    const real: Batch = (from, to, own) => [
      tensor(rows.slice(from, to).map(([c = 0, , t = 0], j) => [c, c + 1 + j, t]), { backend: own }), // prettier-ignore
      tensor(rows.slice(from, to), { backend: own }),
      // Of the first batch nothing counts, of the others every third row doesn't.
      { sampleWeights: tensor(rows.slice(from, to).map((_, j) => (from === 0 ? 0 : j % 3)), { backend: own }) }, // prettier-ignore
    ]
    expect(await over(rSquared(), backend, real)).toBe((1 + 0 + 1) / 3)
  }
})

describe('metrics that append', () => {
  const set: TrainingSet<Tensor, Tensor> = {
    batchCount: SIZES.length,
    sampleCount: ROWS,
    *batches(_, start = 0) {
      let from = total(SIZES.slice(0, start))
      for (const size of SIZES.slice(start)) {
        const rows = scores.slice(from, from + size)
        yield {
          inputs: { data: Float32Array.from(rows.flat()), shape: [size, CLASSES] },
          targets: { data: Float32Array.from(rows, ([x = 0, y = 0]) => x * y), shape: [size, 1] },
          size,
        }
        from += size
      }
    },
  }
  const metrics = [rSquared(), mae(), lossMetric('huber', huber())] as const

  test('agree with the losses of evaluate, and free what they hold', async () => {
    const backend = await cpu()
    const model = await sequential(dense({ units: 1, inputSize: CLASSES })).init(backend, { seed: 1 })
    const { liveBuffers } = backend.stats()
    const { loss, metrics: values } = await evaluate(model, set, { loss: huber(), metrics })
    expect(values.huber).toBeCloseTo(loss!, 6)
    expect(backend.stats().liveBuffers).toBe(liveBuffers)
  })

  test('go on from a checkpoint in the middle of an epoch, and on another backend', async () => {
    const start = async () => {
      const backend = await cpu()
      const model = await sequential(dense({ units: 1, inputSize: CLASSES })).init(backend, { seed: 1 })
      const options = { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.01 }), metrics, seed: 1 }
      return new Trainer(model, options)
    }
    const timeless = ({ rows }: History) => rows.map((row) => ({ ...row, seconds: 0 }))
    const whole = await (await start()).fit(set, { epochs: 1 })
    const first = await start()
    const stop = new AbortController()
    await first.fit(set, { epochs: 1, signal: stop.signal, onBatch: ({ batch }) => void (batch === 3 && stop.abort()) })
    const resumed = await start()
    await resumed.restore(await first.checkpoint())
    const rest = await resumed.fit(set, { epochs: 1 })
    expect(timeless(rest)).toEqual(timeless(whole))
    await first.to(await cpu())
    expect(timeless(await first.fit(set, { epochs: 1 }))).toEqual(timeless(whole))
  })

  test('hold few tensors, however many batches there are', async () => {
    const backend = await cpu()
    const totals = new MetricTotals([auc()])
    const before = backend.stats().liveBuffers
    const seen: number[] = []
    for (let i = 0; i < 1000; i++) {
      scope(backend, () =>
        totals.add(backend, tensor([[i % 10]], { backend }), ids([i % 3 === 0 ? 1 : 0], backend), {}),
      )
      seen.push(backend.stats().liveBuffers - before)
    }
    expect(Math.max(...seen)).toBeLessThan(12) // log₂ 1000
    const rows = Array.from({ length: 1000 }, (_, i) => [i % 10, Number(i % 3 === 0)] as const)
    const yes = rows.filter(([, label]) => label === 1)
    const no = rows.filter(([, label]) => label === 0)
    const won = total(yes.flatMap(([a]) => no.map(([b]) => (a > b ? 1 : a === b ? 0.5 : 0))))
    expect((await totals.values())['auc']).toBeCloseTo(won / (yes.length * no.length), 12)
    totals.reset()
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('refuse counts of another form', async () => {
    const backend = await cpu()
    const totals = new MetricTotals([rSquared()])
    totals.add(backend, tensor([[1, 2]], { backend }), tensor([[1, 2]], { backend }), {})
    expect(() => totals.add(backend, tensor([[1]], { backend }), tensor([[1]], { backend }), {})).toThrow(
      'rSquared: this batch has counts of shape [1, 4, 1], those before had [1, 4, 2]; all batches need the same classes',
    )
    totals.reset()
  })
})

test('where nothing can be said the value says so', () => {
  const none = new Float32Array(0)
  expect(auc().value(Float32Array.of(1, 1, 2, 1), [2, 2])).toBeNaN() // yes alone
  expect(auc().value(none, [0, 2])).toBeNaN()
  expect(auc().value(Float32Array.of(Number.NaN, 1, 2, 0), [2, 2])).toBeNaN()
  expect(mae().value(Float32Array.of(0, 0), [1, 2])).toBeNaN()
  expect(rSquared().value(Float32Array.of(0, 0, 0, 0), [1, 4, 1])).toBeNaN()
  expect(rSquared().value(Float32Array.of(3, 1, 0, 0), [1, 4, 1])).toBe(1) // one target, met
  expect(rSquared().value(Float32Array.of(3, 1, 0, 2), [1, 4, 1])).toBe(0)
  expect(f1().value(new Int32Array(4), [2, 2])).toBe(0)
})

test('names may be chosen, so that a metric can be there twice', async () => {
  const backend = await cpu()
  const model = await sequential(dense({ units: CLASSES, inputSize: CLASSES })).init(backend, { seed: 1 })
  const set: TrainingSet<Tensor, Tensor> = {
    batchCount: 1,
    sampleCount: ROWS,
    batches: () => [
      {
        inputs: { data: Float32Array.from(scores.flat()), shape: [ROWS, CLASSES] },
        targets: { data: Int32Array.from(labels), shape: [ROWS] },
        size: ROWS,
      },
    ],
  }
  const { loss, metrics } = await evaluate(model, set, {
    loss: crossEntropy(),
    metrics: [
      f1({ name: 'macro' }),
      f1({ average: 'micro', name: 'micro' }),
      topKAccuracy({ k: 3, name: 'top3' }),
      perplexity(),
    ],
  })
  expect(metrics.macro).not.toBe(metrics.micro)
  expect(metrics.top3).toBeGreaterThanOrEqual(metrics.micro)
  expect(metrics.perplexity).toBeCloseTo(Math.exp(loss!), 4)
})

test('wrong input is refused with what was expected', async () => {
  const backend = await cpu()
  const outputs = tensor(scores, { backend })
  const targets = ids(labels, backend)
  expect(() => topKAccuracy({ k: 0 })).toThrow('topKAccuracy: k 0; use a whole number from 1 on')
  expect(() => topKAccuracy({ k: 6 }).count(outputs, targets, {})).toThrow('k 6 of 5 classes; use 1 … 5')
  expect(() => precision({ classes: [] })).toThrow('give the number of each class once')
  expect(() => recall({ classes: [1, 1] })).toThrow('recall: classes [1,1]; give the number of each class once')
  expect(() => f1({ classes: [-1] })).toThrow('f1: classes [-1]')
  // Before the epoch, not at its end.
  expect(() => f1({ classes: [9] }).count(outputs, targets, {})).toThrow('f1: class 9 of 5; use 0 … 4')
  const [single, answers] = [tensor([[1], [2]], { backend }), ids([0, 1], backend)]
  expect(() => recall({ classes: [2] }).count(single, answers, {})).toThrow('recall: class 2 of 2; use 0 … 1')
  expect(() => precision({ classes: [1] }).count(single, answers, {})).not.toThrow()
  expect(() => auc().count(outputs, targets, {})).toThrow(
    "auc: the model's outputs have shape [23, 5]; it takes one score of yes",
  )
  expect(() => rSquared().count(outputs, tensor([1, 2], { backend }), {})).toThrow('rSquared: targets have shape [2]')
  for (const metric of [precision(), topKAccuracy({ k: 1 })]) {
    expect(() => metric.count(outputs, ids(labels.map((label) => label + 3), backend), {})).toThrow(/a target is none of the 5 classes/) // prettier-ignore
  }
})
