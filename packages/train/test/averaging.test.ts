// Weight averaging: what the averages are, who sees them, and that they survive checkpoints, moves and lost devices.

import { cpu } from '@rnn/backend-cpu'
import { decorate, RnnError } from '@rnn/core'
import { readSafetensors } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import {
  accuracy,
  adam,
  crossEntropy,
  earlyStopping,
  ema,
  evaluate,
  fit,
  swa,
  Trainer,
  type TrainerOptions,
  type WeightAveraging,
} from '../src/index.ts'
import { sequences, trained, weightsOf } from './helpers.ts'

type Weights = Record<string, readonly number[]>

const validation = sequences({ seed: 2 })

function options(averaging: WeightAveraging, change: Partial<TrainerOptions> = {}): TrainerOptions {
  return { loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }), averaging, seed: 3, ...change }
}

/** The weights after each update, and the averages after them. */
async function follow(averaging: WeightAveraging, updates: number): Promise<readonly [Weights[], Weights]> {
  const model = await trained()
  const trainer = new Trainer(model, options(averaging))
  const seen: Weights[] = []
  const batches = [...sequences().batches(0)]
  for (let i = 0; i < updates; i++) {
    trainer.step(batches[i % batches.length]!).dispose()
    seen.push(await weightsOf(model))
  }
  return [seen, await trainer.withAverages(() => weightsOf(model))]
}

/** Compares with an average in float64; each of the updates rounds three times. */
function expectAverage(
  actual: Weights,
  seen: readonly Weights[],
  average: (values: readonly number[]) => number,
): void {
  for (const [path, values] of Object.entries(actual)) {
    for (const [i, value] of values.entries()) {
      const expected = average(seen.map((weights) => weights[path]![i]!))
      expect(Math.abs(value - expected)).toBeLessThan(seen.length * 3 * 2 ** -23)
    }
  }
}

describe('the averages', () => {
  const exponential = (values: readonly number[], decay: number): number =>
    values.reduce((average, value) => decay * average + (1 - decay) * value)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

  test('ema forgets by its decay, from the first weights on', async () => {
    const [seen, averages] = await follow(ema({ decay: 0.8 }), 9)
    expectAverage(averages, seen, (values) => exponential(values, 0.8))
  })

  test('ema begins later and counts less often', async () => {
    const [seen, averages] = await follow(ema({ decay: 0.5, start: 3, every: 2 }), 9)
    expectAverage(averages, [seen[4]!, seen[6]!, seen[8]!], (values) => exponential(values, 0.5))
  })

  test('swa is the mean of the weights that it met', async () => {
    const [seen, averages] = await follow(swa({ start: 2, every: 3 }), 12)
    expectAverage(averages, [seen[4]!, seen[7]!, seen[10]!], mean)
  })

  test('count updates, not batches', async () => {
    const model = await trained()
    const trainer = new Trainer(model, options(swa({ start: 0, every: 1 }), { accumulate: 2 }))
    const seen: Weights[] = []
    for (const batch of [...sequences().batches(0)].slice(0, 4)) {
      trainer.step(batch).dispose()
      if (trainer.position.step > seen.length) seen.push(await weightsOf(model))
    }
    expect(seen.length).toBe(2)
    expectAverage(await trainer.withAverages(() => weightsOf(model)), seen, mean)
  })
})

