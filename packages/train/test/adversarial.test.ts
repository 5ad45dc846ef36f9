// Adversarial training: gradients of the loss with embedded inputs moved against the model.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { add, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  dense,
  dropout,
  embedding,
  encoderDecoder,
  gru,
  l2,
  Module,
  sequential,
  Variable,
  type ForwardContext,
} from '@rnn/layers'
import type { Dense, Embedding, HostArray, Recurrent, Regularizer, Sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { accuracy, adam, crossEntropy, fgm, fit, pgd, sgd, Trainer, type Attack } from '../src/index.ts'
import { distantCpu, sequences, trained, weightsOf, type TestBatch } from './helpers.ts'

const [firstBatch] = [...sequences().batches(0)] as [TestBatch]

async function plain(trainable = true, backend?: Backend): Promise<Sequential> {
  const words = embedding({ vocabularySize: 10, units: 4, trainable })
  const model = sequential(words, gru({ units: 5, returns: 'last' }), dense({ units: 2 }))
  return model.init(backend ?? (await cpu()), { seed: 2 })
}

/** Gradients by hand: of the parameters by path, and of the embedded inputs, where those are moved by `perturbation`. */
async function byHand(model: Sequential, batch: TestBatch, perturbation: Float32Array) {
  const { backend } = model
  const [words, recurrent, out] = model.layers as unknown as [Embedding, Recurrent, Dense]
  const { inputs, targets, lengths } = batch
  const [ids, labels, ends] = [inputs, targets, lengths].map(({ data, shape }) => tensor(data, { backend, shape }))
  const shift = tensor(perturbation, { backend, shape: [...inputs.shape, 4] })
  const named = model.parameters().filter(({ variable }) => variable.trainable)
  const { value, gradients } = valueAndGrad((tensors: readonly Tensor[]) => {
    const vectors = add(words.forward(ids!), tensors[0]!)
    const logits = out.forward(recurrent.run(vectors, { lengths: ends }).last)
    return crossEntropy().compute(logits, labels!, {})
  })([shift, ...named.map(({ variable }) => variable.value)])
  const [input, ...rest] = await Promise.all(gradients.map((each) => (each as Tensor).data()))
  const entries = named.map(({ path }, i) => [path, rest[i] as Float32Array] as const)
  return { loss: (await value.data())[0]!, input: input as Float32Array, parameters: Object.fromEntries(entries) }
}

/** Rows of a batch, in double precision. */
function rowsOf(values: ArrayLike<number>, rows: number): number[][] {
  const width = values.length / rows
  return Array.from({ length: rows }, (_, i) => Array.from(values).slice(i * width, (i + 1) * width))
}

const norm = (row: readonly number[]): number => Math.hypot(...row)

const scaled = (row: readonly number[], length: number): number[] =>
  row.map((each) => (norm(row) === 0 ? 0 : (each / norm(row)) * length))

describe('by hand', () => {
  const epsilon = 0.8

  async function expectGradients(model: Sequential, attack: Attack, perturbations: readonly Float32Array[]) {
    const clean = await byHand(model, firstBatch, new Float32Array(perturbations[0]!.length))
    const moved = await byHand(model, firstBatch, perturbations.at(-1)!)
    const before = await weightsOf(model)
    const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: attack })
    using step = trainer.computeGradients(firstBatch)
    expect((await step.loss.data())[0]).toBeCloseTo(clean.loss, 6)
    expect(Object.keys(step.gradients)).toEqual(Object.keys(clean.parameters))
    for (const [path, values] of Object.entries(clean.parameters)) {
      const found = await step.gradients[path]!.data()
      values.forEach((value, i) =>
        expect(Math.abs(found[i]! - value - attack.weight * moved.parameters[path]![i]!), path).toBeLessThan(2e-6),
      )
    }
    expect(await weightsOf(model)).toEqual(before)
    expect(moved.loss).toBeGreaterThan(clean.loss)
  }

  test.each([
    [true, 1],
    [true, 0.25],
    [false, 1],
  ])('fgm (embedding trainable: %s, weight %d): ε along the gradient of each row', async (trainable, weight) => {
    const model = await plain(trainable)
    const zero = new Float32Array(firstBatch.inputs.data.length * 4)
    const { input } = await byHand(model, firstBatch, zero)
    const rows = rowsOf(input, firstBatch.size)
    expect(rows.every((row) => norm(row) > 0)).toBe(true)
    const perturbation = Float32Array.from(rows.flatMap((row) => scaled(row, epsilon)))
    await expectGradients(model, fgm({ epsilon, weight }), [perturbation])
  })

  test('pgd: three moves, brought back to the ball of radius ε', async () => {
    const model = await plain()
    const stepSize = 0.5
    let perturbation = new Float32Array(firstBatch.inputs.data.length * 4)
    let outside = 0
    for (let i = 0; i < 3; i++) {
      const { input } = await byHand(model, firstBatch, perturbation)
      const gradients = rowsOf(input, firstBatch.size)
      const moved = rowsOf(perturbation, firstBatch.size).map((row, r) => {
        const move = scaled(gradients[r]!, stepSize)
        const next = row.map((each, j) => each + move[j]!)
        if (norm(next) > epsilon) outside++
        return norm(next) > epsilon ? scaled(next, epsilon) : next
      })
      perturbation = Float32Array.from(moved.flat())
    }
    expect(outside).toBeGreaterThan(0)
    await expectGradients(model, pgd({ epsilon, stepSize, steps: 3 }), [perturbation])
  })

  test('one move of pgd as long as ε is fgm', async () => {
    const model = await plain()
    const gradientsBy = async (adversarial: Attack): Promise<number[]> => {
      const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial })
      using step = trainer.computeGradients(firstBatch)
      return [...(await step.gradients['0.kernel']!.data())]
    }
    const expected = await gradientsBy(fgm({ epsilon: 0.3 }))
    const found = await gradientsBy(pgd({ epsilon: 0.3, stepSize: 0.3, steps: 1 }))
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6))
  })
})

