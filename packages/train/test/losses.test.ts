// Conventions of the losses that PyTorch's vectors don't show: weights, lengths, one-hot rows, shapes.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend, type NestedNumbers, type Tensor } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { binaryCrossEntropy, crossEntropy, meanSquaredError, type Loss, type LossContext } from '../src/index.ts'
import { backends } from './vectors.ts'

const logits = [
  [0.5, -1, 2],
  [1, 0, -0.5],
  [-2, 0.3, 0.1],
  [0, 0, 3],
]

/** −log softmax in float64. */
function surprise(row: readonly number[]): number[] {
  const sum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0))
  return row.map((x) => sum - x)
}

function indices(values: readonly number[], shape: readonly number[], backend: Backend): Tensor {
  return tensor(Int32Array.from(values), { backend, shape })
}

async function valueOf(loss: Loss, outputs: NestedNumbers, targets: Tensor, context?: LossContext): Promise<number> {
  const [value] = await loss.compute(tensor(outputs, { backend: targets.backend }), targets, context).data()
  return value!
}

describe.each(backends)('crossEntropy, %s', (_, make) => {
  test('divides by the weights of the targets, as PyTorch does', async () => {
    const backend = await make()
    const classWeights = [0.2, 3, 0.7]
    const labels = [2, 0, 1, -1]
    const loss = crossEntropy({ classWeights })
    const total = labels.reduce((sum, y, i) => (y < 0 ? sum : sum + classWeights[y]! * surprise(logits[i]!)[y]!), 0)
    const weight = classWeights[2]! + classWeights[0]! + classWeights[1]!
    expect(await valueOf(loss, logits, indices(labels, [4], backend))).toBeCloseTo(total / weight, 5)
    const measured = loss.measure!(tensor(logits, { backend }), indices(labels, [4], backend))
    expect((await (measured.weight as Tensor).data())[0]).toBeCloseTo(weight, 5)
  })

  test('smooths labels with class weights, as PyTorch does', async () => {
    const backend = await make()
    const classWeights = [0.2, 3, 0.7]
    const labels = [2, 0, 1, 1]
    const rows = labels.map((y, i) => {
      const each = surprise(logits[i]!)
      return 0.8 * classWeights[y]! * each[y]! + (0.2 / 3) * each.reduce((sum, x, c) => sum + classWeights[c]! * x, 0)
    })
    const expected = rows.reduce((a, b) => a + b) / labels.reduce((sum, y) => sum + classWeights[y]!, 0)
    const loss = crossEntropy({ classWeights, labelSmoothing: 0.2 })
    expect(await valueOf(loss, logits, indices(labels, [4], backend))).toBeCloseTo(expected, 5)
  })

  test('takes one-hot rows of any dtype, and then divides by the rows whatever the class weights', async () => {
    const backend = await make()
    const labels = [2, 0, 1, 1]
    const hot = labels.map((y) => [0, 1, 2].map((c) => (c === y ? 1 : 0)))
    const plain = await valueOf(crossEntropy({ labelSmoothing: 0.1 }), logits, indices(labels, [4], backend))
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const targets = tensor(hot, { backend, dtype })
      expect(await valueOf(crossEntropy({ labelSmoothing: 0.1 }), logits, targets)).toBeCloseTo(plain, 5)
    }
    const classWeights = [0.2, 3, 0.7]
    const total = labels.reduce((sum, y, i) => sum + classWeights[y]! * surprise(logits[i]!)[y]!, 0)
    expect(await valueOf(crossEntropy({ classWeights }), logits, tensor(hot, { backend }))).toBeCloseTo(total / 4, 5)
  })

  test('counts time steps within their lengths only, with indices and with one-hot rows', async () => {
    const backend = await make()
    const outputs = [
      [logits[0]!, logits[1]!],
      [logits[2]!, logits[3]!],
    ]
    const lengths = indices([1, 2], [2], backend)
    const expected = (surprise(logits[0]!)[2]! + surprise(logits[2]!)[1]! + surprise(logits[3]!)[0]!) / 3
    const targets = indices([2, 0, 1, 0], [2, 2], backend)
    expect(await valueOf(crossEntropy(), outputs, targets, { lengths })).toBeCloseTo(expected, 5)
    const hot = tensor([[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [1, 0, 0]]], { backend }) // prettier-ignore
    expect(await valueOf(crossEntropy(), outputs, hot, { lengths })).toBeCloseTo(expected, 5)
    // One label a sequence: its length says nothing about it.
    const labels = indices([2, 0], [2], backend)
    const whole = (surprise(logits[0]!)[2]! + surprise(logits[1]!)[0]!) / 2
    expect(await valueOf(crossEntropy(), logits.slice(0, 2), labels, { lengths })).toBeCloseTo(whole, 5)
  })

  test('gives padded steps and ignored labels no gradient', async () => {
    const backend = await make()
    const targets = indices([2, 0, -1, 0], [2, 2], backend)
    const lengths = indices([1, 2], [2], backend)
    const x = tensor([logits.slice(0, 2), logits.slice(2)], { backend })
    const { gradients } = valueAndGrad((each: Tensor) => crossEntropy().compute(each, targets, { lengths }))(x)
    const rows = await gradients.data()
    const touched = [0, 1, 2, 3].map((row) => rows.slice(row * 3, row * 3 + 3).some((value) => value !== 0))
    expect(touched).toEqual([true, false, false, true])
  })

  test('weighs samples and time steps', async () => {
    const backend = await make()
    const labels = indices([2, 0, 1, 0], [4], backend)
    const sampleWeights = tensor([2, 0, 1, 1], { backend })
    const each = [2, 0, 1, 0].map((y, i) => surprise(logits[i]!)[y]!)
    const expected = (2 * each[0]! + each[2]! + each[3]!) / 4
    expect(await valueOf(crossEntropy(), logits, labels, { sampleWeights })).toBeCloseTo(expected, 5)
    const steps = tensor([[1, 0], [0, 3]], { backend }) // prettier-ignore
    const stepLabels = indices([2, 0, 1, 0], [2, 2], backend)
    const outputs = [logits.slice(0, 2), logits.slice(2)]
    const byStep = await valueOf(crossEntropy(), outputs, stepLabels, { sampleWeights: steps })
    expect(byStep).toBeCloseTo((each[0]! + 3 * each[3]!) / 4, 5)
  })

  test('is 0, not 0/0, where nothing counts', async () => {
    const backend = await make()
    expect(await valueOf(crossEntropy(), logits, indices([-1, -1, -1, -1], [4], backend))).toBe(0)
  })

  test('stays exact for large logits', async () => {
    const backend = await make()
    const targets = indices([0, 1], [2], backend)
    expect(await valueOf(crossEntropy(), [[1000, -1000], [1000, -1000]], targets)).toBe(1000) // prettier-ignore
  })
})

