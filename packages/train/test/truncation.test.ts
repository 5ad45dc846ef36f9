// Truncated backpropagation through time: windows of long sequences, and streams that go on from batch to batch.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { detach, hostUniform, key, slice, type Backend, type Tensor } from '@rnn/core'
import {
  bidirectional,
  convLstm1d,
  dense,
  gru,
  indRnn,
  jordan,
  lstm,
  minGru,
  minLstm,
  sequential,
  stacked,
  upload,
} from '@rnn/layers'
import type { Dense, Embedding, HostArray, Module, Recurrent, RecurrentState, Sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { crossEntropy, evaluate, fit, meanSquaredError, sgd, adam, Trainer } from '../src/index.ts'
import type { Progress, TrainingBatch } from '../src/index.ts'
import { distantCpu, weightsOf } from './helpers.ts'
import { LAYERS, RATE, ROWS, TIME, batchOf, modelOf, options, setOf, type IdBatch } from './streams.ts'

/** Columns `from … to` of a batch. */
function columns({ inputs, targets, size }: IdBatch, from: number, to: number): IdBatch {
  const time = inputs.shape[1]!
  const cut = (data: Int32Array): Int32Array => data.filter((_, i) => i % time >= from && i % time < to)
  return {
    inputs: { data: cut(inputs.data), shape: [size, to - from] },
    targets: { data: cut(targets.data), shape: [size, to - from] },
    size,
  }
}

/**
 * By hand: the batch in windows of `steps`, each an update of plain gradient descent, by the gradients of a function that begins `lead` windows earlier with the
 * states of then as constants.
 */
async function trainByHand(model: Sequential, batch: IdBatch, steps: number, lead: number): Promise<number[]> {
  const [words, recurrent, out] = model.layers as unknown as [Embedding, Recurrent, Dense]
  const { backend } = model
  const loss = crossEntropy()
  const losses: number[] = []
  const starts: (RecurrentState | undefined)[] = [undefined]
  const parameters = model.parameters().map(({ variable }) => variable)
  for (let index = 0; index * steps < batch.inputs.shape[1]!; index++) {
    const first = Math.max(0, index - lead)
    const from = first * steps
    const to = Math.min((index + 1) * steps, batch.inputs.shape[1]!)
    const { inputs, targets } = upload(columns(batch, from, to), backend)
    const { value, gradients, aux } = valueAndGrad((_parameters: readonly Tensor[]) => {
      const x = words.forward(inputs as Tensor)
      const initial = starts[first]
      const { sequence } = recurrent.run(x, { initial })
      const head = Math.min(steps, to - from)
      const early = recurrent.run(slice(x, 1, 0, head), { initial })
      const counted = to - index * steps
      const logits = out.forward(slice(sequence, 1, to - from - counted, counted))
      const wanted = slice(targets as Tensor, 1, to - from - counted, counted)
      return { value: loss.compute(logits, wanted, {}), aux: early.final.map((layer) => layer.map(detach)) }
    })(parameters.map(({ value }) => value))
    starts[first + 1] = aux as unknown as RecurrentState
    losses.push((await value.data())[0]!)
    for (const [i, variable] of parameters.entries()) {
      const [old, gradient] = [await variable.value.data(), await gradients[i]!.data()]
      variable.assign(Float32Array.from(old, (each, j) => Math.fround(each - Math.fround(RATE * gradient[j]!))))
    }
  }
  return losses
}

/** Both computed in float32 by the same kernels: they may differ by the rounding of a few operations, far below an update. */
function expectSameWeights(
  actual: Readonly<Record<string, readonly number[]>>,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected))
  for (const [path, values] of Object.entries(expected))
    for (const [i, value] of values.entries()) expect(Math.abs(actual[path]![i]! - value), path).toBeLessThan(1e-6)
}

