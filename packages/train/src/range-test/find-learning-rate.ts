// The learning-rate range test: a short training whose learning rate grows, to see where learning begins and where it breaks down.

import { readTensors, RnnError, type Tensor } from '@rnn/core'
import { checkAbove, type Schedule } from '../schedules/schedule.ts'
import { checkNotEmpty, emptySet, type TrainingBatch, type TrainingSet } from '../trainer/batches.ts'
import { createBreather } from '../trainer/breathing.ts'
import type { TrainableModel } from '../trainer/model.ts'
import { Trainer } from '../trainer/trainer.ts'
import type { TrainerOptions } from '../trainer/training-state.ts'
import { RangeTestCurve, type RangeTestPoint } from './range-test-curve.ts'

/** Options of {@link findLearningRate}: those of a training that change a step, and of the test. */
export interface FindLearningRateOptions<Output = Tensor, Targets = Tensor> extends Omit<
  TrainerOptions<Output, Targets>,
  'accumulate' | 'averaging' | 'callbacks' | 'metrics' | 'notFinite'
> {
  /** The first learning rate. Default: 1e-7. */
  readonly from?: number
  /** The last one, unless the loss breaks down before. Default: 10. */
  readonly to?: number
  /** Batches, one for each learning rate. Default: 100. */
  readonly steps?: number
  /** How slowly the average of the losses forgets. Default: 0.9. */
  readonly smoothing?: number
  /** The test ends where the smoothed loss is so many times its least. Default: 4. */
  readonly divergence?: number
  /** Called after each batch. */
  readonly onBatch?: (point: RangeTestPoint) => void
  readonly signal?: AbortSignal | undefined
}

/** What {@link findLearningRate} finds. */
export interface LearningRateRange {
  readonly curve: readonly RangeTestPoint[]
  /** Where the smoothed loss fell fastest, seen over a fifth of the curve and without its first points: a good learning rate to begin with. Undefined where it never fell. */
  readonly suggestion: number | undefined
  /** Whether the loss broke down; without it the range may have ended too early. */
  readonly diverged: boolean
}

/**
 * The learning-rate range test (Smith 2017, section 3.3): trains on a batch for each of a series of learning rates that grow by the same factor, and
 * notes the losses. The model ends as it was, to the last bit. The optimiser is used as it is, but for its learning rate; it must use the one that `scheduleAt` is given.
 *
 * ```ts
 * const { curve, suggestion } = await findLearningRate(model, trainSet, { loss: crossEntropy(), optimizer: adam() })
 * curve.map(({ learningRate, smoothed }) => [learningRate, smoothed])
 * ```
 *
 * @throws E_VALUE for a range that is none or an empty set, E_ABORTED when the signal says so
 */
export async function findLearningRate<Input, Output, Targets>(
  model: TrainableModel<Input, Output>,
  set: TrainingSet<Input, Targets>,
  options: FindLearningRateOptions<NoInfer<Output>, Targets>,
): Promise<LearningRateRange> {
  const { from = 1e-7, to = 10, steps = 100, smoothing = 0.9, divergence = 4, onBatch, signal, ...training } = options
  checkRange({ from, to, steps, smoothing, divergence })
  checkNotEmpty('findLearningRate', 'training set', set)
  const learningRate: Schedule = {
    name: 'rangeTest',
    configuration: { from, to, steps },
    at: (step) => from * (to / from) ** (step / (steps - 1)),
  }
  const variables = model.variables()
  const before = await readTensors(variables.map(({ variable }) => variable.value))
  const trainer = new Trainer(model, { ...training, optimizer: { ...training.optimizer, learningRate } })
  const curve = new RangeTestCurve(smoothing, divergence)
  const breather = createBreather()
  try {
    for await (const batch of endless(set)) {
      if (signal?.aborted) {
        throw new RnnError({ code: 'E_ABORTED', operation: 'findLearningRate', problem: 'aborted by its signal' })
      }
      const rate = trainer.learningRate
      const loss = trainer.step(batch)
      const [values] = await readTensors([loss]).finally(() => loss.dispose())
      const point = curve.add(rate, values?.[0] ?? Number.NaN)
      onBatch?.(point)
      if (curve.diverged || curve.points.length === steps) break
      await breather.pause()
    }
  } finally {
    breather.close()
    trainer.dispose()
    variables.forEach(({ variable }, i) => variable.assign(Float32Array.from(before[i] ?? [])))
  }
  return { curve: curve.points, suggestion: curve.steepest, diverged: curve.diverged }
}

/** The batches of one epoch after another. */
async function* endless<Input, Targets>(
  set: TrainingSet<Input, Targets>,
): AsyncGenerator<TrainingBatch<Input, Targets>> {
  for (let epoch = 0; ; epoch++) {
    let any = false
    for await (const batch of set.batches(epoch)) {
      any = true
      yield batch
    }
    if (!any) throw emptySet('findLearningRate', 'training set')
  }
}

interface Range {
  readonly from: number
  readonly to: number
  readonly steps: number
  readonly smoothing: number
  readonly divergence: number
}

function checkRange({ from, to, steps, smoothing, divergence }: Range): void {
  checkAbove('findLearningRate', 'from', from, 0)
  checkAbove('findLearningRate', 'to', to, from)
  checkAbove('findLearningRate', 'divergence', divergence, 1)
  if (Number.isInteger(steps) && steps >= 3 && smoothing >= 0 && smoothing < 1) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'findLearningRate',
    problem: `steps ${steps}, smoothing ${smoothing}`,
    fix: 'steps is a whole number from 3 on, smoothing 0 … below 1',
  })
}
