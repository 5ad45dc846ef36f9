// What reaches across time and against the model: windows of streams, norms of gradients by lag, adversarial training.

import { mean, square, type Backend } from '@rnn/core'
import { dense, embedding, gru, lstm, sequential, type Module, type Sequential } from '@rnn/layers'
import {
  adam,
  crossEntropy,
  fgm,
  gradientNorms,
  gradientsByLag,
  pgd,
  sgd,
  Trainer,
  type Attack,
  type TrainerOptions,
  type TrainingBatch,
  type TrainingSet,
} from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits } from '../../check.ts'
import { hostTensor } from '../../host-tensor.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain, UNIT_ROUNDOFF } from '../../tolerances.ts'
import { pseudoIntegers } from '../../values.ts'
import { batchOf, classifier } from './setup.ts'

const [ROWS, TIME, WORDS, STEPS] = [3, 12, 6, 4]

/** Ids, and at each step whether the one before was the same kind: what came before a window matters in it. */
function stream(seed: number): { readonly ids: Int32Array; readonly targets: Int32Array } {
  const ids = Int32Array.from(pseudoIntegers(ROWS * TIME, 500 + seed, 0, WORDS))
  return { ids, targets: ids.map((id, i) => (id + (i % TIME === 0 ? 0 : ids[i - 1]!)) % 3) }
}

/** Columns from `from` on. */
function piece(seed: number, from: number, count: number): TrainingBatch {
  const { ids, targets } = stream(seed)
  const shape = [ROWS, count]
  const cut = (data: Int32Array): Int32Array => data.filter((_, i) => i % TIME >= from && i % TIME < from + count)
  const continues = { data: Int32Array.of(from > 0 ? 1 : 0, 0, from > 0 ? 1 : 0), shape: [ROWS] } // row 1 begins each time
  return { inputs: { data: cut(ids), shape }, targets: { data: cut(targets), shape }, size: ROWS, continues }
}

/** The whole stream as one batch. */
function whole(seed: number): TrainingBatch {
  return { ...piece(seed, 0, TIME), continues: false }
}

async function tagger(backend: Backend, cell: 'lstm' | 'gru'): Promise<Sequential> {
  const layer: Module = cell === 'lstm' ? lstm({ units: 5, layers: 2 }) : gru({ units: 5 })
  return sequential(embedding({ vocabularySize: WORDS, units: 4 }), layer, dense({ units: 3 })).init(backend, {
    seed: 6,
  })
}

function options(change: Partial<TrainerOptions> = {}): TrainerOptions {
  return { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.2 }), seed: 3, ...change }
}

/** Losses of a stream in pieces, each a step. */
async function losses(backend: Backend, cell: 'lstm' | 'gru'): Promise<number[]> {
  const model = await tagger(backend, cell)
  const trainer = new Trainer(model, options())
  const found: number[] = []
  for (let from = 0; from < TIME; from += STEPS) {
    const loss = trainer.step(piece(1, from, STEPS))
    found.push((await loss.data())[0]!)
    loss.dispose()
  }
  trainer.dispose()
  model.dispose()
  return found
}

function setOf(...batches: TrainingBatch[]): TrainingSet {
  return {
    batchCount: batches.length,
    sampleCount: ROWS * batches.length,
    batches: (_, start = 0) => batches.slice(start),
  }
}

async function weightsOf(trainer: Trainer): Promise<number[]> {
  return Object.values(await trainer.readWeights()).flatMap(({ data }) => [...data])
}

/** All gradients of a step, and their norms. */
async function gradientsOf(backend: Backend, adversarial: Attack): Promise<{ values: number[]; norms: number[] }> {
  const model = await classifier(backend, 'gru', 0)
  const trainer = new Trainer(model, options({ adversarial }))
  const step = trainer.computeGradients(batchOf(0))
  const values: number[] = []
  for (const gradient of Object.values(step.gradients)) values.push(...(await gradient.data()))
  const norms = Object.values(await gradientNorms(step.gradients))
  for (const each of [step, trainer, model]) each.dispose()
  return { values, norms }
}

async function lags(backend: Backend, layer: Module): Promise<number[]> {
  await layer.init(backend, { seed: 2 })
  const data = Float32Array.from(pseudoIntegers(2 * 8 * 3, 510, -4, 5), (each) => each / 4)
  const norms = await gradientsByLag(layer, { data, shape: [2, 8, 3] }, (hidden) => mean(square(hidden)))
  layer.dispose()
  return norms
}