test('crossEntropy says what does not fit', async () => {
  const backend = await cpu()
  const float = tensor([1, 2, 0, 0], { backend })
  const outputs = tensor(logits, { backend })
  expect(() => crossEntropy().compute(outputs, float)).toThrow(
    "crossEntropy: targets are float32 [4], the model's outputs [4, 3]; class indices are int32: put them into an Int32Array",
  )
  expect(() => crossEntropy().compute(outputs, indices([1, 2], [2], backend))).toThrow(
    /targets are int32 \[2\], the model's outputs \[4, 3\]; give class indices, int32 \[4\], or probabilities, \[4, 3\]/,
  )
  const two = crossEntropy({ classWeights: [1, 2] })
  expect(() => two.compute(outputs, indices([0, 1, 2, 0], [4], backend))).toThrow('2 class weights for 3 classes')
  expect(() => crossEntropy({ labelSmoothing: 1 })).toThrow('labelSmoothing 1; use 0 … below 1')
  expect(() => crossEntropy({ classWeights: [Number.NaN] })).toThrow('use numbers from 0 on')
  const outOfRange = crossEntropy().compute.bind(undefined, outputs, indices([0, 1, 3, 0], [4], backend))
  await expect((async () => outOfRange().data())()).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
})

describe('meanSquaredError', () => {
  test('averages over all elements, and takes [batch] for [batch, 1]', async () => {
    const backend = await cpu()
    expect(await valueOf(meanSquaredError(), [[1, 2], [3, 5]], tensor([[0, 2], [3, 1]], { backend }))).toBe(17 / 4) // prettier-ignore
    expect(await valueOf(meanSquaredError(), [[1], [3]], tensor([0, 1], { backend }))).toBe(2.5)
    expect(await valueOf(meanSquaredError(), [[1], [3]], indices([0, 1], [2], backend))).toBe(2.5)
  })

  test('counts time steps within their lengths, and weighs samples', async () => {
    const backend = await cpu()
    const outputs = [[[1], [2]], [[3], [4]]] // prettier-ignore
    const targets = tensor([[[0], [0]], [[0], [0]]], { backend }) // prettier-ignore
    const lengths = indices([1, 2], [2], backend)
    expect(await valueOf(meanSquaredError(), outputs, targets, { lengths })).toBeCloseTo((1 + 9 + 16) / 3, 5)
    const sampleWeights = tensor([3, 1], { backend })
    const weighted = await valueOf(meanSquaredError(), outputs, targets, { lengths, sampleWeights })
    expect(weighted).toBeCloseTo((3 + 9 + 16) / 5, 5)
  })

  test('does not broadcast targets over outputs', async () => {
    const backend = await cpu()
    const outputs = tensor([[1, 2], [3, 4]], { backend }) // prettier-ignore
    expect(() => meanSquaredError().compute(outputs, tensor([1, 2], { backend }))).toThrow(
      "meanSquaredError: targets have shape [2], the model's outputs [2, 2]",
    )
    expect(() =>
      meanSquaredError().compute(outputs, outputs, { sampleWeights: tensor([1, 2, 3], { backend }) }),
    ).toThrow('sample weights have shape [3], the losses [2, 2]')
  })
})

