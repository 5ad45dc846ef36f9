// What steers updates: optimisers made of core's ops, accumulated gradients, clipping, averages, scaled learning rates.

import { tensor, type Backend } from '@rnn/core'
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  crossEntropy,
  ema,
  lion,
  nadam,
  OptimizerState,
  sgd,
  swa,
  Trainer,
  type Optimizer,
  type TrainerOptions,
  type TrainingBatch,
} from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits } from '../../check.ts'
import { hostTensor } from '../../host-tensor.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain, UNIT_ROUNDOFF } from '../../tolerances.ts'
import { batchOf, classifier, lossesOf } from './setup.ts'

const RATE = 0.05

/** Each with what it can do beside its rule. */
const COMPOSED: readonly Optimizer[] = [
  adam({ learningRate: RATE, amsgrad: true, weightDecay: 0.1 }),
  adamW({ learningRate: RATE, amsgrad: true, weightDecay: 0.1 }),
  adagrad({ learningRate: RATE, learningRateDecay: 0.1, initialAccumulator: 0.1, weightDecay: 0.1 }),
  adadelta({ learningRate: RATE, weightDecay: 0.1, decoupledWeightDecay: true }),
  nadam({ learningRate: RATE, weightDecay: 0.1, decoupledWeightDecay: true }),
  adamax({ learningRate: RATE, weightDecay: 0.1 }),
  lion({ learningRate: RATE, weightDecay: 0.1 }),
]

const [STEPS, ELEMENTS] = [6, 15]

/** Parameters after some updates; gradients are 0.4 … 2 in size, so that no rounding decides a sign or a largest element. */
async function parametersAfter(backend: Backend, optimizer: Optimizer): Promise<readonly number[]> {
  const each = (f: (i: number) => number): Float32Array => Float32Array.from({ length: ELEMENTS }, (_, i) => f(i))
  const shape = [3, 5]
  const parameter = tensor(
    each((i) => (i - 7) / 4),
    { backend, shape },
  )
  const scale = tensor(Float32Array.of(0.5), { backend, shape: [] })
  const state = new OptimizerState(optimizer, backend)
  for (let step = 0; step < STEPS; step++) {
    const values = each((i) => (i % 2 === 0 ? 1 : -1) * (2.4 + 1.6 * Math.sin(i + 2 * step)))
    const gradient = tensor(values, { backend, shape })
    state.apply({ parameter }, { parameter: gradient }, scale)
    gradient.dispose()
  }
  const result = [...(await parameter.data())]
  state.dispose()
  parameter.dispose()
  scale.dispose()
  return result
}

/** A batch with the rows of two. */
function joined(first: TrainingBatch, second: TrainingBatch): TrainingBatch {
  const join = (pick: (batch: TrainingBatch) => unknown): { data: Int32Array; shape: readonly number[] } => {
    const [a, b] = [pick(first), pick(second)] as { data: Int32Array; shape: readonly number[] }[]
    const [rows = 0, ...rest] = a!.shape
    return { data: Int32Array.from([...a!.data, ...b!.data]), shape: [2 * rows, ...rest] }
  }
  return {
    inputs: join(({ inputs }) => inputs),
    targets: join(({ targets }) => targets),
    lengths: join(({ lengths }) => lengths),
    size: first.size + second.size,
  }
}

/** Everything that a checkpoint has to keep beside weights and moments. */
function steered(change: Partial<TrainerOptions> = {}): TrainerOptions {
  const averaging = ema({ decay: 0.8 })
  return {
    loss: crossEntropy(),
    optimizer: nadam({ learningRate: 0.02 }),
    accumulate: 3,
    averaging,
    seed: 3,
    ...change,
  }
}

async function weightsOf(trainer: Trainer): Promise<number[]> {
  return Object.values(await trainer.readWeights()).flatMap(({ data }) => [...data])
}

