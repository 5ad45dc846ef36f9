// CTC against PyTorch, and against the sum over all alignments, written out.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key, mul, sum, tensor, transpose, type Backend, type Tensor } from '@rnn/core'
import { dense, sequential, type HostArray } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { adam, ctc, ctcLosses, evaluate, fit, type CtcLossesOptions, type TrainingSet } from '../src/index.ts'
import { enumerated, recursion, type RowReference } from './ctc-reference.ts'
import { distantCpu } from './helpers.ts'
import { absent, backends, expectClose, readVectors, upload, type Vector } from './vectors.ts'

interface CtcCase {
  readonly name: string
  readonly lengths: readonly number[]
  readonly labels: readonly (readonly number[])[]
  readonly inputs: { readonly logits: Vector }
  readonly output: Vector
  readonly loss_weight: Vector
  readonly grads: { readonly logits: Vector }
}

const cases = readVectors<CtcCase>('layers.json')?.filter(({ name }) => name.startsWith('ctc/'))

const ids = (values: readonly number[], backend: Backend, shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { backend, shape })

/** Rows filled up with −1. */
function padded(
  rows: readonly (readonly number[])[],
  longest = Math.max(0, ...rows.map(({ length }) => length)),
): number[] {
  return rows.flatMap((row) => Array.from({ length: longest }, (_, i) => row[i] ?? -1))
}
function labelTensor(rows: readonly (readonly number[])[], backend: Backend): Tensor {
  const values = padded(rows)
  return ids(values, backend, [rows.length, values.length / rows.length])
}

/** Random logits of `[batch, frames, classes]`, rounded to float32. */
function randomLogits(batch: number, frames: number, classes: number, seed: number, scale = 4): number[][][] {
  const next = hostUniform(key(seed))
  const row = (): number[] => Array.from({ length: classes }, () => Math.fround(scale * (next() - 0.5)))
  return Array.from({ length: batch }, () => Array.from({ length: frames }, row))
}

interface Measured {
  readonly losses: readonly number[]
  readonly gradients: readonly number[]
}

/** Losses and the gradients of their sum, weighted by 1, 2, 3, … */
async function measure(
  logits: readonly (readonly (readonly number[])[])[],
  targets: Parameters<typeof ctcLosses>[1],
  options: CtcLossesOptions,
  backend: Backend,
): Promise<Measured> {
  const shape = [logits.length, logits[0]?.length ?? 0, logits[0]?.[0]?.length ?? 3]
  const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape })
  const weights = tensor(Float32Array.from(logits, (_, i) => i + 1), { backend }) // prettier-ignore
  const { gradients, aux } = valueAndGrad((each: Tensor) => {
    const losses = ctcLosses(each, targets, options)
    return { value: sum(mul(losses, weights)), aux: losses }
  })(x)
  return { losses: [...(await aux.data())], gradients: [...(await gradients.data())] }
}

/** The references of rows as `measure` gives them; frames past a row's length have gradient 0. */
function expectedOf(rows: readonly RowReference[], frames: number, classes: number): Measured {
  return {
    losses: rows.map(({ loss }) => loss),
    gradients: rows.flatMap(({ gradient }, i) =>
      Array.from(
        { length: frames * classes },
        (_, j) => (i + 1) * (gradient[Math.floor(j / classes)]?.[j % classes] ?? 0),
      ),
    ),
  }
}

describe.skipIf(cases === undefined)(`CTC is PyTorch's${cases === undefined ? ` (${absent})` : ''}`, () => {
  describe.each(backends)('%s', (_, make) => {
    test.each(cases ?? [])('$name', async ({ lengths, labels, inputs, output, loss_weight, grads }) => {
      const backend = await make()
      const weights = upload(loss_weight, backend)
      const options = { lengths: ids(lengths, backend) }
      const targets = labelTensor(labels, backend)
      const { gradients, aux } = valueAndGrad((timeMajor: Tensor) => {
        const losses = ctcLosses(transpose(timeMajor, [1, 0, 2]), targets, options)
        return { value: sum(mul(losses, weights)), aux: losses }
      })(upload(inputs.logits, backend))
      expectClose(await aux.data(), output.data)
      expectClose(await gradients.data(), grads.logits.data)
    })
  })
})

