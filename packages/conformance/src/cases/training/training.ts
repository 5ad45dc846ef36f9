// Training as users do it: it learns, repeats to the bit, resumes, moves, and leaves nothing behind.

import type { Backend } from '@rnn/core'
import { adadelta, adagrad, adam, adamax, adamW, lion, nadam, rmsprop, sgd, type Optimizer } from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits } from '../../check.ts'
import { hostTensor } from '../../host-tensor.ts'
import { compositesOf } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain, UNIT_ROUNDOFF } from '../../tolerances.ts'
import { BATCHES, batchOf, classifier, lossesOf, trainerOf } from './setup.ts'
import { steeringCases } from './steering.ts'
import { streamCases } from './streams.ts'
import { weightOptionCases } from './weight-options.ts'

/** Mean of some losses. */
const mean = (losses: readonly number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length

async function train(
  backend: Backend,
  steps: number,
  cell: 'lstm' | 'gru' = 'lstm',
  optimizer?: Optimizer,
): Promise<number[]> {
  const model = await classifier(backend, cell)
  const trainer = trainerOf(model, optimizer)
  const losses = await lossesOf(trainer, steps)
  trainer.dispose()
  model.dispose()
  return losses
}

const OPTIMIZERS: readonly (readonly [name: string, make: () => Optimizer])[] = [
  ['sgd', () => sgd({ learningRate: 0.5 })],
  ['momentum', () => sgd({ learningRate: 0.1, momentum: 0.9 })],
  ['nesterov', () => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })],
  ['rmsprop', () => rmsprop({ learningRate: 0.01 })],
  ['adam', () => adam({ learningRate: 0.02 })],
  ['adamW', () => adamW({ learningRate: 0.02, weightDecay: 0.01 })],
  ['amsgrad', () => adam({ learningRate: 0.02, amsgrad: true })],
  ['adagrad', () => adagrad({ learningRate: 0.1 })],
  ['adadelta', () => adadelta()],
  ['nadam', () => nadam({ learningRate: 0.02 })],
  ['adamax', () => adamax({ learningRate: 0.02 })],
  ['lion', () => lion({ learningRate: 0.005 })],
]

export const trainingLevel: readonly ConformanceCase[] = [
  ...(['lstm', 'gru'] as const).map((cell) =>
    caseOf(
      `training/classifier/${cell}-learns`,
      `the loss of a ${cell} classifier falls below 60 % of what it was, in 80 steps`,
      async ({ backend }) => {
        const losses = await train(backend, 80, cell)
        const [first, last] = [mean(losses.slice(0, BATCHES)), mean(losses.slice(-BATCHES))]
        check(last < 0.6 * first, `the loss went from ${first.toFixed(4)} to ${last.toFixed(4)}`)
      },
    ),
  ),

  // Adam divides by the size of the gradient, so early steps amplify rounding: each step may double the error that it finds.
  ...(['lstm', 'gru'] as const).map((cell) =>
    caseOf(
      `training/classifier/${cell}-curve`,
      `the first 6 losses of a ${cell} classifier are those of float64`,
      async ({ backend, note }) => {
        const expected = hostTensor([6], await train(referenceBackend(), 6, cell))
        const bound = expected.values.map((loss, i) => loss * chain(400) * UNIT_ROUNDOFF * 2 ** i)
        note(compare('loss', await train(backend, 6, cell), expected, bound))
        note(compare('loss of the composites', await train(compositesOf(backend), 6, cell), expected, bound))
      },
    ),
  ),

  ...OPTIMIZERS.map(([name, make]) =>
    caseOf(`training/optimizer/${name}`, `${name} lowers the loss`, async ({ backend }) => {
      const losses = await train(backend, 40, 'gru', make())
      const [first, last] = [mean(losses.slice(0, BATCHES)), mean(losses.slice(-BATCHES))]
      check(last < 0.95 * first, `the loss went from ${first.toFixed(4)} to ${last.toFixed(4)}`)
    }),
  ),

  caseOf('training/repeat/bits', 'a seeded run repeated gives the same losses to the bit', async ({ backend }) => {
    compareBits('losses', await train(backend, 12), await train(backend, 12))
  }),

  caseOf(
    'training/repeat/other-instance',
    'another instance of the backend gives the same losses to the bit',
    async ({ backend, another }) => {
      compareBits('losses', await train(await another(), 12), await train(backend, 12))
    },
  ),

  caseOf(
    'training/memory/flat',
    '220 steps leave live buffers and bytes where they were after step 10',
    async ({ backend }) => {
      const model = await classifier(backend)
      const trainer = trainerOf(model)
      const steps = async (from: number, to: number): Promise<void> => {
        for (let i = from; i < to; i++) trainer.step(batchOf(i % BATCHES)).dispose()
        await backend.sync()
      }
      await steps(0, 10)
      const { liveBuffers, liveBytes } = backend.stats()
      await steps(10, 220)
      const after = backend.stats()
      check(after.liveBuffers === liveBuffers, `live buffers went from ${liveBuffers} to ${after.liveBuffers}`)
      check(after.liveBytes === liveBytes, `live bytes went from ${liveBytes} to ${after.liveBytes}`)
      trainer.dispose()
      model.dispose()
    },
  ),

  caseOf('training/checkpoint/resume', 'training resumed from a checkpoint goes on to the bit', async ({ backend }) => {
    const model = await classifier(backend)
    const trainer = trainerOf(model)
    await lossesOf(trainer, 7)
    const bytes = await trainer.checkpoint()
    const expected = await lossesOf(trainer, 7, 7)
    const fresh = await classifier(backend)
    const resumed = trainerOf(fresh)
    await resumed.restore(bytes)
    compareBits('losses after restore', await lossesOf(resumed, 7, 7), expected)
    for (const each of [trainer, resumed, model, fresh]) each.dispose()
  }),

  caseOf(
    'training/move/other-instance',
    'training moved to another instance goes on to the bit',
    async ({ backend, another }) => {
      const expected = await train(backend, 14)
      const model = await classifier(backend)
      const trainer = trainerOf(model)
      const before = await lossesOf(trainer, 7)
      const other = await another()
      await trainer.to(other)
      const after = await lossesOf(trainer, 7, 7)
      compareBits('losses', [...before, ...after], expected)
      trainer.dispose()
      model.dispose()
    },
  ),

  caseOf('training/move/back', 'a model moved there and back predicts the same bits', async ({ backend, another }) => {
    const model = await classifier(backend)
    const batch = batchOf(0)
    const request = { inputs: batch.inputs, lengths: batch.lengths }
    const before = await model.predict(request)
    const other = await another()
    await model.to(other)
    const there = await model.predict(request)
    await model.to(backend)
    const after = await model.predict(request)
    compareBits('on the other instance', there.data, before.data)
    compareBits('back again', after.data, before.data)
    model.dispose()
  }),

  ...steeringCases,

  ...streamCases,
  ...weightOptionCases,
]