test('rows whose gradient is zero or tiny are moved by nothing, or by ε all the same', async () => {
  const backend = await cpu()
  const gradient = tensor(Float32Array.of(0, 0, 3e-30, 4e-30, 3e30, -4e30), { backend, shape: [3, 2] })
  const moved = await fgm({ epsilon: 10 }).move(gradient, undefined).data()
  Array.from([0, 0, 6, 8, 6, -8]).forEach((value, i) => expect(moved[i]).toBeCloseTo(value, 4))
})

test.each([1, 0.5])(
  'an encoder–decoder (teacher forcing %d): words of both languages are moved',
  async (teacherForcing) => {
    const words = (): Embedding => embedding({ vocabularySize: 10, units: 4 })
    const [source, target] = [words(), words()]
    const parts = { source, target, encoder: gru({ units: 5 }), decoder: gru({ units: 5 }), teacherForcing }
    const model = await encoderDecoder(parts).init(await cpu(), { seed: 1 })
    const moved: (readonly number[])[] = []
    const attack = fgm({ epsilon: 0.5 })
    const move = (gradient: Tensor): Tensor => {
      moved.push(gradient.shape)
      return attack.move(gradient, undefined)
    }
    const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: { ...attack, move } })
    const array = (data: number[], shape: number[]): HostArray => ({ data: Int32Array.from(data), shape })
    const ids = array([1, 2, 3, 4, 5, 6], [2, 3])
    const inputs = { source: ids, sourceLengths: array([3, 2], [2]), target: ids }
    trainer.step({ inputs, targets: ids, size: 2 }).dispose()
    expect(moved[0]).toEqual([2, 3, 4])
    expect(moved.slice(1)).toEqual(teacherForcing === 1 ? [[2, 3, 4]] : [[2, 4], [2, 4], [2, 4]]) // prettier-ignore
  },
)

test('penalties on weights count once', async () => {
  const words = (): Embedding => embedding({ vocabularySize: 10, units: 4 })
  const gradientOf = async (kernelRegularizer?: Regularizer): Promise<Float32Array> => {
    const out = dense({ units: 2, ...(kernelRegularizer && { kernelRegularizer }) })
    const model = sequential(words(), gru({ units: 5, returns: 'last' }), out)
    await model.init(await cpu(), { seed: 2 })
    const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: fgm({ epsilon: 0.5 }) })
    using step = trainer.computeGradients(firstBatch)
    const kernel = await out.parameters()[0]!.variable.value.data()
    const gradient = await step.gradients['2.kernel']!.data()
    return Float32Array.from(
      gradient,
      (value, i) => value - (kernelRegularizer === undefined ? 0 : 2 * 0.3 * kernel[i]!),
    )
  }
  const expected = await gradientOf()
  const found = await gradientOf(l2(0.3)) // λ·Σw²
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
})

test('an attack that fails leaves nothing behind', async () => {
  const model = await plain()
  const failing = (): never => {
    throw new Error('no idea')
  }
  const attack: Attack = { name: 'failing', configuration: {}, steps: 1, weight: 1, move: failing }
  const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: attack })
  const before = model.backend.stats().liveBuffers
  expect(() => trainer.step(firstBatch)).toThrow('no idea')
  expect(model.backend.stats().liveBuffers).toBe(before)
})

test('an attack of your own is a plain object', async () => {
  const model = await plain()
  const attack: Attack = { name: 'none', configuration: {}, steps: 2, weight: 1, move: (gradient) => add(gradient, 0) }
  const history = await fit(model, sequences(), {
    loss: crossEntropy(),
    optimizer: adam(),
    adversarial: attack,
    epochs: 1,
  })
  expect(history.column('loss')[0]).toBeGreaterThan(0)
})