describe('withAverages', () => {
  async function ready(): Promise<{ model: Awaited<ReturnType<typeof trained>>; trainer: Trainer }> {
    const model = await trained()
    const trainer = new Trainer(model, options(ema({ decay: 0.9 })))
    await trainer.fit(sequences(), { epochs: 1 })
    return { model, trainer }
  }

  test('gives the model its own weights back, bit for bit, also after an error', async () => {
    const { model, trainer } = await ready()
    const own = await weightsOf(model)
    const averages = await trainer.withAverages(() => weightsOf(model))
    expect(averages).not.toEqual(own)
    expect(await weightsOf(model)).toEqual(own)
    const failure = trainer.withAverages(() => Promise.reject(new Error('disk full')))
    await expect(failure).rejects.toThrow('disk full')
    expect(await weightsOf(model)).toEqual(own)
    expect(await trainer.withAverages(() => weightsOf(model))).toEqual(averages)
  })

  test('nests and overlaps', async () => {
    const { model, trainer } = await ready()
    const own = await weightsOf(model)
    const averages = await trainer.withAverages(() => trainer.withAverages(() => weightsOf(model)))
    const late = trainer.withAverages(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      return weightsOf(model)
    })
    expect(await trainer.withAverages(() => weightsOf(model))).toEqual(averages)
    expect(await late).toEqual(averages)
    expect(await weightsOf(model)).toEqual(own)
  })

  test('refuses what would change the averages, and takes the same checkpoint as outside', async () => {
    const { model, trainer } = await ready()
    const outside = await trainer.checkpoint()
    const [batch] = sequences().batches(0)
    await trainer.withAverages(async () => {
      const busy = 'the model holds the averages of its weights at the moment'
      expect(() => trainer.step(batch!)).toThrow(busy)
      expect(() => trainer.writeWeights({})).toThrow(busy)
      expect(() => trainer.useAverages()).toThrow(busy)
      await expect(trainer.fit(sequences(), { epochs: 2 })).rejects.toThrow(busy)
      await expect(trainer.restore(outside)).rejects.toThrow(busy)
      expect(await trainer.checkpoint()).toEqual(outside)
    })
    trainer.useAverages()
    expect(await weightsOf(model)).toEqual(await trainer.withAverages(() => weightsOf(model)))
  })

  test('is waited for by fit', async () => {
    const evaluations: Promise<unknown>[] = []
    const run = async (interrupts: boolean): Promise<Weights> => {
      const model = await trained()
      const trainer = new Trainer(model, options(ema()))
      await trainer.fit(sequences(), {
        epochs: 2,
        onBatch: ({ step }) => {
          if (!interrupts || step % 3 !== 0) return
          evaluations.push(trainer.withAverages(() => evaluate(model, validation, { loss: crossEntropy() })))
        },
      })
      await Promise.all(evaluations)
      return weightsOf(model)
    }
    expect(await run(true)).toEqual(await run(false))
    expect(evaluations.length).toBe(4)
  })

  test('needs averages', async () => {
    const trainer = new Trainer(await trained(), { loss: crossEntropy(), optimizer: adam() })
    await expect(trainer.withAverages(() => 1)).rejects.toThrow('keeps no averages; give the trainer averaging')
    expect(() => trainer.useAverages()).toThrow('keeps no averages')
  })

  test('before the first average the model keeps its weights', async () => {
    const model = await trained()
    const trainer = new Trainer(model, options(swa({ start: 100, every: 1 })))
    const own = await weightsOf(model)
    expect(await trainer.withAverages(() => weightsOf(model))).toEqual(own)
    trainer.useAverages()
    expect(await weightsOf(model)).toEqual(own)
  })
})