export const steeringCases: readonly ConformanceCase[] = [
  ...COMPOSED.map((optimizer) =>
    caseOf(
      `training/optimizer-steps/${optimizer.name}${'amsgrad' in optimizer.configuration ? '-amsgrad' : ''}`,
      `${STEPS} updates of ${optimizer.name}, scaled and with weight decay, are those of float64`,
      async ({ backend, note }) => {
        const expected = hostTensor([3, 5], await parametersAfter(referenceBackend(), optimizer))
        // A step is about RATE: at most 20 ops of up to 9 roundings, whose operands differ in size by 4 at most. To that comes the rounding of the sum.
        const bound = expected.values.map(
          (value) => STEPS * (RATE * 4 * chain(180) + 2 * (Math.abs(value) + 1)) * UNIT_ROUNDOFF,
        )
        note(compare('parameter', await parametersAfter(backend, optimizer), expected, bound))
      },
    ),
  ),

  ...(['clipNorm', 'clipNormPerTensor', 'clipValue'] as const).map((clipping) =>
    caseOf(
      `training/accumulate/${clipping}`,
      `two batches make the update of one with the rows of both, with ${clipping}`,
      async ({ backend, note }) => {
        const run = async (whole: boolean): Promise<number[]> => {
          const model = await classifier(backend, 'gru', 0)
          const options = steered({ optimizer: sgd({ learningRate: 0.1 }), averaging: undefined, [clipping]: 0.05 })
          const trainer = new Trainer(model, { ...options, accumulate: whole ? 1 : 2 })
          for (const i of [0, 2]) {
            const batches = whole ? [joined(batchOf(i), batchOf(i + 1))] : [batchOf(i), batchOf(i + 1)]
            for (const batch of batches) trainer.step(batch).dispose()
          }
          check(trainer.position.step === 2, `${trainer.position.step} updates`)
          const weights = await weightsOf(trainer)
          trainer.dispose()
          model.dispose()
          return weights
        }
        const weights = await run(true)
        // Gradients are sums over the same rows in another order; clipped to 0.05, and 0.1 of that is an update.
        const bound = new Float64Array(weights.length).fill((2 * 0.1 * 0.05 * chain(400) + 8) * UNIT_ROUNDOFF)
        note(compare('weights', await run(false), hostTensor([weights.length], weights), bound))
      },
    ),
  ),

  caseOf(
    'training/averages/mean',
    'swa is the mean of the weights, and the model gets its own back to the bit',
    async ({ backend, note }) => {
      const model = await classifier(backend, 'gru')
      const trainer = new Trainer(model, steered({ accumulate: 1, averaging: swa({ start: 1, every: 1 }) }))
      const seen: number[][] = []
      for (let i = 0; i < 4; i++) {
        trainer.step(batchOf(i)).dispose()
        seen.push(await weightsOf(trainer))
      }
      const own = seen.at(-1)!
      const means = own.map((_, at) => seen.slice(1).reduce((sum, weights) => sum + weights[at]! / 3, 0))
      const bound = means.map((value) => 3 * 4 * (Math.abs(value) + 0.1) * UNIT_ROUNDOFF)
      const averages = await trainer.withAverages(() => weightsOf(trainer))
      note(compare('averages', averages, hostTensor([own.length], means), Float64Array.from(bound)))
      compareBits('weights afterwards', await weightsOf(trainer), own)
      trainer.dispose()
      model.dispose()
    },
  ),

  caseOf(
    'training/steered/resume',
    'within a group of batches, with averages and a scaled rate, a resumed training goes on to the bit',
    async ({ backend }) => {
      const model = await classifier(backend, 'gru')
      const trainer = new Trainer(model, steered())
      await lossesOf(trainer, 4)
      trainer.scaleLearningRate(0.5)
      const bytes = await trainer.checkpoint()
      const end = async (each: Trainer): Promise<number[]> => {
        const losses = await lossesOf(each, 4, 4)
        const averages = await each.withAverages(() => weightsOf(each))
        return [...losses, ...averages, ...(await weightsOf(each))]
      }
      const expected = await end(trainer)
      const fresh = await classifier(backend, 'gru')
      const resumed = new Trainer(fresh, steered())
      await resumed.restore(bytes)
      compareBits('after restore', await end(resumed), expected)
      for (const each of [trainer, resumed, model, fresh]) each.dispose()
    },
  ),

  caseOf(
    'training/steered/memory',
    '60 steps of accumulation, clipping by value, Lion and averages leave buffers and bytes where they were',
    async ({ backend }) => {
      const model = await classifier(backend, 'gru')
      const optimizer = lion({ learningRate: 1e-3, weightDecay: 0.1 })
      const trainer = new Trainer(model, steered({ optimizer, clipValue: 0.1 }))
      const steps = async (from: number, to: number): Promise<void> => {
        for (let i = from; i < to; i++) trainer.step(batchOf(i % 3)).dispose()
        await backend.sync()
      }
      await steps(0, 6)
      const { liveBuffers, liveBytes } = backend.stats()
      await steps(6, 60)
      const after = backend.stats()
      check(after.liveBuffers === liveBuffers, `live buffers went from ${liveBuffers} to ${after.liveBuffers}`)
      check(after.liveBytes === liveBytes, `live bytes went from ${liveBytes} to ${after.liveBytes}`)
      trainer.dispose()
      model.dispose()
    },
  ),
]