describe.each(Object.keys(LAYERS))('%s', (cell) => {
  test('a window that covers the sequence is full backpropagation', async () => {
    const whole = await modelOf(cell, await cpu())
    const cut = await modelOf(cell, await cpu())
    const set = setOf([batchOf(1), batchOf(2)])
    const expected = await fit(whole, set, options())
    for (const truncate of [{ steps: TIME }, { steps: 100 }, { steps: 20, backward: 40 }]) {
      await cut.init(cut.backend, { seed: 4 })
      const history = await fit(cut, set, { ...options(), truncate })
      expect(history.column('loss')[0]).toBeCloseTo(expected.column('loss')[0]!, 6)
      expectSameWeights(await weightsOf(cut), await weightsOf(whole))
    }
  })

  test.each([
    ['each window alone', 4, 0],
    ['a last window that is shorter', 5, 0],
    ['gradients reach one window further', 3, 1],
    ['gradients reach two windows further, of which the last is shorter', 5, 2],
  ])('%s: weights are those of the same computation by hand', async (_, steps, lead) => {
    const byHand = await modelOf(cell, await cpu())
    const model = await modelOf(cell, await cpu())
    const losses = await trainByHand(byHand, batchOf(1), steps, lead)
    const trainer = new Trainer(model, options())
    const seen: (number | undefined)[] = []
    await trainer.fit(setOf([batchOf(1)]), {
      epochs: 1,
      truncate: { steps, backward: steps * (lead + 1) },
      onBatch: ({ loss }) => void seen.push(loss),
    })
    expect(trainer.position.step).toBe(Math.ceil(TIME / steps))
    expect(seen.length).toBe(losses.length)
    losses.forEach((loss, i) => expect(seen[i]).toBeCloseTo(loss, 5))
    expectSameWeights(await weightsOf(model), await weightsOf(byHand))
  })
})

test('progress knows of windows', async () => {
  const seen: Progress[] = []
  const onBatch = (progress: Progress): void => void seen.push(progress)
  await fit(await modelOf('gru', await cpu()), setOf([batchOf(1)]), { ...options(), truncate: { steps: 3 }, onBatch })
  expect(seen.map(({ batch, step }) => [batch, step])).toEqual([[0, 1], [0, 2], [0, 3], [1, 4]]) // prettier-ignore
  for (const [i, { samplesPerSecond, secondsLeft }] of seen.entries())
    expect(secondsLeft).toBeCloseTo((ROWS * (1 - (i + 1) / 4)) / samplesPerSecond, 6)
})

test('the states that are carried matter, and so does how far gradients reach', async () => {
  const run = async (truncate: { steps: number; backward?: number }, batch: TrainingBatch): Promise<unknown> => {
    const model = await modelOf('gru', await cpu())
    await fit(model, setOf([batch]), { ...options(), truncate })
    return weightsOf(model)
  }
  const batch = batchOf(1)
  const separate = await modelOf('gru', await cpu())
  await fit(separate, setOf([columns(batch, 0, 6), columns(batch, 6, 12)]), options())
  const carried = await run({ steps: 6 }, batch)
  expect(carried).not.toEqual(await weightsOf(separate))
  expect(carried).not.toEqual(await run({ steps: 6, backward: 12 }, batch))
})

test('a stream in batches that continue is the long sequence in windows', async () => {
  const batch = batchOf(1)
  const whole = await modelOf('lstm', await cpu())
  await fit(whole, setOf([batch]), { ...options(), epochs: 2, truncate: { steps: 4 } })
  for (const truncate of [undefined, { steps: 4 }]) {
    const model = await modelOf('lstm', await cpu())
    const stream = [0, 4, 8].map((from) => ({ ...columns(batch, from, from + 4), continues: from > 0 }))
    await fit(model, setOf(stream), { ...options(), epochs: 2, truncate })
    expect(await weightsOf(model)).toEqual(await weightsOf(whole))
  }
})