describe.each(backends)('CTC is the sum over all alignments, %s', (_, make) => {
  const labels = [[1, 2], [2, 2], [1], [], [2, 1, 2], [1, 1]] // prettier-ignore

  test('repeats, empty rows, rows as long as their labels allow; blank 0 and another', async () => {
    const backend = await make()
    const [frames, classes] = [5, 3]
    const lengths = [5, 3, 1, 4, 3, 4]
    const logits = randomLogits(labels.length, frames, classes, 1)
    for (const blank of [0, 1]) {
      const own = labels.map((row) => row.map((label) => (blank === 1 && label === 1 ? 0 : label)))
      const rows = own.map((row, i) => enumerated(logits[i]!.slice(0, lengths[i]), row, blank))
      const expected = expectedOf(rows, frames, classes)
      const options = { blank, lengths: ids(lengths, backend) }
      const got = await measure(logits, labelTensor(own, backend), options, backend)
      expectClose(got.losses, expected.losses)
      expectClose(got.gradients, expected.gradients)
      // Lengths beside the labels; what lies past them is looked at by nobody.
      const beside = {
        labels: ids(padded(own, 4).map((label) => (label < 0 ? 77 : label)), backend, [own.length, 4]), // prettier-ignore
        lengths: ids(own.map(({ length }) => length), backend), // prettier-ignore
      }
      expect(await measure(logits, beside, options, backend)).toEqual(got)
    }
  })

  test('only rows without labels, and rows without time steps', async () => {
    const backend = await make()
    const logits = randomLogits(2, 3, 3, 2)
    const none = ids([], backend, [2, 0])
    const rows = logits.map((row) => enumerated(row, [], 0))
    const expected = expectedOf(rows, 3, 3)
    const got = await measure(logits, none, {}, backend)
    expectClose(got.losses, expected.losses)
    expectClose(got.gradients, expected.gradients)
    const short = await measure(logits, none, { lengths: ids([0, 3], backend) }, backend)
    expect(short.losses[0]).toBeCloseTo(0, 6)
    expect(short.gradients.slice(0, 9)).toEqual(new Array(9).fill(0))
    expect(short.losses[1]).toBe(got.losses[1])
    expect((await measure([[], []], none, {}, backend)).losses).toEqual([0, 0])
  })

  test('what lies past a row is looked at by nobody, NaN as well', async () => {
    const backend = await make()
    const logits = randomLogits(2, 4, 3, 3)
    const options = { lengths: ids([2, 4], backend) }
    const targets = labelTensor([[1], [2, 1]], backend)
    const plain = await measure(logits, targets, options, backend)
    for (const filler of [Number.NaN, Infinity, -Infinity]) {
      const spoilt = logits.map((row, i) =>
        row.map((frame, t) => (i === 0 && t >= 2 ? frame.map(() => filler) : frame)),
      )
      expect(await measure(spoilt, targets, options, backend)).toEqual(plain)
    }
  })

  test('logits of −∞ forbid symbols; where they forbid every alignment the loss is ∞ and the gradient 0', async () => {
    const backend = await make()
    const [first, second] = randomLogits(2, 4, 3, 4)
    const forbid = (row: readonly (readonly number[])[], t: number, c: number): number[][] =>
      row.map((frame, i) => frame.map((x, j) => (i === t && j === c ? -Infinity : x)))
    const logits = [forbid(first!, 1, 0), forbid(forbid(second!, 1, 0), 1, 2)]
    const targets = labelTensor([[1, 2], [2]], backend)
    const got = await measure(logits, targets, {}, backend)
    const row = enumerated(logits[0]!, [1, 2], 0)
    expectClose(got.losses.slice(0, 1), [row.loss])
    expectClose(got.gradients.slice(0, 12), row.gradient.flat())
    expect(got.losses[1]).toBe(Infinity)
    expect(got.gradients.slice(12)).toEqual(new Array(12).fill(0))
  })
})

