// The Trainer step by step: halves of a step, moves, weights, what it owns.

import { cpu } from '@rnn/backend-cpu'
import { accumulate, add, decorate, mul, type Tensor } from '@rnn/core'
import { dense, dropout, embedding, gru, Module, sequential, type ForwardContext } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { accuracy, adam, crossEntropy, meanSquaredError, sgd, Trainer, type Loss } from '../src/index.ts'
import { classifier, distantCpu, sequences, trained, weightsOf } from './helpers.ts'

const options = () => ({ loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), clipNorm: 5 })
const batches = [...sequences().batches(0)]

test('steps by hand are the steps of fit', async () => {
  const [one, other] = [await trained(), await trained()]
  await new Trainer(one, options()).fit(sequences(), { epochs: 1 })
  const trainer = new Trainer(other, options())
  for (const batch of batches) trainer.step(batch).dispose()
  trainer.advanceEpoch()
  expect(trainer.position).toEqual({ epoch: 1, batch: 0, step: 6 })
  expect(await weightsOf(other)).toEqual(await weightsOf(one))
})

test('gradients of two halves of a batch, weighed and added between the halves of a step, are those of the whole', async () => {
  const stripped = () => ({ ...options(), optimizer: sgd({ learningRate: 0.1 }) })
  // Without dropout, whose masks depend on the place in the batch.
  const model = async () =>
    sequential(
      embedding({ vocabularySize: 10, units: 4 }),
      gru({ units: 5, returns: 'last' }),
      dense({ units: 2 }),
    ).init(await cpu(), { seed: 1 })
  const [batch] = sequences({ batchSize: 4 }).batches(0)
  const { inputs, targets, lengths } = batch!
  const [, time] = inputs.shape
  const part = (from: number, to: number) => ({
    inputs: { data: inputs.data.slice(from * time!, to * time!), shape: [to - from, time!] },
    targets: { data: targets.data.slice(from, to), shape: [to - from] },
    lengths: { data: lengths.data.slice(from, to), shape: [to - from] },
    size: to - from,
  })

  const whole = new Trainer(await model(), stripped())
  whole.step(batch!).dispose()

  const trainer = new Trainer(await model(), stripped())
  const first = trainer.computeGradients(part(0, 1))
  const second = trainer.computeGradients(part(1, 4))
  for (const [path, gradient] of Object.entries(first.gradients)) {
    const sum = mul(gradient, 1 / 4)
    accumulate(sum, mul(second.gradients[path]!, 3 / 4))
    accumulate(gradient, mul(gradient, -1))
    accumulate(gradient, sum)
  }
  second.dispose()
  trainer.applyGradients(first.gradients)
  first.dispose()

  const [expected, got] = [await whole.readWeights(), await trainer.readWeights()]
  for (const [path, { data }] of Object.entries(expected)) {
    data.forEach((value, i) => expect(Math.abs(got[path]!.data[i]! - value)).toBeLessThan(1e-6))
  }
})

test('batches that go into one update get dropout masks of their own, and the next update starts as ever', async () => {
  const model = async () => sequential(dense({ units: 64, inputSize: 1 }), dropout(0.5)).init(await cpu(), { seed: 1 })
  const batch = {
    inputs: { data: Float32Array.of(1), shape: [1, 1] },
    targets: { data: new Float32Array(64), shape: [1, 64] },
    size: 1,
  }
  const settings = () => ({ loss: meanSquaredError(), optimizer: sgd() })
  const [one, two] = [new Trainer(await model(), settings()), new Trainer(await model(), settings())]
  const lossOf = async (trainer: Trainer, apply: boolean) => {
    using step = trainer.computeGradients(batch)
    if (apply) trainer.applyGradients(step)
    return (await step.loss.data())[0]
  }
  const alone = await lossOf(one, true)
  expect(await lossOf(two, false)).toBe(alone)
  expect(await lossOf(two, false)).not.toBe(alone)
  // The same update as the trainer that gave nothing up: the masks of an update depend on nothing before it.
  await two.restore(await one.checkpoint())
  expect(await lossOf(two, true)).toBe(await lossOf(one, true))
})

