// Checkpoints: training that goes on from one does what it would have done, to the last bit, and what doesn't fit is refused whole.

import { cpu } from '@rnn/backend-cpu'
import type { Backend } from '@rnn/core'
import { dense, dropout, embedding, gru, lstm, readSafetensors, saveWeights, sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  accuracy,
  adam,
  adamW,
  binaryCrossEntropy,
  cosineDecay,
  crossEntropy,
  earlyStopping,
  sgd,
  Trainer,
  type History,
  type TrainerOptions,
} from '../src/index.ts'
import { distantCpu, sequences, trained, weightsOf } from './helpers.ts'

const validation = sequences({ seed: 2 })

function options(change: Partial<TrainerOptions> = {}): TrainerOptions {
  return {
    loss: crossEntropy({ classWeights: [1, 2] }),
    optimizer: adamW({ learningRate: cosineDecay({ peak: 0.02, warmUpSteps: 3, totalSteps: 24 }) }),
    clipNorm: 1,
    metrics: [accuracy()],
    callbacks: [earlyStopping({ monitor: 'loss', patience: 9 })],
    ...change,
  }
}

/** The columns that don't depend on the clock. */
function numbersOf(history: History): unknown {
  return history.rows.map((row) => ({ ...row, seconds: 0 }))
}

describe.each([
  ['memory at hand', cpu],
  ['memory far away', distantCpu],
] as const)('resuming, %s', (_, make: () => Promise<Backend>) => {
  test.each([1, 6, 8, 12, 17, 18])('after step %i of 24 changes no bit of what follows', async (at) => {
    const straight = await trained(1, await make())
    const seen: (number | undefined)[] = []
    const whole = new Trainer(straight, options({ seed: 7 }))
    const expected = await whole.fit(sequences(), {
      epochs: 4,
      validation,
      onBatch: ({ loss }) => void seen.push(loss),
    })

    const first = new Trainer(await trained(1, await make()), options({ seed: 7 }))
    let bytes = new Uint8Array(0)
    const controller = new AbortController()
    await first.fit(sequences(), {
      epochs: 4,
      validation,
      signal: controller.signal,
      onBatch: async ({ step }) => {
        if (step !== at) return
        bytes = await first.checkpoint()
        controller.abort()
      },
    })

    const model = await trained(99, await make()) // other weights, other seed: all that counts comes from the file
    const second = new Trainer(model, options({ seed: 8 }))
    await second.restore(bytes)
    expect(second.position.step).toBe(at)
    const losses: (number | undefined)[] = []
    const history = await second.fit(sequences(), {
      epochs: 4,
      validation,
      onBatch: ({ loss }) => void losses.push(loss),
    })
    expect(numbersOf(history)).toEqual(numbersOf(expected))
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
    // The loss that is shown may be some steps old; with memory at hand it never is.
    const shown = second.model.backend.readSync === undefined ? losses : seen.slice(at)
    expect(losses).toEqual(shown)
  })
})

test('a checkpoint taken between epochs, from onEpoch, resumes at the epoch', async () => {
  const straight = await trained()
  const trainer = new Trainer(straight, options())
  const files: Uint8Array[] = []
  const expected = await trainer.fit(sequences(), {
    epochs: 3,
    validation,
    onEpoch: async () => void files.push(await trainer.checkpoint()),
  })
  const model = await trained(2)
  const second = new Trainer(model, options())
  await second.restore(files[0]!)
  expect(second.position).toEqual({ epoch: 1, batch: 0, step: 6 })
  expect(second.history.rows.length).toBe(1)
  const history = await second.fit(sequences(), { epochs: 3, validation })
  expect(numbersOf(history)).toEqual(numbersOf(expected))
  expect(await weightsOf(model)).toEqual(await weightsOf(straight))
})

test('a checkpoint is of the moment of its call, while training goes on', async () => {
  const trainer = new Trainer(await trained(), options())
  const taken: Promise<Uint8Array>[] = []
  await trainer.fit(sequences(), {
    epochs: 2,
    onBatch: ({ step }) => {
      if (step === 4) taken.push(trainer.checkpoint())
    },
    validation,
  })
  const second = new Trainer(await trained(), options())
  await second.restore(await taken[0]!)
  const history = await second.fit(sequences(), { epochs: 2, validation })
  expect(numbersOf(history)).toEqual(numbersOf(trainer.history))
})

test('a checkpoint is a safetensors file with every tensor by name', async () => {
  const model = await trained()
  const trainer = new Trainer(model, options())
  for (const batch of [...sequences().batches(0)].slice(0, 2)) trainer.step(batch).dispose()
  const { tensors, metadata } = readSafetensors(await trainer.checkpoint())
  const paths = model.variables().map(({ path }) => path)
  const expected = paths.flatMap((path) => [
    `model/${path}`,
    `optimizer/${path}/firstMoment`,
    `optimizer/${path}/secondMoment`,
  ])
  expect([...tensors.keys()].toSorted()).toEqual([...expected, 'metric/accuracy'].toSorted())
  expect(JSON.parse(metadata['rnn.checkpoint']!)).toMatchObject({ version: 1, step: 2, epoch: 0, batch: 2 })
})

