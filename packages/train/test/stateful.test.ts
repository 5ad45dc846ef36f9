// Stateful layers in training: a stream in batches goes on from state to state, as batches that say so do.

import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key, type Backend } from '@rnn/core'
import { dense, gru, lstm, minGru, resetStates, sequential, stacked, type Sequential } from '@rnn/layers'
import { expect, test } from 'vitest'
import { adam, evaluate, fit, meanSquaredError, Trainer } from '../src/index.ts'
import type { TrainingBatch, TrainingSet } from '../src/index.ts'

const [ROWS, TIME] = [2, 4]

/** Pieces of one stream: at each step the sum of all inputs so far, small. */
function pieces(count: number): TrainingBatch[] {
  const next = hostUniform(key(3))
  const sums = new Float32Array(ROWS)
  return Array.from({ length: count }, () => {
    const [inputs, targets] = [new Float32Array(ROWS * TIME), new Float32Array(ROWS * TIME)]
    for (let i = 0; i < inputs.length; i++) {
      inputs[i] = next() - 0.5
      targets[i] = sums[Math.floor(i / TIME)]! += inputs[i]!
    }
    const shape = [ROWS, TIME, 1]
    return { inputs: { data: inputs, shape }, targets: { data: targets, shape }, size: ROWS }
  })
}

const setOf = (batches: readonly TrainingBatch[]): TrainingSet => ({
  batchCount: batches.length,
  sampleCount: ROWS * batches.length,
  batches: (_, start = 0) => batches.slice(start),
})

const modelOf = (backend: Backend, statefulRows?: number): Promise<Sequential> => {
  const own = statefulRows === undefined ? {} : { statefulRows }
  const layer = stacked(
    lstm({ units: 3, inputSize: 1, ...own }),
    minGru({ units: 4, ...own }),
    gru({ units: 2, ...own }),
  )
  return sequential(layer, dense({ units: 1 })).init(backend, { seed: 1 })
}

const options = () => ({ loss: meanSquaredError(), optimizer: adam({ learningRate: 0.05 }), epochs: 1 })

test('fit carries their states from batch to batch, as in batches that continue', async () => {
  const backend = await cpu()
  const [stateful, plain, forgetful] = [await modelOf(backend, ROWS), await modelOf(backend), await modelOf(backend)]
  const batches = pieces(6)
  const history = await fit(stateful, setOf(batches), options())
  const continued = batches.map((batch, i) => ({ ...batch, continues: i > 0 }))
  expect(history.rows).toMatchObject([{ loss: (await fit(plain, setOf(continued), options())).rows[0]?.['loss'] }])
  expect((await fit(forgetful, setOf(batches), options())).rows[0]?.['loss']).not.toBeCloseTo(
    Number(history.rows[0]?.['loss']),
    6,
  )
  const values = async (model: Sequential): Promise<unknown[]> =>
    Promise.all(model.parameters().map(({ variable }) => variable.value.data()))
  expect(await values(stateful)).toEqual(await values(plain))
})

test('a thousand steps leave no buffers behind, and predict goes on where training ended', async () => {
  const backend = await cpu()
  const model = await modelOf(backend, ROWS)
  const trainer = new Trainer(model, { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.01 }) })
  const [batch] = pieces(1)
  for (let step = 0; step < 3; step++) trainer.step(batch!).dispose()
  const live = backend.stats().liveBuffers
  for (let step = 0; step < 997; step++) trainer.step(batch!).dispose()
  expect(backend.stats().liveBuffers).toBe(live)
  const { inputs } = batch as TrainingBatch & { readonly inputs: never }
  const onwards = await model.predict(inputs)
  resetStates(model)
  expect((await model.predict(inputs)).data).not.toEqual(onwards.data)
  trainer.dispose()
})

test('validation is of sequences of its own: training goes on as if there were none', async () => {
  const backend = await cpu()
  const [validated, alone] = [await modelOf(backend, ROWS), await modelOf(backend, ROWS)]
  const [set, validation] = [setOf(pieces(4)), setOf(pieces(7).slice(4))]
  const twoEpochs = { ...options(), epochs: 2 }
  const live = backend.stats().liveBuffers
  const history = await fit(validated, set, { ...twoEpochs, validation })
  const due = await fit(alone, set, twoEpochs)
  expect(backend.stats().liveBuffers).toBe(live)
  expect(history.rows.map(({ loss }) => loss)).toEqual(due.rows.map(({ loss }) => loss))
  const values = async (model: Sequential): Promise<unknown[]> =>
    Promise.all(model.variables().map(({ variable }) => variable.value.data()))
  expect(await values(validated)).toEqual(await values(alone)) // states, too
  resetStates(validated)
  const { loss } = await evaluate(validated, validation, { loss: meanSquaredError() })
  expect(history.rows[1]?.['validationLoss']).toBe(loss)
})

test('a model that moves while it is validated takes the states along', async () => {
  const [backend, elsewhere] = [await cpu(), await cpu()]
  const [moving, staying] = [await modelOf(backend, ROWS), await modelOf(backend, ROWS)]
  const [set, validation] = [setOf(pieces(4)), pieces(7).slice(4)]
  let moves: Promise<void> | undefined
  const trainer = new Trainer(moving, { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.05 }) })
  const moved = {
    ...setOf(validation),
    *batches() {
      for (const batch of validation) {
        yield batch
        moves ??= trainer.to(elsewhere)
      }
    },
  }
  await trainer.fit(set, { epochs: 2, validation: moved })
  await moves
  expect(moving.backend).toBe(elsewhere)
  const due = new Trainer(staying, { loss: meanSquaredError(), optimizer: adam({ learningRate: 0.05 }) })
  await due.fit(set, { epochs: 2 })
  const values = async (model: Sequential): Promise<unknown[]> =>
    Promise.all(model.variables().map(({ variable }) => variable.value.data()))
  expect(await values(moving)).toEqual(await values(staying))
})