test.each(['certain', 'even'] as const)(
  'long sequences keep their digits: 400 steps, 40 labels, %s frames',
  async (kind) => {
    const backend = await cpu()
    const [frames, classes] = [400, 12]
    const next = hostUniform(key(5))
    const labels = Array.from({ length: 40 }, () => 1 + Math.floor(next() * (classes - 1)))
    const [row = []] = randomLogits(1, frames, classes, 6, 2)
    // A trained model is certain of its blanks, also where a label should be.
    const logits = kind === 'even' ? row : row.map((frame) => frame.map((x, c) => Math.fround(x + (c === 0 ? 12 : 0))))
    const reference = recursion(logits, labels, 0)
    const got = await measure([logits], ids(labels, backend, [1, 40]), {}, backend)
    expect(Math.abs(got.losses[0]! - reference.loss)).toBeLessThan(1e-6 * reference.loss)
    const expected = reference.gradient.flat()
    const worst = got.gradients.reduce((most, each, i) => Math.max(most, Math.abs(each - expected[i]!)), 0)
    // Rounding of alphas that reach |α| ≤ 500 (40 labels of which each costs 12 against a blank): u·|α| a step, √T of them.
    expect(worst).toBeLessThan(2 ** -24 * 500 * Math.sqrt(frames))
  },
)

test('the recursion of the reference is the enumeration', () => {
  const [logits = []] = randomLogits(1, 5, 3, 7)
  for (const labels of [
    [1, 2],
    [2, 2],
    [1, 2, 1],
  ]) {
    const [a, b] = [enumerated(logits, labels, 0), recursion(logits, labels, 0)]
    expect(a.loss).toBeCloseTo(b.loss, 10)
    a.gradient.flat().forEach((each, i) => expect(each).toBeCloseTo(b.gradient.flat()[i]!, 10))
  }
})

describe('labels that no alignment has', () => {
  const logits = randomLogits(3, 4, 4, 8)
  const labels = [[1, 2], [1, 1, 2, 3], [3]] // prettier-ignore

  test('are an error where labels are at hand, which names row, labels and time steps', async () => {
    const backend = await cpu()
    const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape: [3, 4, 4] })
    expect(() => ctcLosses(x, labelTensor(labels, backend))).toThrow(
      'ctc: row 1 has 4 labels, which need 5 time steps (a blank between two that are equal), but there are 4; leave the row out, give it more time steps, or let such rows count 0 with zeroInfinity',
    )
    const lengths = ids([1, 4, 4], backend)
    expect(() => ctcLosses(x, labelTensor([[1, 2], [1], [2]], backend), { lengths })).toThrow(
      'row 0 has 2 labels, which need 2 time steps, but there are 1;',
    )
  })

  test.each([
    ['at hand', cpu],
    ['far away', distantCpu],
  ] as const)('stop fit and evaluate before the step, memory %s', async (_, make) => {
    const backend = await make()
    const model = await sequential(dense({ units: 4, inputSize: 4 })).init(backend, { seed: 1 })
    const set: TrainingSet<Tensor, Tensor> = {
      batchCount: 1,
      sampleCount: 3,
      batches: () => [
        {
          inputs: { data: Float32Array.from(logits.flat(2)), shape: [3, 4, 4] },
          targets: { data: Int32Array.from(padded(labels)), shape: [3, 4] },
          lengths: { data: Int32Array.of(4, 4, 4), shape: [3] },
          size: 3,
        },
      ],
    }
    const before = [...(await model.variables()[0]!.variable.value.data())]
    const options = { loss: ctc(), optimizer: adam({ learningRate: 0.1 }), epochs: 1 }
    await expect(fit(model, set, options)).rejects.toMatchObject({ code: 'E_VALUE' })
    await expect(evaluate(model, set, { loss: ctc() })).rejects.toMatchObject({ code: 'E_VALUE' })
    expect([...(await model.variables()[0]!.variable.value.data())]).toEqual(before)
    const { loss } = await evaluate(model, set, { loss: ctc({ zeroInfinity: true }) })
    expect(loss).toBeGreaterThan(0)
  })

  test.each([
    ['at hand', cpu],
    ['far away', distantCpu],
  ] as const)('stop nothing where their weight is 0, memory %s', async (_, make) => {
    const backend = await make()
    const model = await sequential(dense({ units: 4, inputSize: 4 })).init(backend, { seed: 1 })
    const weighed = (weights: HostArray | Tensor): TrainingSet<Tensor, Tensor> => ({
      batchCount: 1,
      sampleCount: 3,
      batches: () => [
        {
          inputs: { data: Float32Array.from(logits.flat(2)), shape: [3, 4, 4] },
          targets: { data: Int32Array.from(padded(labels)), shape: [3, 4] },
          lengths: { data: Int32Array.of(4, 4, 4), shape: [3] },
          sampleWeights: weights,
          size: 3,
        },
      ],
    })
    const options = { loss: ctc(), optimizer: adam({ learningRate: 0.1 }), epochs: 1 }
    for (const form of [(w: Float32Array) => ({ data: w, shape: [3] }), (w: Float32Array) => tensor(w, { backend })]) {
      const set = weighed(form(Float32Array.of(1, 0, 2)))
      const { loss } = await evaluate(model, set, { loss: ctc() })
      const history = await fit(model, set, options)
      expect(history.rows[0]!.loss).toBe(loss)
      expect(loss).toBeLessThan(Infinity)
    }
    const counting = weighed({ data: Float32Array.of(0, 1, 0), shape: [3] })
    await expect(fit(model, counting, options)).rejects.toThrow('row 1 has 4 labels')
  })

  test.each(backends)('count 0 with zeroInfinity, and change no other row, %s', async (_, make) => {
    const backend = await make()
    const got = await measure(logits, labelTensor(labels, backend), { zeroInfinity: true }, backend)
    const rows = labels.map((row, i) => enumerated(logits[i]!, row, 0))
    expect(got.losses[1]).toBe(0)
    expectClose([got.losses[0]!, got.losses[2]!], [rows[0]!.loss, rows[2]!.loss])
    expectClose(got.gradients, expectedOf(rows, 4, 4).gradients) // where nothing is possible the enumeration gives 0
  })

  test('are infinite, without NaN in a gradient, where nobody can look at them', async () => {
    const backend = await distantCpu()
    const got = await measure(logits, labelTensor(labels, backend), {}, backend)
    expect(got.losses[1]).toBe(Infinity)
    expectClose(got.gradients, expectedOf(labels.map((row, i) => enumerated(logits[i]!, row, 0)), 4, 4).gradients) // prettier-ignore
  })
})

