// The losses beside crossEntropy, binaryCrossEntropy and meanSquaredError: values worked out in float64, gradients by central differences of those, what doesn't
// count, wrong input.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend, type DType, type Tensor } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import {
  categoricalHinge,
  cosineDistance,
  hinge,
  huber,
  klDivergence,
  meanAbsoluteError,
  poisson,
  squaredHinge,
  type Loss,
} from '../src/index.ts'
import { backends, expectClose } from './vectors.ts'

const WIDTH = 3
const outputs = [0.5, -1.25, 2, 1.1, 0.125, -0.5, -2, 0.3, 0.1, 0.7, 0.2, 3]
const real = [0.6, -3, 2.5, 1.75, 0.5, -0.25, 1, 0.35, 0.9, -2, 4, 0.1]
const shares = [0.2, 0.3, 0.5, 1, 0, 0, 0.25, 0.25, 0.5, 0, 0.9, 0.1]
const yes = [1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1]
const counts = [0, 3, 1, 2, 0, 7, 1, 1, 0, 4, 2, 9]
const labels = [2, 0, 1, 1]
const hot = labels.flatMap((y) => [0, 1, 2].map((c) => Number(c === y)))

const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0)

/** The losses of the elements of one row (or of the row), in float64. */
type Definition = (x: readonly number[], t: readonly number[]) => readonly number[]
const each =
  (f: (x: number, t: number) => number): Definition =>
  (x, t) =>
    x.map((value, i) => f(value, t[i]!))
const margin = (x: number, t: number): number => Math.max(0, 1 - (t > 0 ? x : -x))

const kl: Definition = (x, t) => {
  const normaliser = Math.log(total(x.map(Math.exp)))
  return [total(t.map((p, c) => (p === 0 ? 0 : p * (Math.log(p) - x[c]! + normaliser))))]
}
const cosine: Definition = (x, t) => {
  const dot = (a: readonly number[], b: readonly number[]): number => total(a.map((value, i) => value * b[i]!))
  return [1 - dot(x, t) / Math.sqrt(dot(x, x) * dot(t, t))]
}
const lead: Definition = (x, t) => {
  const rival = Math.max(...x.filter((_, c) => t[c] === 0))
  return [Math.max(0, 1 + rival - x[t.indexOf(1)]!)]
}

interface Subject {
  readonly name: string
  readonly loss: Loss
  readonly targets: readonly number[]
  readonly definition: Definition
}

const positive = outputs.map(Math.exp)
const subjects: readonly (Subject & { readonly outputs?: readonly number[] })[] = [
  { name: 'absolute', loss: meanAbsoluteError(), targets: real, definition: each((x, t) => Math.abs(x - t)) },
  ...[1, 0.4].map((delta) => ({
    name: `huber ${delta}`,
    loss: huber({ delta }),
    targets: real,
    definition: each((x, t) => {
      const e = Math.abs(x - t)
      return e <= delta ? 0.5 * e * e : delta * (e - 0.5 * delta)
    }),
  })),
  { name: 'poisson', loss: poisson(), targets: counts, definition: each((x, t) => Math.exp(x) - t * x) },
  {
    name: 'poisson of rates',
    loss: poisson({ logOutputs: false }),
    outputs: positive,
    targets: counts,
    definition: each((x, t) => x - t * Math.log(x + 1e-8)),
  },
  { name: 'KL', loss: klDivergence(), targets: shares, definition: kl },
  { name: 'hinge', loss: hinge(), targets: yes, definition: each(margin) },
  { name: 'squared hinge', loss: squaredHinge(), targets: yes, definition: each((x, t) => margin(x, t) ** 2) },
  { name: 'categorical hinge', loss: categoricalHinge(), targets: hot, definition: lead },
  { name: 'cosine', loss: cosineDistance(), targets: real, definition: cosine },
]

/** Σ w·e / Σ w over the elements (or rows) of the rows. */
function exactly({ definition, targets }: Subject, x: readonly number[], rowWeights: readonly number[]): number {
  let [sum, weight] = [0, 0]
  rowWeights.forEach((w, row) => {
    if (w === 0) return
    const at = (values: readonly number[]): number[] => values.slice(row * WIDTH, (row + 1) * WIDTH)
    const losses = definition(at(x), at(targets))
    sum += w * total(losses)
    weight += w * losses.length
  })
  return sum / weight
}

/** The gradient by central differences; exact to about 1e-9. */
function slopes(subject: Subject, x: readonly number[], rowWeights: readonly number[]): number[] {
  const step = 1e-6
  return x.map((_, i) => {
    const at = (shift: number): number =>
      exactly(
        subject,
        x.map((value, j) => (i === j ? value + shift : value)),
        rowWeights,
      )
    return (at(step) - at(-step)) / (2 * step)
  })
}

const floats = (values: readonly number[], shape: readonly number[], backend: Backend): Tensor =>
  tensor(Float32Array.from(values), { backend, shape })
const ids = (values: readonly number[], backend: Backend, shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { backend, shape })

