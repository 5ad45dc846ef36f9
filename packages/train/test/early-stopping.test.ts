// Early stopping: when it stops, which weights remain, and that it survives a checkpoint.

import { describe, expect, test } from 'vitest'
import {
  accuracy,
  adam,
  crossEntropy,
  earlyStopping,
  ema,
  evaluate,
  f1,
  fit,
  Trainer,
  type Callback,
  type CallbackHost,
  type EarlyStoppingOptions,
  type EpochReport,
  type Metric,
} from '../src/index.ts'
import { sequences, trained, weightsOf } from './helpers.ts'

const options = () => ({ loss: crossEntropy(), optimizer: adam({ learningRate: 0.05 }) })

/** Feeds a callback a series of values; tells after which epoch it stopped. */
async function stoppedAfter(values: readonly number[], settings: EarlyStoppingOptions): Promise<number | undefined> {
  const host: CallbackHost = {
    readWeights: async () => ({}),
    writeWeights: () => {},
    betterIn: (column) => (column === 'accuracy' ? 'more' : 'less'),
    learningRate: 0.1,
    scaleLearningRate: () => {},
  }
  const run = earlyStopping({ monitor: 'value', ...settings }).begin(host)
  for (const [i, value] of values.entries()) {
    const report: EpochReport = {
      epoch: i + 1,
      epochs: values.length,
      loss: value,
      metrics: {},
      validation: undefined,
      learningRate: 0.1,
      seconds: 1,
      row: { value, accuracy: value },
    }
    if (typeof (await run.onEpoch!(report)) === 'string') return i + 1
  }
  return undefined
}

test('stops after so many epochs without anything better', async () => {
  expect(await stoppedAfter([5, 4, 4, 4.5, 4, 3], { patience: 3 })).toBe(5)
  expect(await stoppedAfter([5, 4, 4.1, 3, 3.1, 2], { patience: 2 })).toBeUndefined()
  expect(await stoppedAfter([5, 4.95, 4.92, 4.91], { patience: 2, minDelta: 0.1 })).toBe(3)
  expect(await stoppedAfter([1, 2, 3, 2, 2], { patience: 2, mode: 'max' })).toBe(5)
  expect(await stoppedAfter([0.1, 0.2, 0.2], { monitor: 'accuracy', patience: 1 })).toBe(3)
  expect(await stoppedAfter([Number.NaN, Number.NaN], { patience: 2 })).toBe(2)
})

test('says what there is to monitor', async () => {
  await expect(stoppedAfter([1], { monitor: 'validationLoss' })).rejects.toThrow(
    "there is no 'validationLoss' to monitor, only value, accuracy; give fit a validation set",
  )
  const options = { loss: crossEntropy(), optimizer: adam(), callbacks: [earlyStopping()] }
  const trainer = new Trainer(await trained(), options)
  await expect(trainer.fit(sequences(), { epochs: 2 })).rejects.toThrow(
    'only epoch, loss, learningRate, seconds; give fit a',
  )
  expect(trainer.position.step).toBe(0) // before the first epoch, not after it
  expect(() => earlyStopping({ patience: 0 })).toThrow('patience 0')
})