describe.each(backends)('the mean over a batch, %s', (_, make) => {
  const labels = [[1, 2], [1], []] // prettier-ignore
  const logits = randomLogits(3, 4, 3, 9)
  const losses = labels.map((row, i) => enumerated(logits[i]!, row, 0).loss)

  test('divides by the labels of each row, as PyTorch does, or not; and by sample weights', async () => {
    const backend = await make()
    const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape: [3, 4, 3] })
    const targets = labelTensor(labels, backend)
    const [a, b, c] = losses as [number, number, number]
    expectClose(await ctc().compute(x, targets).data(), [(a / 2 + b + c) / 3])
    expectClose(await ctc({ perLabel: false }).compute(x, targets).data(), [(a + b + c) / 3])
    const sampleWeights = tensor([3, 0, 1], { backend })
    expectClose(await ctc().compute(x, targets, { sampleWeights }).data(), [((3 * a) / 2 + c) / 4])
  })

  test('a sample of weight 0 may be anything', async () => {
    const backend = await make()
    const sampleWeights = tensor([3, 0, 1], { backend })
    const run = async (filler: number) => {
      const x = Float32Array.from(logits.flat(2), (each, i) => (Math.floor(i / 12) === 1 ? filler : each))
      const { value, gradients } = valueAndGrad((y: Tensor) =>
        ctc().compute(y, labelTensor(labels, backend), { sampleWeights }),
      )(tensor(x, { backend, shape: [3, 4, 3] }))
      return { value: await value.data(), gradients: [...(await gradients.data())].map((g) => g + 0) } // −0 → 0
    }
    const plain = await run(0.5)
    expect(plain.gradients.slice(12, 24)).toEqual(new Array(12).fill(0))
    expect(await run(Number.NaN)).toEqual(plain)
  })

  test('a row of weight 0 may have any labels and lengths: more than its time steps, none that is a class', async () => {
    const backend = await make()
    const sampleWeights = tensor([3, 0, 1], { backend })
    const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape: [3, 4, 3] })
    const lengths = (own: number): Tensor => ids([4, own, 4], backend)
    const run = async (row: readonly number[], own: number): Promise<number[][]> => {
      const targets = labelTensor([[1, 2], row, []], backend)
      const { value, gradients } = valueAndGrad((y: Tensor) =>
        ctc().compute(y, targets, { lengths: lengths(own), sampleWeights }),
      )(x)
      return [[...(await value.data())], [...(await gradients.data())].map((g) => g + 0)] // −0 → 0
    }
    const plain = await run([1], 4)
    for (const [row, own] of [
      [[1, 1, 1, 1], 4],
      [[1, 2], 1],
      [[77, 0, -5], 4],
      [[1], 9],
      [[1], -2],
    ] as const) {
      // prettier-ignore
      expect(await run(row, own)).toEqual(plain)
    }
    const all = labelTensor([[1, 1, 1, 1], [1], []], backend)
    expect(() => ctc().compute(x, all, { lengths: lengths(4), sampleWeights })).toThrow('row 0 has 4 labels')
  })

  test('leaves nothing behind', async () => {
    const backend = await make()
    const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape: [3, 4, 3] })
    const targets = labelTensor(labels, backend)
    await backend.sync()
    const { liveBuffers } = backend.stats()
    const { value, gradients } = valueAndGrad((y: Tensor) => ctc().compute(y, targets))(x)
    value.dispose()
    gradients.dispose()
    await backend.sync()
    expect(backend.stats().liveBuffers).toBe(liveBuffers)
  })
})

