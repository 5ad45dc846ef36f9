// CTC against PyTorch, and against the sum over all alignments, written out.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key, mul, sum, tensor, transpose, type Tensor } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { ctc, ctcLosses, type CtcLossesOptions } from '../src/index.ts'
import { expectedOf, ids, labelTensor, measure, padded, randomLogits } from './ctc-helpers.ts'
import { enumerated, recursion } from './ctc-reference.ts'
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