describe('in a training', () => {
  /** Notes the weights after each epoch. */
  async function run(callbacks: readonly Callback[], epochs: number) {
    const model = await trained()
    const trainer = new Trainer(model, { ...options(), metrics: [accuracy()], callbacks })
    const weights: Record<string, readonly number[]>[] = []
    const history = await trainer.fit(sequences(), {
      epochs,
      validation: sequences({ seed: 2 }),
      onEpoch: async () => void weights.push(await weightsOf(model)),
    })
    return { model, history, weights }
  }

  test('the best weights are back at its end, and the history says why it stopped', async () => {
    const { model, history, weights } = await run([earlyStopping({ patience: 2 })], 60)
    expect(history.stopped).toMatch(/^validationLoss has not improved for 2 epochs, since epoch \d+$/)
    const losses = history.column('validationLoss')
    const best = losses.indexOf(Math.min(...losses))
    expect(losses.length).toBe(best + 3)
    expect(await weightsOf(model)).toEqual(weights[best])
  })

  test('stopped is stopped, also after a restore: fit makes no step, and the history says why', async () => {
    const stopping = () => ({ ...options(), callbacks: [earlyStopping({ patience: 2 })] })
    const [validation, checkpoints] = [sequences({ seed: 2 }), Array<Uint8Array>()]
    const model = await trained()
    const trainer = new Trainer(model, stopping())
    const history = await trainer.fit(sequences(), {
      epochs: 60,
      validation,
      onEpoch: async () => void checkpoints.push(await trainer.checkpoint()),
    })
    expect(history.stopped).toMatch(/has not improved/)
    const { position } = trainer

    const again = await trainer.fit(sequences(), { epochs: 99, validation })
    expect([again.stopped, again.rows.length, trainer.position]).toEqual([
      history.stopped,
      history.rows.length,
      position,
    ])

    // The last checkpoint is older than the return to the best weights: that is made up for.
    const resumed = await trained(5)
    const second = new Trainer(resumed, stopping())
    await second.restore(checkpoints.at(-1)!)
    const restored = await second.fit(sequences(), { epochs: 99, validation })
    expect([restored.stopped, second.position]).toEqual([history.stopped, position])
    expect(await weightsOf(resumed)).toEqual(await weightsOf(model))

    // A new trainer goes on from these weights.
    const next = await new Trainer(resumed, stopping()).fit(sequences(), { epochs: 1, validation })
    expect([next.stopped, next.rows.length]).toEqual([undefined, 1])
  })

  // The largest loss as the best one: that of the first epoch.
  test('epochs that are over are a pause: training goes on from the last weights to the bit, the best in between', async () => {
    const stopping = () => ({ ...options(), callbacks: [earlyStopping({ patience: 9, mode: 'max' })] })
    const validation = sequences({ seed: 2 })
    const straight = await trained()
    const whole = await new Trainer(straight, stopping()).fit(sequences(), { epochs: 8, validation })

    const model = await trained()
    const trainer = new Trainer(model, stopping())
    let last: Record<string, readonly number[]> = {}
    await trainer.fit(sequences(), { epochs: 5, validation, onEpoch: async () => void (last = await weightsOf(model)) })
    expect(await weightsOf(model)).not.toEqual(last)
    const bytes = await trainer.checkpoint()

    const resumed = await trained(7)
    const second = new Trainer(resumed, stopping())
    await second.restore(bytes)
    for (const each of [trainer, second]) {
      const history = await each.fit(sequences(), { epochs: 8, validation })
      expect(history.column('loss')).toEqual(whole.column('loss'))
    }
    for (const each of [model, resumed]) expect(await weightsOf(each)).toEqual(await weightsOf(straight))
  })

  test('where averages are kept, the best ones stay when they are asked for at the end', async () => {
    const model = await trained()
    const averaging = ema({ decay: 0.5 })
    const trainer = new Trainer(model, { ...options(), averaging, callbacks: [earlyStopping({ patience: 2 })] })
    const validation = sequences({ seed: 2 })
    const history = await trainer.fit(sequences(), { epochs: 60, validation })
    expect(history.stopped).toMatch(/has not improved/)
    const best = await weightsOf(model)
    const measure = async () => (await evaluate(model, validation, { loss: crossEntropy() })).loss
    const least = Math.min(...history.column('validationLoss'))
    expect(await trainer.withAverages(measure)).toBeCloseTo(least, 6)
    trainer.useAverages()
    expect(await weightsOf(model)).toEqual(best)
    expect(await measure()).toBeCloseTo(least, 6)
  })

  test('knows of metrics what is better in them, and asks where nobody says it', async () => {
    const watch = (monitor: string, metrics: readonly Metric[]) =>
      trained().then((model) =>
        fit(model, sequences(), {
          ...options(),
          metrics,
          callbacks: [earlyStopping({ monitor, patience: 60 })],
          epochs: 6,
          validation: sequences({ seed: 2 }),
          onEpoch: async () => void weights.push(await weightsOf(model)),
        }).then(async (history) => ({ history, final: await weightsOf(model) })),
      )
    const weights: Record<string, readonly number[]>[] = []
    const { history, final } = await watch('validationF1', [f1()])
    const scores = history.column('validationF1')
    expect(scores.indexOf(Math.max(...scores))).not.toBe(scores.indexOf(Math.min(...scores)))
    expect(final).toEqual(weights[scores.indexOf(Math.max(...scores))])

    const own: Metric = { ...accuracy(), name: 'own' }
    const { better: _, ...silent } = own
    await expect(watch('validationOwn', [silent])).rejects.toThrow(
      "nothing says whether 'validationOwn' should grow or fall; give mode: 'max' or 'min'",
    )
  })

  test('restoreBest: false leaves the last weights', async () => {
    const { model, weights } = await run([earlyStopping({ patience: 2, restoreBest: false })], 60)
    expect(await weightsOf(model)).toEqual(weights.at(-1))
  })

  test('a restored training stops at the same epoch with the same best weights', async () => {
    const { model, history } = await run([earlyStopping({ patience: 2 })], 60)
    const stopping = () => ({ ...options(), metrics: [accuracy()], callbacks: [earlyStopping({ patience: 2 })] })
    const first = new Trainer(await trained(), stopping())
    const controller = new AbortController()
    const validation = sequences({ seed: 2 })
    await first.fit(sequences(), {
      epochs: 60,
      validation,
      signal: controller.signal,
      onBatch: ({ epoch, batch }) => {
        if (epoch === history.rows.length && batch === 3) controller.abort()
      },
    })
    const resumed = await trained(5)
    const second = new Trainer(resumed, stopping())
    await second.restore(await first.checkpoint())
    const again = await second.fit(sequences(), { epochs: 60, validation })
    expect(again.stopped).toBe(history.stopped)
    expect(again.column('validationLoss')).toEqual(history.column('validationLoss'))
    expect(await weightsOf(resumed)).toEqual(await weightsOf(model))
  })
})