test('rows of a stream begin anew where the batch says so', async () => {
  const [first, second] = [batchOf(1, 4), batchOf(2, 4)]
  const rows = (batch: IdBatch, from: number, to: number): IdBatch => ({
    inputs: { data: batch.inputs.data.slice(4 * from, 4 * to), shape: [to - from, 4] },
    targets: { data: batch.targets.data.slice(4 * from, 4 * to), shape: [to - from, 4] },
    size: to - from,
  })
  const model = await modelOf('lstm', await cpu())
  const lossOf = async (...batches: TrainingBatch[]): Promise<number> => {
    const { loss } = await evaluate(model, setOf(batches), { loss: crossEntropy() })
    return loss! * batches.reduce((sum, { size }) => sum + size, 0)
  }
  const continues = { data: Int32Array.of(1, 0, 1), shape: [3] }
  const begin = { ...first, continues: false }
  const mixed = await lossOf(begin, { ...second, continues })
  const alone = await lossOf(rows(second, 1, 2))
  const others = [0, 2].map(async (i) =>
    lossOf({ ...rows(first, i, i + 1), continues: false }, { ...rows(second, i, i + 1), continues: true }),
  )
  const begun = await lossOf(rows(first, 1, 2))
  const expected = alone + begun + (await Promise.all(others)).reduce((a, b) => a + b, 0)
  expect(mixed).toBeCloseTo(expected, 4)
  expect(mixed).not.toBeCloseTo(await lossOf(begin, { ...second, continues: true }), 4)
})

test('evaluate reads a stream in pieces as it would in one', async () => {
  const model = await modelOf('gru', await cpu())
  const batch = batchOf(3)
  const whole = await evaluate(model, setOf([batch]), { loss: crossEntropy() })
  const pieces = [0, 5, 9].map((from, i) => ({ ...columns(batch, from, [5, 9, 12][i]!), continues: true }))
  const inPieces = await evaluate(model, setOf(pieces), { loss: crossEntropy() })
  expect(inPieces.loss).toBeCloseTo(whole.loss!, 6)
})

test.each(
  Object.entries({
    'lstm with projection': () => lstm({ units: 4, projection: 3 }),
    'lstm with peepholes': () => lstm({ units: 4, peepholes: true }),
    'gru, reset before': () => gru({ units: 4, resetAfter: false }),
    'gru of residual layers': () => gru({ units: 3, layers: 2, residual: true }),
    indRnn: () => indRnn({ units: 4 }),
    jordan: () => jordan({ units: 4, outputs: 3 }),
    minGru: () => minGru({ units: 4 }),
    minLstm: () => minLstm({ units: 4 }),
    'stack of different layers': () => stacked(lstm({ units: 4 }), gru({ units: 3 })),
    convLstm1d: () => convLstm1d({ filters: 2, kernelSize: 3 }),
  } as Record<string, () => Module>),
)(
  '%s: a window that covers the sequence is full backpropagation, pieces give what the whole gives',
  async (_, make) => {
    const wide = make().type === 'convLstm1d'
    const rest = wide ? [4, 3] : [3]
    const next = hostUniform(key(5))
    const arrayOf = (shape: number[]): HostArray<Float32Array> => ({
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => next() - 0.5),
      shape,
    })
    const inputs = arrayOf([2, 6, ...rest])
    const modelOf = async (): Promise<Sequential> =>
      sequential(dense({ units: 3, inputSize: 3 }), make()).init(await cpu(), { seed: 3 })
    const { shape } = await (await modelOf()).predict(inputs)
    const batch = { inputs, targets: arrayOf([...shape]), size: 2 }
    const cut = ({ data, shape }: HostArray<Float32Array>, from: number, to: number): HostArray<Float32Array> => {
      const width = data.length / 12
      const rows = [0, 1].flatMap((row) => [...data.subarray((row * 6 + from) * width, (row * 6 + to) * width)])
      return { data: Float32Array.from(rows), shape: [2, to - from, ...shape.slice(2)] }
    }

    const [whole, windowed] = [await modelOf(), await modelOf()]
    const pieces = [0, 2, 5].map((from, i) => {
      const to = [2, 5, 6][i]!
      return { inputs: cut(inputs, from, to), targets: cut(batch.targets, from, to), size: 2, continues: from > 0 }
    })
    const [atOnce, inPieces] = [setOf([batch]), setOf(pieces)]
    const { loss } = await evaluate(whole, atOnce, { loss: meanSquaredError() })
    expect((await evaluate(whole, inPieces, { loss: meanSquaredError() })).loss).toBeCloseTo(loss!, 5)
    const simple = { ...options(), loss: meanSquaredError() }
    await fit(whole, atOnce, simple)
    await fit(windowed, atOnce, { ...simple, truncate: { steps: 6 } })
    expectSameWeights(await weightsOf(windowed), await weightsOf(whole))
  },
)