test('it learns, repeats to the bit wherever memory lies, and leaves nothing behind', async () => {
  const runs = [await cpu(), await distantCpu()].map(async (backend) => {
    const model = await trained(3, backend)
    await backend.sync()
    const before = backend.stats().liveBuffers
    const history = await fit(model, sequences({ samples: 80, batchSize: 16 }), {
      loss: crossEntropy(),
      optimizer: adam({ learningRate: 0.03 }),
      clipNorm: 5,
      metrics: [accuracy()],
      adversarial: pgd({ epsilon: 0.1, steps: 2 }),
      epochs: 12,
    })
    await backend.sync()
    expect(backend.stats().liveBuffers).toBe(before)
    expect(history.column('accuracy').at(-1)).toBeGreaterThan(0.85)
    return { losses: history.column('loss'), weights: await weightsOf(model) }
  })
  const [first, second] = await Promise.all(runs)
  expect(second).toEqual(first)
})

test('a checkpoint in the midst goes on to the bit, and only with the same attack', async () => {
  const options = { loss: crossEntropy(), optimizer: adam(), adversarial: fgm({ epsilon: 0.2 }) }
  const straight = new Trainer(await trained(1), options)
  await straight.fit(sequences(), { epochs: 2 })
  const first = new Trainer(await trained(1), options)
  await first.fit(sequences(), { epochs: 1 })
  const bytes = await first.checkpoint()
  const second = new Trainer(await trained(2), options)
  await second.restore(bytes)
  await second.fit(sequences(), { epochs: 2 })
  expect(await weightsOf(second.model as Sequential)).toEqual(await weightsOf(straight.model as Sequential))
  for (const adversarial of [undefined, fgm({ epsilon: 0.1 }), pgd({ epsilon: 0.2 })]) {
    const other = new Trainer(await trained(2), { ...options, adversarial })
    await expect(other.restore(bytes)).rejects.toThrow(/the checkpoint is of another training: adversarial/)
  }
})

test('a stream is carried by the pass on the inputs as they are', async () => {
  const model = sequential(embedding({ vocabularySize: 10, units: 4 }), gru({ units: 5 }), dense({ units: 10 }))
  const ids = { data: Int32Array.from({ length: 16 }, (_, i) => (i * 7) % 10), shape: [2, 8] }
  const set = { batchCount: 1, sampleCount: 2, batches: () => [{ inputs: ids, targets: ids, size: 2 }] }
  const lossesWith = async (weight: number, adversarial: boolean): Promise<number> => {
    await model.init(await cpu(), { seed: 1 })
    const attack = adversarial ? fgm({ epsilon: 5, weight }) : undefined
    const optimizer = sgd({ learningRate: 1e-9 })
    const options = { loss: crossEntropy(), optimizer, epochs: 1, truncate: { steps: 2, backward: 4 } }
    return (await fit(model, set, { ...options, adversarial: attack })).column('loss')[0]!
  }
  expect(await lossesWith(1, true)).toBeCloseTo(await lossesWith(1, false), 6)
})

/** Counts its forward passes in a state. */
class Counting extends Module {
  readonly words = embedding({ vocabularySize: 10, units: 4 })
  readonly count = new Variable(
    'count',
    { shape: [], initializer: { name: 'zero', values: () => new Float32Array(1) } },
    { kind: 'state' },
  )
  readonly rest = sequential(dropout(0.2), gru({ units: 3, inputSize: 4, returns: 'last' }), dense({ units: 2 }))

  forward(ids: Tensor, context: ForwardContext): Tensor {
    this.count.assign(add(this.count.value, 1))
    return this.rest.forward(this.words.forward(ids, context), context)
  }
}

test('a state that forward passes keep is advanced once a step', async () => {
  const model = await new Counting().init(await cpu(), { seed: 1 })
  const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: pgd({ epsilon: 1 }) })
  trainer.step(firstBatch).dispose()
  trainer.step(firstBatch).dispose()
  expect((await model.count.value.data())[0]).toBe(2)
})

/** Does not hand its context on. */
class Deaf extends Module {
  readonly words = embedding({ vocabularySize: 10, units: 4 })
  readonly rest = sequential(gru({ units: 3, inputSize: 4, returns: 'last' }), dense({ units: 2 }))

  forward(ids: Tensor, context: ForwardContext): Tensor {
    return this.rest.forward(this.words.forward(ids), context)
  }
}

describe('refuses', () => {
  test.each([
    [() => fgm({ epsilon: 0 }), /fgm: epsilon 0; use a finite number above 0/],
    [() => fgm({ epsilon: 1, weight: -1 }), /fgm: weight -1/],
    [() => pgd({ epsilon: Number.NaN }), /pgd: epsilon NaN/],
    [() => pgd({ epsilon: 1, steps: 0 }), /pgd: steps 0/],
    [() => pgd({ epsilon: 1, stepSize: Infinity }), /pgd: stepSize Infinity/],
  ])('%s', (make, message) => {
    expect(make).toThrow(message)
  })

  test('a model whose embeddings do not know of it', async () => {
    const model = await new Deaf().init(await cpu(), { seed: 1 })
    const before = model.backend.stats().liveBuffers
    const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd(), adversarial: fgm({ epsilon: 1 }) })
    expect(() => trainer.step(firstBatch)).toThrow(/fgm: the model has come to no embedding .* hand its context on/)
    expect(model.backend.stats().liveBuffers).toBe(before)
  })
})
