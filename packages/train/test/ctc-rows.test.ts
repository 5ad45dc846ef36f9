// Rows of CTC: those that no alignment has, and what each counts for in the mean over a batch.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { tensor, type Tensor } from '@rnn/core'
import { dense, sequential, type HostArray } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { adam, ctc, ctcLosses, evaluate, fit, type TrainingSet } from '../src/index.ts'
import { expectedOf, ids, labelTensor, measure, padded, randomLogits } from './ctc-helpers.ts'
import { enumerated } from './ctc-reference.ts'
import { distantCpu } from './helpers.ts'
import { backends, expectClose } from './vectors.ts'

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