test('windows end with the longest row, and rows that are over stand still', async () => {
  const lengths = { data: Int32Array.of(7, 2, 5), shape: [3] }
  const model = await modelOf('gru', await cpu())
  const trainer = new Trainer(model, { ...options(), optimizer: sgd({ learningRate: 1e-12 }) })
  const history = await trainer.fit(setOf([{ ...batchOf(1), lengths }]), { epochs: 1, truncate: { steps: 3 } })
  expect(trainer.position).toEqual({ epoch: 1, batch: 0, step: 3 })
  const { loss } = await evaluate(model, setOf([{ ...batchOf(1), lengths }]), { loss: crossEntropy() })
  expect(history.column('loss')[0]).toBeCloseTo(loss!, 6) // weights that hardly move: the mean over windows is that of the whole
})

test('tensors on the device and weights for each step are cut as well', async () => {
  const backend = await cpu()
  const model = await modelOf('gru', backend)
  const onDevice = await modelOf('gru', backend)
  const sampleWeights = { data: Float32Array.from({ length: ROWS * TIME }, (_, i) => i % 4), shape: [ROWS, TIME] }
  const lengths = { data: Int32Array.of(12, 9, 11), shape: [3] }
  const host = { ...batchOf(1), sampleWeights, lengths }
  await fit(model, setOf([host]), { ...options(), truncate: { steps: 4 } })
  const tensors = upload({ inputs: { ...host, size: undefined } }, backend).inputs
  await fit(onDevice, setOf([{ ...tensors, size: ROWS }]), { ...options(), truncate: { steps: 4 } })
  expect(await weightsOf(onDevice)).toEqual(await weightsOf(model))
})

describe.each([
  ['memory at hand', cpu],
  ['memory far away', distantCpu],
] as const)('resuming, %s', (_, make: () => Promise<Backend>) => {
  test.each([
    [1, { steps: 5 }],
    [5, { steps: 5 }],
    [3, { steps: 5 }],
    [2, { steps: 3, backward: 6 }],
    [7, { steps: 3, backward: 9 }],
  ])('in the middle of a stream, after step %i, changes no bit', async (at, truncate) => {
    const set = setOf([batchOf(1), { ...batchOf(2), continues: true }, batchOf(3)])
    const trainerOf = async (seed: number): Promise<Trainer> => {
      const model = await (await modelOf('lstm', await make())).init(await make(), { seed })
      return new Trainer(model, { ...options(), optimizer: adam({ learningRate: 0.05 }) })
    }
    const straight = await trainerOf(1)
    const expected = await straight.fit(set, { epochs: 2, truncate })
    const first = await trainerOf(1)
    const controller = new AbortController()
    let bytes = new Uint8Array(0)
    await first.fit(set, {
      epochs: 2,
      truncate,
      signal: controller.signal,
      onBatch: async ({ step }) => {
        if (step !== at) return
        bytes = await first.checkpoint()
        controller.abort()
      },
    })
    const second = await trainerOf(2)
    await second.restore(bytes)
    expect(second.position.step).toBe(at)
    const history = await second.fit(set, { epochs: 2, truncate })
    expect(history.column('loss')).toEqual(expected.column('loss'))
    expect(await weightsOf(second.model as Sequential)).toEqual(await weightsOf(straight.model as Sequential))
    const again = await first.fit(set, { epochs: 2, truncate }) // and the one that was aborted goes on as well
    expect(again.column('loss')).toEqual(expected.column('loss'))
  })
})

test('nothing is left behind', async () => {
  const backend = await cpu()
  const model = await modelOf('lstm', backend)
  const before = backend.stats().liveBuffers
  const trainer = new Trainer(model, options())
  const set = setOf([
    { ...batchOf(1), continues: false },
    { ...batchOf(2), continues: true },
  ])
  await trainer.fit(set, { epochs: 3, truncate: { steps: 3, backward: 6 }, validation: set })
  trainer.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
})