describe('to(backend)', () => {
  test('moves model, optimiser and counts between steps, without changing anything', async () => {
    const straight = await trained()
    const whole = await new Trainer(straight, { ...options(), metrics: [accuracy()] }).fit(sequences(), { epochs: 2 })

    const [here, there] = [await cpu(), await cpu()]
    const model = await trained(1, here)
    const trainer = new Trainer(model, { ...options(), metrics: [accuracy()] })
    const history = await trainer.fit(sequences(), {
      epochs: 2,
      onBatch: async ({ step }) => {
        if (step === 4) await trainer.to(there)
      },
    })
    expect(model.backend).toBe(there)
    expect(history.column('loss')).toEqual(whole.column('loss'))
    expect(history.column('accuracy')).toEqual(whole.column('accuracy'))
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
    await here.sync()
    expect(here.stats().liveBuffers).toBe(0)
  })

  test('may be called any time during fit: training waits', async () => {
    const straight = await trained()
    const validation = sequences({ seed: 2 })
    const whole = await new Trainer(straight, { ...options(), metrics: [accuracy()] }).fit(sequences(), {
      epochs: 4,
      validation,
    })
    const model = await trained(1, await distantCpu())
    const trainer = new Trainer(model, { ...options(), metrics: [accuracy()] })
    let moves = 0
    const controller = new AbortController()
    const moving = (async () => {
      while (!controller.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        await trainer.to(await distantCpu())
        moves++
      }
    })()
    const history = await trainer.fit(sequences(), { epochs: 4, validation })
    controller.abort()
    await moving
    expect(moves).toBeGreaterThan(0)
    for (const column of ['loss', 'accuracy', 'validationLoss', 'validationAccuracy']) {
      expect(history.column(column)).toEqual(whole.column(column))
    }
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
  })

  test('between two batches of a validation whose losses are still on the device', async () => {
    const there = await distantCpu()
    const once = async (move: boolean) => {
      const here = await distantCpu()
      const trainer = new Trainer(await trained(1, here), { ...options(), metrics: [accuracy()] })
      const set = sequences({ seed: 2 })
      const validation = {
        ...set,
        *batches(epoch: number) {
          let number = 0
          for (const batch of set.batches(epoch)) {
            if (++number === 3 && move) void trainer.to(there).then(() => here.dispose())
            yield batch
          }
        },
      }
      return trainer.fit(sequences(), { epochs: 1, validation })
    }
    const [whole, moved] = [await once(false), await once(true)]
    for (const column of ['validationLoss', 'validationAccuracy']) {
      expect(moved.column(column)).toEqual(whole.column(column))
    }
  })

  test('of the model alone, while fit runs or between two of them, takes the rest of the training along', async () => {
    const straight = await trained()
    const settings = () => ({ ...options(), metrics: [accuracy()] })
    const whole = await new Trainer(straight, settings()).fit(sequences(), { epochs: 3 })

    const [here, there] = [await cpu(), await cpu()]
    const model = await trained(1, here)
    const trainer = new Trainer(model, settings())
    await trainer.fit(sequences(), {
      epochs: 2,
      snapshots: { every: 1 },
      onBatch: async ({ step }) => {
        if (step === 4) await model.to(there)
      },
    })
    expect(model.backend).toBe(there)
    await here.sync()
    expect(here.stats().liveBuffers).toBe(0)
    await model.to(here)
    const history = await trainer.fit(sequences(), { epochs: 3, snapshots: { every: 2 } })
    for (const column of ['loss', 'accuracy']) expect(history.column(column)).toEqual(whole.column(column))
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
    await there.sync()
    expect(there.stats().liveBuffers).toBe(0)
  })

  test('in the middle of a step is refused, and so are checkpoints and restores', async () => {
    const trainer = new Trainer(await trained(), options())
    const bytes = await trainer.checkpoint()
    const step = trainer.computeGradients(batches[0]!)
    const there = await cpu()
    await expect(trainer.to(there)).rejects.toMatchObject({ code: 'E_BUSY' })
    await expect(trainer.checkpoint()).rejects.toMatchObject({ code: 'E_BUSY' })
    await expect(trainer.restore(bytes)).rejects.toMatchObject({ code: 'E_BUSY' })
    trainer.applyGradients(step)
    step.dispose()
    await trainer.to(there)
    expect(trainer.model.backend).toBe(there)
  })

  test('of the model alone is noticed at the next step by hand, and made whole by a second move', async () => {
    const model = await trained()
    const trainer = new Trainer(model, options())
    trainer.step(batches[0]!).dispose()
    const there = await cpu()
    await model.to(there)
    expect(() => trainer.step(batches[0]!)).toThrow('move both with await trainer.to(backend)')
    await trainer.to(there)
    trainer.step(batches[0]!).dispose()
    expect(trainer.position.step).toBe(2)
  })
})

test('a second fit, or a restore during one, is refused', async () => {
  const trainer = new Trainer(await trained(), options())
  const bytes = await trainer.checkpoint()
  const first = trainer.fit(sequences(), { epochs: 1 })
  await expect(trainer.fit(sequences(), { epochs: 1 })).rejects.toMatchObject({ code: 'E_BUSY' })
  await expect(trainer.restore(bytes)).rejects.toMatchObject({ code: 'E_BUSY' })
  await first
})

test('frozen parameters stay as they are, and may be unfrozen', async () => {
  const model = await trained()
  const [table] = model.variables()
  table!.variable.trainable = false
  const before = await weightsOf(model)
  const trainer = new Trainer(model, options())
  trainer.step(batches[0]!).dispose()
  const after = await weightsOf(model)
  expect(after[table!.path]).toEqual(before[table!.path])
  expect(after['3.kernel']).not.toEqual(before['3.kernel'])
  table!.variable.trainable = true
  trainer.step(batches[1]!).dispose()
  expect((await weightsOf(model))[table!.path]).not.toEqual(before[table!.path])
})