describe('in fit', () => {
  test('validation and onEpoch see averages, training goes on from the weights', async () => {
    const model = await trained()
    const plain = new Trainer(await trained(), { ...options(ema()), averaging: undefined })
    const trainer = new Trainer(model, options(ema({ decay: 0.9 })))
    const losses: (number | undefined)[] = []
    const history = await trainer.fit(sequences(), {
      epochs: 3,
      validation,
      onEpoch: async () => {
        losses.push((await evaluate(model, validation, { loss: crossEntropy() })).loss)
      },
    })
    expect(losses).toEqual(history.column('validationLoss'))
    await plain.fit(sequences(), { epochs: 3 })
    expect(history.column('loss')).toEqual(plain.history.column('loss'))
    expect(await weightsOf(model)).toEqual(await weightsOf(plain.model as typeof model))
    const averaged = await trainer.withAverages(() => evaluate(model, validation, { loss: crossEntropy() }))
    expect(averaged.loss).toBe(history.column('validationLoss').at(-1))
  })

  test('fit leaves the averages in the model; early stopping the best of them', async () => {
    const model = await trained()
    const set = { ...options(ema({ decay: 0.9 })), epochs: 4, validation }
    const history = await fit(model, sequences(), set)
    const { loss } = await evaluate(model, validation, { loss: crossEntropy() })
    expect(loss).toBe(history.column('validationLoss').at(-1))

    const other = await trained()
    const stopped = await fit(other, sequences(), { ...set, epochs: 60, callbacks: [earlyStopping({ patience: 2 })] })
    expect(stopped.stopped).toBeDefined()
    const best = Math.min(...stopped.column('validationLoss'))
    expect((await evaluate(other, validation, { loss: crossEntropy() })).loss).toBe(best)
  })

  test('an aborted fit leaves the averages too', async () => {
    const model = await trained()
    const controller = new AbortController()
    const seen: Weights[] = []
    await fit(model, sequences(), {
      ...options(swa({ start: 0, every: 1 })),
      epochs: 2,
      signal: controller.signal,
      onBatch: async ({ step }) => {
        seen.push(await weightsOf(model))
        if (step === 3) controller.abort()
      },
    })
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    expectAverage(await weightsOf(model), seen, mean)
  })

  test.each([
    ['ema', () => ema({ decay: 0.9 })],
    ['swa', () => swa({ start: 4, every: 3 })],
  ] as const)('a training with %s that was interrupted anywhere ends as one that was not', async (_, averaging) => {
    const change = { metrics: [accuracy()], callbacks: [earlyStopping({ patience: 9 })] }
    const model = await trained()
    const whole = new Trainer(model, options(averaging(), change))
    const files: Uint8Array[] = []
    const keep = async (): Promise<void> => void files.push(await whole.checkpoint())
    const expected = await whole.fit(sequences(), { epochs: 3, validation, onBatch: keep, onEpoch: keep })
    const averages = await whole.withAverages(() => weightsOf(model))
    for (const at of [0, 4, 6, 7, 13]) {
      const other = await trained(2)
      const trainer = new Trainer(other, options(averaging(), change))
      await trainer.restore(files[at]!)
      const history = await trainer.fit(sequences(), { epochs: 3, validation })
      for (const column of ['loss', 'validationLoss', 'validationAccuracy'])
        expect(history.column(column)).toEqual(expected.column(column))
      expect(await weightsOf(other)).toEqual(await weightsOf(model))
      expect(await trainer.withAverages(() => weightsOf(other))).toEqual(averages)
    }
  })

  test('a training that is moved, also while it validates, ends as one that stayed', async () => {
    const run = async (moves: boolean): Promise<readonly [Weights, Weights]> => {
      const model = await trained()
      const trainer = new Trainer(model, options(ema({ decay: 0.9 })))
      let moving: Promise<void> | undefined
      const watched = {
        ...validation,
        *batches(epoch: number) {
          for (const batch of validation.batches(epoch)) {
            if (moves) moving ??= cpu().then((backend) => model.to(backend))
            yield batch
          }
        },
      }
      await trainer.fit(sequences(), {
        epochs: 3,
        validation: watched,
        onBatch: async ({ step }) => {
          if (moves && step === 9) await trainer.to(await cpu())
        },
      })
      await moving
      return [await weightsOf(model), await trainer.withAverages(() => weightsOf(model))]
    }
    expect(await run(true)).toEqual(await run(false))
  })

  test('a device that is lost, also while averages are in the model, costs nothing', async () => {
    const run = async (calls: number): Promise<readonly [unknown, unknown, number]> => {
      const backend = await cpu()
      let [left, recoveries] = [calls, 0]
      const lost = (): RnnError => new RnnError({ code: 'E_BACKEND_LOST', operation: 'test', problem: 'it was lost' })
      const fragile = decorate(backend, {
        run(call) {
          if (left-- <= 0) throw lost()
          backend.run(call)
        },
      })
      const model = await trained(1, fragile)
      const trainer = new Trainer(model, options(ema({ decay: 0.9 }), { accumulate: 2 }))
      const recover = (): ReturnType<typeof cpu> => {
        recoveries++
        return cpu()
      }
      const history = await trainer.fit(sequences(), { epochs: 2, validation, snapshots: { every: 4, recover } })
      const { tensors } = readSafetensors(await trainer.checkpoint()) // needs no call that could be the lost one
      const averages = [...tensors].filter(([name]) => name.startsWith('average/'))
      return [history.column('validationLoss'), averages, recoveries]
    }
    const [losses, averages] = await run(Infinity)
    let recovered = 0
    for (let calls = 60; calls < 900; calls += 70) {
      const outcome = await run(calls)
      expect(outcome.slice(0, 2)).toEqual([losses, averages])
      recovered += outcome[2]
    }
    expect(averages).toHaveLength((await trained()).variables().length)
    expect(recovered).toBeGreaterThan(5)
  })
})

test('options out of range are refused', () => {
  expect(() => ema({ decay: 1 })).toThrow('ema: decay 1; use 0 … below 1')
  expect(() => ema({ every: 0 })).toThrow('ema: start 0, every 0')
  expect(() => swa({ start: -1, every: 1 })).toThrow('swa: start -1, every 1; start is a whole number of updates')
  expect(() => swa({ start: 0.5, every: 1 })).toThrow('start 0.5')
})