describe('refuses', () => {
  const train = async (batch: TrainingBatch, truncate: { steps: number; backward?: number }): Promise<unknown> =>
    fit(await modelOf('gru', await cpu()), setOf([batch]), { ...options(), truncate })

  test.each([
    [{ steps: 0 }, /truncate to 0 steps/],
    [{ steps: 2.5 }, /truncate to 2.5 steps/],
    [{ steps: 4, backward: 6 }, /backward 6; steps is a whole number from 1 on, backward a multiple of it/],
    [{ steps: 4, backward: 2 }, /backward 2/],
  ])('%j', async (truncate, message) => {
    await expect(train(batchOf(1), truncate)).rejects.toThrow(message)
  })

  test('one target a sequence', async () => {
    const batch = { ...batchOf(1), targets: { data: Int32Array.of(0, 1, 2), shape: [3] } }
    await expect(train(batch, { steps: 4 })).rejects.toThrow(
      /fit: targets of shape \[3\] can't be cut into windows of 12 time steps/,
    )
  })

  test('a layer that reads the sequence from its end', async () => {
    const model = sequential(bidirectional(gru({ units: 2, inputSize: 1 })), dense({ units: 1 }))
    await model.init(await cpu(), { seed: 1 })
    const array = { data: new Float32Array(8), shape: [1, 8, 1] }
    const set = setOf([{ inputs: array, targets: array, size: 1 }])
    const training = fit(model, set, { ...options(), loss: meanSquaredError(), truncate: { steps: 4 } })
    await expect(training).rejects.toThrow(/bidirectional gru: it reads the sequence from its end/)
  })

  test('a model that carries nothing, leaving nothing behind', async () => {
    const model = await dense({ units: 1, inputSize: 1 }).init(await cpu(), { seed: 1 })
    const before = model.backend.stats().liveBuffers
    const array = { data: new Float32Array(8), shape: [1, 8, 1] }
    const set = setOf([{ inputs: array, targets: array, size: 1 }])
    const training = fit(model, set, { ...options(), loss: meanSquaredError(), truncate: { steps: 4 } })
    await expect(training).rejects.toThrow(/stream: no recurrent layer of this model goes on/)
    expect(model.backend.stats().liveBuffers).toBe(before)
  })

  test('flags for another number of rows', async () => {
    const continues = { data: Int32Array.of(1, 0), shape: [2] }
    const set = setOf([
      { ...batchOf(1), continues: false },
      { ...batchOf(2), continues },
    ])
    const training = fit(await modelOf('gru', await cpu()), set, options())
    await expect(training).rejects.toThrow(/stream: continues has shape \[2\], the batch before had 3 rows/)
  })

  test('a stream that goes on with another number of rows', async () => {
    const set = setOf([
      { ...batchOf(1), continues: false },
      { ...batchOf(2, TIME, 2), continues: true },
    ])
    const training = fit(await modelOf('gru', await cpu()), set, options())
    await expect(training).rejects.toThrow(/stream: a layer needs states \[2, 4\], the piece before left \[3, 4\]/)
  })
})

test('steps of your own go on in a stream, and not after a batch that is none', async () => {
  const batch = batchOf(1)
  const stepped = await modelOf('gru', await cpu())
  const trainer = new Trainer(stepped, options())
  for (const from of [0, 6]) trainer.step({ ...columns(batch, from, from + 6), continues: from > 0 }).dispose()
  const model = await modelOf('gru', await cpu())
  await fit(model, setOf([batch]), { ...options(), truncate: { steps: 6 } })
  expect(await weightsOf(stepped)).toEqual(await weightsOf(model))
  trainer.step(columns(batch, 0, 6)).dispose()
  expect(() => trainer.step({ ...columns(batch, 6, 12), continues: true })).toThrow(
    /stream: a batch continues the one before, which was no part of a stream; give .* continues: false/,
  )
})