test('an error in a step leaves the trainer usable and nothing behind', async () => {
  const model = await trained()
  const trainer = new Trainer(model, options())
  trainer.step(batches[0]!).dispose()
  await model.backend.sync()
  const before = model.backend.stats().liveBuffers
  const wrong = { ...batches[0]!, targets: { data: new Float32Array(4), shape: [4] } }
  expect(() => trainer.step(wrong)).toThrow('class indices are int32')
  await model.backend.sync()
  expect(model.backend.stats().liveBuffers).toBe(before)
  trainer.step(batches[1]!).dispose()
  expect(trainer.position.step).toBe(2)
})

// Far away, the losses and weights of a group of steps may wait to be read.
test.each([
  ['memory at hand', cpu, 0],
  ['memory far away', distantCpu, 2 * 8],
] as const)('1,000 steps leave buffers and bytes where they were after step 10, %s', async (_, make, waiting) => {
  const backend = await make()
  const model = await classifier().init(backend, { seed: 1 })
  const trainer = new Trainer(model, { ...options(), metrics: [accuracy()] })
  const marks: (readonly [number, number])[] = []
  await trainer.fit(sequences({ samples: 500, batchSize: 2, time: 4 }), {
    epochs: 4,
    onBatch: async ({ step }) => {
      if (step !== 10 && step !== 1000) return
      await backend.sync()
      const { liveBuffers, liveBytes } = backend.stats()
      marks.push([liveBuffers, liveBytes])
    },
  })
  expect(marks[1]![0] - marks[0]![0]).toBeLessThanOrEqual(waiting)
  expect(marks[1]![1] - marks[0]![1]).toBeLessThanOrEqual(4 * waiting)
  trainer.dispose()
  model.dispose()
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(0)
  expect(backend.stats().liveBytes).toBe(0)
})

test('samples of weight 0 might as well not be there', async () => {
  const [batch] = sequences({ batchSize: 4 }).batches(0)
  const sampleWeights = { data: Float32Array.of(1, 0, 0, 1), shape: [4] }
  const swapped = {
    ...batch!.targets,
    data: batch!.targets.data.map((label, i) => (i === 1 || i === 2 ? 1 - label : label)),
  }
  const weights = [batch!.targets, swapped].map(async (targets) => {
    const model = await trained()
    const trainer = new Trainer(model, options())
    trainer.step({ ...batch!, targets, sampleWeights }).dispose()
    return weightsOf(model)
  })
  const [one, other] = await Promise.all(weights)
  expect(one).toEqual(other)
})

test('models with records of inputs, outputs and targets train with a loss of their own', async () => {
  interface Pair {
    readonly left: Tensor
    readonly right: Tensor
  }
  class Twins extends Module<Pair, Pair> {
    readonly shared = dense({ units: 1, inputSize: 2 })
    forward({ left, right }: Pair, context: ForwardContext): Pair {
      return { left: this.shared.forward(left, context), right: this.shared.forward(right, context) }
    }
  }
  const each = meanSquaredError()
  const loss: Loss<Pair, Pair> = {
    name: 'both',
    configuration: {},
    compute: (outputs, targets) =>
      add(each.compute(outputs.left, targets.left), each.compute(outputs.right, targets.right)),
  }
  const model = await new Twins().init(await cpu(), { seed: 1 })
  const x = { data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] }
  const y = { data: Float32Array.of(1, -1), shape: [2, 1] }
  const batch = { inputs: { left: x, right: x }, targets: { left: y, right: y }, size: 2 }
  const set = { batchCount: 1, sampleCount: 2, batches: () => [batch] }
  const trainer = new Trainer(model, { loss, optimizer: adam({ learningRate: 0.1 }) })
  const history = await trainer.fit(set, { epochs: 100 })
  expect(history.column('loss').at(-1)).toBeLessThan(0.01)
  const bytes = await trainer.checkpoint() // of a model without a configuration: its parameters must do
  await trainer.restore(bytes)
})

test('a move that fails leaves everything where it was', async () => {
  const model = await trained()
  const trainer = new Trainer(model, { ...options(), metrics: [accuracy()] })
  trainer.step(batches[0]!).dispose()
  const before = await weightsOf(model)
  const full = await cpu()
  let room = 7
  const cramped = decorate(full, {
    allocate: (byteLength, role) => {
      if (room-- === 0) throw new Error('no room')
      return full.allocate(byteLength, role)
    },
  })
  await expect(trainer.to(cramped)).rejects.toThrow('no room')
  await full.sync()
  expect(full.stats().liveBuffers).toBe(0)
  expect(await weightsOf(model)).toEqual(before)
  trainer.step(batches[1]!).dispose()
  expect(trainer.position.step).toBe(2)
})