/** Features of `[batch, time, width]`, for each loss. */
const WIDTHS = { crossEntropy: 3, 'one-hot': 3, smoothed: 3, binaryCrossEntropy: 2, meanSquaredError: 2 } as const

describe.each(backends)('what does not count may be NaN, %s', (_, make) => {
  test.each<[keyof typeof WIDTHS, Loss]>([
    ['crossEntropy', crossEntropy({ classWeights: [0.5, 1, 2] })],
    ['one-hot', crossEntropy({ classWeights: [0.5, 1, 2] })],
    ['smoothed', crossEntropy({ labelSmoothing: 0.125 })],
    ['binaryCrossEntropy', binaryCrossEntropy()],
    ['meanSquaredError', meanSquaredError()],
  ])('%s: neither the loss nor a gradient meets it', async (name, loss) => {
    const backend = await make()
    const width = WIDTHS[name]
    const lengths = indices([1, 2, 2], [3], backend)
    const sampleWeights = tensor([1, 2, 0], { backend })
    const counts = [true, false, true, true, false, false]
    const run = async (filler: number) => {
      const at = (i: number): boolean => counts[Math.floor(i / width)]!
      const x = Float32Array.from({ length: 6 * width }, (_, i) => (at(i) ? Math.sin(i) : filler))
      const soft = Float32Array.from({ length: 6 * width }, (_, i) => (at(i) ? Number(i % width === 0) : filler))
      const targets =
        name === 'crossEntropy' || name === 'smoothed'
          ? indices([0, Number.isNaN(filler) ? 99 : 1, 0, 0, 1, 2], [3, 2], backend)
          : tensor(soft, { backend, shape: [3, 2, width] })
      const outputs = tensor(x, { backend, shape: [3, 2, width] })
      const { value, gradients } = valueAndGrad((y: Tensor) => loss.compute(y, targets, { lengths, sampleWeights }))(
        outputs,
      )
      return { value: [...(await value.data())], gradients: [...(await gradients.data())].map((each) => each + 0) } // −0 → 0
    }
    const plain = await run(0.5)
    expect(plain.value[0]).toBeGreaterThan(0)
    expect(plain.gradients.map((each) => each !== 0)).toEqual(
      counts.flatMap((each) => Array<boolean>(width).fill(each)),
    )
    for (const filler of [Number.NaN, Infinity]) expect(await run(filler)).toEqual(plain)
  })
})

test('binaryCrossEntropy neither overflows nor cancels for large logits', async () => {
  const backend = await cpu()
  const x = tensor([[1000], [-1000], [20], [-20]], { backend })
  const targets = indices([1, 0, 1, 0], [4], backend)
  const { value, gradients } = valueAndGrad((each: Tensor) => binaryCrossEntropy().compute(each, targets))(x)
  const expected = (2 * Math.log1p(Math.exp(-20))) / 4
  expect(Math.abs((await value.data())[0]! - expected)).toBeLessThan(expected * 1e-5)
  expect((await gradients.data()).every(Number.isFinite)).toBe(true)
})