test('says what does not fit', async () => {
  const backend = await cpu()
  const x = tensor(Float32Array.from(randomLogits(2, 4, 3, 10).flat(2)), { backend, shape: [2, 4, 3] })
  const labels = labelTensor([[1, 2], [1]], backend)
  const calling =
    (targets: Parameters<typeof ctcLosses>[1], options: CtcLossesOptions = {}, logits = x) =>
    () =>
      ctcLosses(logits, targets, options)
  expect(calling(labels, {}, tensor([[1, 2]], { backend }))).toThrow(
    "the model's outputs have shape [1, 2], expected [batch, time, classes]",
  )
  expect(calling(ids([1, 2], backend))).toThrow(
    'labels have shape [2], expected [2, labels]; give one row of class indices for each sequence',
  )
  expect(calling(labelTensor([[1], [1], [1]], backend))).toThrow('labels have shape [3, 1], expected [2, labels]')
  expect(calling(tensor([[1], [2]], { backend }))).toThrow(
    'labels are float32, expected int32; put them into an Int32Array',
  )
  expect(calling({ labels, lengths: ids([1], backend) })).toThrow(
    "the labels' lengths have shape [1], the labels [2, 2]",
  )
  expect(calling({ labels, lengths: ids([1, 3], backend) })).toThrow('row 1 has 3 labels, expected 0 … 2')
  expect(calling(labelTensor([[1, 3], [1]], backend))).toThrow(
    'label 1 of row 0 is 3; labels are 0 … 2 without the blank, 0;',
  )
  expect(calling(labelTensor([[1], [0]], backend))).toThrow('label 0 of row 1 is 0, the blank;')
  expect(calling(ids([1, -1, -1, 2], backend, [2, 2]))).toThrow('label 0 of row 1 is -1;')
  expect(calling(labels, { blank: 3 })).toThrow('the blank is 3, there are 3 classes; use 0 … 2')
  expect(calling(labels, { lengths: ids([1], backend) })).toThrow('lengths are int32 [1], expected int32 [2]')
  expect(calling(labels, { lengths: ids([4, 5], backend) })).toThrow(
    "row 1 has length 5, expected 0 … 4, the time steps of the model's outputs; where a model makes sequences shorter, the lengths must be those of its outputs",
  )
  expect(() => ctc({ blank: -1 })).toThrow('ctc: blank -1; use the number of a class, from 0 on')
  const distant = await distantCpu()
  for (const rows of [
    [[1, 3], [1]],
    [[1], [0]],
  ]) {
    const far = tensor(Float32Array.from(randomLogits(2, 4, 3, 10).flat(2)), { backend: distant, shape: [2, 4, 3] })
    const bad = (async () => ctcLosses(far, labelTensor(rows, distant)).data())()
    await expect(bad).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
  }
})

test('options are part of the configuration, as JSON', () => {
  const { configuration } = ctc({ blank: 2 })
  expect(JSON.parse(JSON.stringify(configuration))).toEqual({ blank: 2, zeroInfinity: false, perLabel: true })
})