export const streamCases: readonly ConformanceCase[] = [
  ...(['lstm', 'gru'] as const).map((cell) =>
    caseOf(
      `training/stream/${cell}-curve`,
      `the losses of a stream in pieces, of which one row begins each time, are those of float64 with a ${cell}`,
      async ({ backend, note }) => {
        const expected = hostTensor([TIME / STEPS], await losses(referenceBackend(), cell))
        // An update by 0.2 of a gradient passes on no more than the error that the pass before had made.
        const bound = expected.values.map((loss, i) => loss * chain(200) * UNIT_ROUNDOFF * 2 ** i)
        note(compare('loss', await losses(backend, cell), expected, bound))
      },
    ),
  ),

  caseOf(
    'training/truncate/windows',
    'fit cuts a sequence into windows that train as the same pieces of a stream do, to the bit',
    async ({ backend }) => {
      const model = await tagger(backend, 'lstm')
      const trainer = new Trainer(model, options())
      await trainer.fit(setOf(whole(2)), { epochs: 1, truncate: { steps: STEPS } })
      const other = await tagger(backend, 'lstm')
      const stepped = new Trainer(other, options())
      for (let from = 0; from < TIME; from += STEPS)
        stepped.step({ ...piece(2, from, STEPS), continues: from > 0 }).dispose()
      compareBits('weights', await weightsOf(trainer), await weightsOf(stepped))
      for (const each of [trainer, stepped, model, other]) each.dispose()
    },
  ),

  caseOf(
    'training/truncate/resume',
    'a training resumed between two windows goes on to the bit, gradients reaching back two of them',
    async ({ backend }) => {
      const set = setOf(whole(1), { ...whole(2), continues: true })
      const truncate = { steps: STEPS, backward: 2 * STEPS }
      const steered = options({
        optimizer: adam({ learningRate: 0.02 }),
        accumulate: 2,
        adversarial: fgm({ epsilon: 0.1 }),
      })
      const model = await tagger(backend, 'gru')
      const trainer = new Trainer(model, steered)
      let bytes: Promise<Uint8Array> | undefined
      let windows = 0
      await trainer.fit(set, {
        epochs: 1,
        truncate,
        onBatch: async () => {
          if (++windows === 5) await (bytes = trainer.checkpoint())
        },
      })
      check(bytes !== undefined, `${windows} windows, expected 6`)
      const fresh = await tagger(backend, 'gru')
      const resumed = new Trainer(fresh, steered)
      await resumed.restore(await bytes)
      await resumed.fit(set, { epochs: 1, truncate })
      compareBits('weights', await weightsOf(resumed), await weightsOf(trainer))
      for (const each of [trainer, resumed, model, fresh]) each.dispose()
    },
  ),

  caseOf(
    'training/truncate/memory',
    '6 epochs of windows, carried on from batch to batch, with an attack, leave buffers where they were',
    async ({ backend }) => {
      const model = await tagger(backend, 'gru')
      const trainer = new Trainer(model, options({ adversarial: pgd({ epsilon: 0.1, steps: 2 }) }))
      const set = setOf(whole(1), { ...whole(2), continues: true })
      const truncate = { steps: STEPS, backward: 2 * STEPS }
      await trainer.fit(set, { epochs: 2, truncate })
      await backend.sync()
      const { liveBuffers, liveBytes } = backend.stats()
      await trainer.fit(set, { epochs: 6, truncate })
      await backend.sync()
      const after = backend.stats()
      check(after.liveBuffers === liveBuffers, `live buffers went from ${liveBuffers} to ${after.liveBuffers}`)
      check(after.liveBytes === liveBytes, `live bytes went from ${liveBytes} to ${after.liveBytes}`)
      trainer.dispose()
      model.dispose()
    },
  ),

  ...[fgm({ epsilon: 0.2 }), pgd({ epsilon: 0.2, stepSize: 0.15, steps: 2 })].map((attack) =>
    caseOf(
      `training/adversarial/${attack.name}`,
      `gradients of ${attack.name} and their norms are those of float64`,
      async ({ backend, note }) => {
        const expected = await gradientsOf(referenceBackend(), attack)
        const largest = Math.max(...expected.values.map(Math.abs))
        // One pass after another: the error of a perturbation is that of the gradients by which it was made, relative to its length.
        const bound = new Float64Array(expected.values.length).fill(
          largest * chain(400 * (attack.steps + 1)) * UNIT_ROUNDOFF,
        )
        const found = await gradientsOf(backend, attack)
        note(compare('gradients', found.values, hostTensor([expected.values.length], expected.values), bound))
        const norms = expected.norms.map(
          (norm) => norm * chain(400 * (attack.steps + 1)) * UNIT_ROUNDOFF + largest * chain(400) * UNIT_ROUNDOFF,
        )
        note(compare('norms', found.norms, hostTensor([norms.length], expected.norms), Float64Array.from(norms)))
      },
    ),
  ),

  ...(['lstm', 'gru'] as const).map((cell) =>
    caseOf(
      `training/lags/${cell}`,
      `norms of gradients by time lag are those of float64 for a stacked ${cell}`,
      async ({ backend, note }) => {
        const make = (): Module =>
          cell === 'lstm' ? lstm({ units: 4, inputSize: 3, layers: 2 }) : gru({ units: 4, inputSize: 3, layers: 2 })
        const expected = hostTensor([8], await lags(referenceBackend(), make()))
        const largest = Math.max(...expected.values)
        // A step back in time is a path of some 40 roundings.
        const bound = expected.values.map((_, lag) => largest * chain(40 * (lag + 8)) * UNIT_ROUNDOFF)
        note(compare('norm', await lags(backend, make()), expected, bound))
      },
    ),
  ),
]