describe.each(backends)('values and gradients are those of the definition, %s', (_, make) => {
  test.each(subjects)('$name', async (subject) => {
    const backend = await make()
    const x = (subject.outputs ?? outputs).map(Math.fround)
    const targets = floats(subject.targets, [4, WIDTH], backend)
    const { value, gradients } = valueAndGrad((y: Tensor) => subject.loss.compute(y, targets))(
      floats(x, [4, WIDTH], backend),
    )
    const plain = [1, 1, 1, 1]
    const rounded = { ...subject, targets: subject.targets.map(Math.fround) }
    expectClose(await value.data(), [exactly(rounded, x, plain)])
    expectClose(await gradients.data(), slopes(rounded, x, plain))
  })

  test.each(subjects)('$name: lengths and sample weights; what does not count may be NaN', async (subject) => {
    const backend = await make()
    const rowWeights = [2, 0, 0.5, 0.5] // row 1 lies past its length
    const x = (subject.outputs ?? outputs).map(Math.fround)
    const lengths = ids([1, 2], backend)
    const sampleWeights = tensor([2, 0.5], { backend })
    const run = async (filler: number) => {
      const fill = (values: readonly number[]): number[] =>
        values.map((value, i) => (Math.floor(i / WIDTH) === 1 ? filler : value))
      const targets = floats(fill(subject.targets), [2, 2, WIDTH], backend)
      const { value, gradients } = valueAndGrad((y: Tensor) =>
        subject.loss.compute(y, targets, { lengths, sampleWeights }),
      )(floats(fill(x), [2, 2, WIDTH], backend))
      return { value: await value.data(), gradients: await gradients.data() }
    }
    const plain = await run(0.5)
    const rounded = { ...subject, targets: subject.targets.map(Math.fround) }
    expectClose(plain.value, [exactly(rounded, x, rowWeights)])
    expectClose(plain.gradients, slopes(rounded, x, rowWeights))
    for (const filler of [Number.NaN, Infinity]) {
      const other = await run(filler)
      expect(other.value).toEqual(plain.value)
      expect([...other.gradients].map((g) => g + 0)).toEqual([...plain.gradients].map((g) => g + 0)) // −0 → 0
    }
    const nothing = { sampleWeights: tensor([0, 0], { backend }) }
    const targets = floats(subject.targets, [2, 2, WIDTH], backend)
    expect(await subject.loss.compute(floats(x, [2, 2, WIDTH], backend), targets, nothing).data()).toEqual(
      Float32Array.of(0),
    )
  })
})

test('hinge losses take −1 and 1, 0 and 1, and any dtype for the same answers', async () => {
  const backend = await cpu()
  const x = floats(outputs, [4, WIDTH], backend)
  for (const loss of [hinge(), squaredHinge()]) {
    const [expected] = await loss.compute(x, floats(yes, [4, WIDTH], backend)).data()
    const signs = yes.map((y) => 2 * y - 1)
    for (const dtype of ['float32', 'int32', 'bool'] satisfies DType[]) {
      const values = dtype === 'bool' ? yes : signs
      const targets = tensor(Int32Array.from(values), { backend, shape: [4, WIDTH], dtype })
      expect((await loss.compute(x, targets).data())[0]).toBe(expected)
    }
  }
})

test('categoricalHinge takes class indices, and leaves out −1', async () => {
  const backend = await cpu()
  const x = floats(outputs, [4, WIDTH], backend)
  const subject = subjects.find(({ name }) => name === 'categorical hinge')!
  expectClose(await categoricalHinge().compute(x, ids(labels, backend)).data(), [
    exactly(subject, outputs, [1, 1, 1, 1]),
  ])
  const ignored = ids([2, -1, 1, 1], backend)
  const { value, gradients } = valueAndGrad((y: Tensor) => categoricalHinge().compute(y, ignored))(x)
  expectClose(await value.data(), [exactly(subject, outputs, [1, 0, 1, 1])])
  expectClose(await gradients.data(), slopes(subject, outputs, [1, 0, 1, 1]))
})

test('a row of zeros has the cosine distance 1, and a finite gradient', async () => {
  const backend = await cpu()
  const { value, gradients } = valueAndGrad((y: Tensor) => cosineDistance().compute(y, tensor([[1, 2]], { backend })))(
    tensor([[0, 0]], { backend }),
  )
  expect(await value.data()).toEqual(Float32Array.of(1))
  expect((await gradients.data()).every(Number.isFinite)).toBe(true)
})

test('options are part of the configuration, as JSON', () => {
  expect(huber({ delta: 2 }).configuration).toEqual({ delta: 2 })
  expect(poisson().configuration).toEqual({ logOutputs: true })
  for (const { loss } of subjects) expect(JSON.parse(JSON.stringify(loss.configuration))).toEqual(loss.configuration)
})

test('wrong input is refused with what was expected', async () => {
  const backend = await cpu()
  const x = floats(outputs, [4, WIDTH], backend)
  for (const delta of [0, -1, Number.NaN, Infinity]) {
    expect(() => huber({ delta })).toThrow(`huber: delta ${delta}; use a number above 0`)
  }
  for (const { loss } of subjects) {
    expect(() => loss.compute(x, tensor([[1, 2]], { backend }))).toThrow(
      new RegExp(`^${loss.name}: targets (have shape|are float32) \\[1, 2\\], the model's outputs \\[4, 3\\]`),
    )
  }
  expect(() => categoricalHinge().compute(x, tensor([0, 1, 2, 0], { backend }))).toThrow(
    "categoricalHinge: targets are float32 [4], the model's outputs [4, 3]; give class indices, int32 [4], or one-hot rows, [4, 3]",
  )
  expect(() => categoricalHinge().compute(floats([1, 2], [2, 1], backend), ids([0, 0], backend))).toThrow(
    'it takes two classes or more; for a single score there is hinge',
  )
  const bad = (async () =>
    categoricalHinge()
      .compute(x, ids([0, 1, 3, 0], backend))
      .data())()
  await expect(bad).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
})