describe('refused, and nothing changed:', () => {
  async function refusal(bytes: Uint8Array, trainer?: Trainer): Promise<unknown> {
    const own = trainer ?? new Trainer(await trained(3), options())
    const before = await own.readWeights()
    const position = own.position
    const error = await own.restore(bytes).catch((reason: unknown) => reason)
    expect(await own.readWeights()).toEqual(before)
    expect(own.position).toEqual(position)
    return error
  }

  async function checkpoint(): Promise<Uint8Array> {
    const trainer = new Trainer(await trained(), options())
    await trainer.fit(sequences(), { epochs: 1 })
    return trainer.checkpoint()
  }

  test('a file cut short anywhere', async () => {
    const bytes = await checkpoint()
    for (const length of [0, 5, 100, 3000, bytes.length - 10]) {
      const error = await refusal(bytes.subarray(0, length))
      expect(error).toMatchObject({ code: 'E_FORMAT' })
      expect(String(error)).toMatch(/cut short: .*\d+ bytes.*\d+/)
    }
    expect(String(await refusal(bytes.subarray(0, bytes.length - 10)))).toContain('10 are missing')
  })

  test('weights alone, garbage, and a later version', async () => {
    const model = await trained()
    expect(await refusal(await saveWeights(model))).toMatchObject({
      code: 'E_FORMAT',
      problem: 'the file holds tensors, but no training',
    })
    expect(await refusal(new TextEncoder().encode('{"not": "a checkpoint at all"}'))).toMatchObject({
      code: 'E_FORMAT',
    })
    // A byte a character: TextDecoder's latin1 is windows-1252, which changes some bytes.
    const text = Array.from(await checkpoint(), (byte) => String.fromCharCode(byte)).join('')
    const changed = text.replace('\\"version\\":1', '\\"version\\":9')
    const later = Uint8Array.from(changed, (char) => char.charCodeAt(0))
    expect(await refusal(later)).toMatchObject({
      code: 'E_FORMAT',
      problem: 'it has version 9, this @rnn reads up to 1',
    })
  })

  test('of another model', async () => {
    const backend = await cpu()
    const other = sequential(
      embedding({ vocabularySize: 10, units: 4 }),
      lstm({ units: 5, returns: 'last' }),
      dense({ units: 2 }),
    )
    const error = await refusal(await checkpoint(), new Trainer(await other.init(backend, { seed: 1 }), options()))
    expect(error).toMatchObject({ code: 'E_CHECKPOINT' })
    expect(String(error)).toContain('parameters.1.forward.kernel'.slice(0, 12))

    const wider = sequential(
      embedding({ vocabularySize: 10, units: 4 }),
      gru({ units: 6, returns: 'last' }),
      dropout(0.3),
      dense({ units: 2 }),
    )
    const shape = await refusal(await checkpoint(), new Trainer(await wider.init(backend, { seed: 1 }), options()))
    expect(String(shape)).toMatch(/shape is \[4,18\] here, \[4,15\] in the checkpoint/)
  })

  test('of another dropout, optimiser, learning rate, loss or clipping, by name', async () => {
    const bytes = await checkpoint()
    const backend = await cpu()
    const drier = sequential(
      embedding({ vocabularySize: 10, units: 4 }),
      gru({ units: 5, returns: 'last' }),
      dropout(0.4),
      dense({ units: 2 }),
    )
    const dropped = await refusal(bytes, new Trainer(await drier.init(backend, { seed: 1 }), options()))
    expect(String(dropped)).toContain('model.layers.2.rate is 0.4 here, 0.3 in the checkpoint')
    const tell = async (change: Partial<TrainerOptions>) =>
      String(await refusal(bytes, new Trainer(await trained(), options(change))))
    expect(await tell({ optimizer: sgd() })).toContain('optimizer.name is "sgd" here, "adamW" in the checkpoint')
    expect(await tell({ optimizer: adam({ learningRate: 0.5 }) })).toContain(
      'optimizer.learningRate.name is "constant" here',
    )
    expect(await tell({ loss: binaryCrossEntropy() })).toContain('loss.name is "binaryCrossEntropy" here')
    expect(await tell({ loss: crossEntropy({ classWeights: [1, 3] }) })).toContain(
      'loss.classWeights is [1,3] here, [1,2] in',
    )
    expect(await tell({ clipNorm: 2 })).toContain('clipNorm is 2 here, 1 in the checkpoint')
  })

  test('a position in the midst of another data set', async () => {
    const trainer = new Trainer(await trained(), options())
    const controller = new AbortController()
    await trainer.fit(sequences(), { epochs: 1, signal: controller.signal, onBatch: () => controller.abort() })
    const second = new Trainer(await trained(), options())
    await second.restore(await trainer.checkpoint())
    await expect(second.fit(sequences({ samples: 30 }), { epochs: 1 })).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      problem: 'training stands at batch 1 of a set with 6 batches of 22 samples, this one has 8 of 30',
    })
    await second.fit(sequences(), { epochs: 1 })
  })
})

test('no checkpoint is made of a training that has run into NaN', async () => {
  const trainer = new Trainer(await trained(1, await distantCpu()), options())
  const weights = await trainer.readWeights()
  await trainer.fit(sequences(), { epochs: 1 })
  const poisoned = Object.fromEntries(
    Object.entries(weights).map(([path, { data, shape }]) => [
      path,
      { data: Float32Array.from(data, () => Number.NaN), shape },
    ]),
  )
  const taken: Promise<unknown>[] = []
  const run = trainer.fit(sequences(), {
    epochs: 2,
    onBatch: ({ batch }) => {
      if (batch === 1) trainer.writeWeights(poisoned)
      if (batch === 2) taken.push(trainer.checkpoint().catch((error: unknown) => error))
    },
  })
  await expect(run).rejects.toMatchObject({ code: 'E_NOT_FINITE' })
  expect(await taken[0]).toMatchObject({ code: 'E_NOT_FINITE' })
})
