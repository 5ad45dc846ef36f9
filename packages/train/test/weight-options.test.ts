// What layers say of their weights and outputs reaches the training step: penalties, constraints, steps that don't count.

import { cpu } from '@rnn/backend-cpu'
import { constant } from '@rnn/core'
import {
  activityRegularization,
  dense,
  gru,
  l1,
  l2,
  masking,
  maxNorm,
  nonNegative,
  sequential,
  unitNorm,
  type Constraint,
  type DenseOptions,
  type HostArray,
  type Sequential,
} from '@rnn/layers'
import { expect, test } from 'vitest'
import {
  accuracy,
  adam,
  crossEntropy,
  evaluate,
  fgm,
  fit,
  meanSquaredError,
  sgd,
  Trainer,
  type TrainingBatch,
  type TrainingSet,
} from '../src/index.ts'
import { classifier, sequences, weightsOf } from './helpers.ts'

const host = (shape: readonly number[], ...data: number[]): HostArray<Float32Array> => ({
  data: Float32Array.from(data),
  shape,
})

/** Two samples of two features; one target each. */
const BATCH: TrainingBatch = { inputs: host([2, 2], 1, 2, -1, 3), targets: host([2, 1], 4, -2), size: 2 }

const setOf = (batch: TrainingBatch): TrainingSet => ({
  batchCount: 1,
  sampleCount: batch.size,
  batches: () => [batch],
})

async function layerWith(options: Partial<DenseOptions>): Promise<Sequential> {
  const layer = dense({ units: 1, inputSize: 2, kernelInitializer: constant(0.5), ...options })
  return sequential(layer).init(await cpu(), { seed: 1 })
}

const withLoss = { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }) }

/** Loss and gradients of the first step. */
async function firstStep(
  model: Sequential,
  batch = BATCH,
): Promise<{ loss: number; gradients: Record<string, readonly number[]> }> {
  const { backend } = model
  const trainer = new Trainer(model, withLoss)
  const live = backend.stats().liveBuffers
  const step = trainer.computeGradients(batch)
  const gradients = Object.entries(step.gradients).map(([path, each]) => [path, [...each.dataSync()]] as const)
  const [loss = NaN] = step.loss.dataSync()
  step.dispose()
  expect(backend.stats().liveBuffers).toBe(live)
  trainer.dispose()
  return { loss, gradients: Object.fromEntries(gradients) }
}

test('penalties on weights are added to the loss, and their gradients to those of the weights', async () => {
  const plain = await firstStep(await layerWith({}))
  // y = 0.5·x₁ + 0.5·x₂ is 1.5 and 1: the mean of 2.5² and 3².
  expect(plain.loss).toBe((6.25 + 9) / 2)
  const penalized = await firstStep(
    await layerWith({ kernelRegularizer: l2(2), biasRegularizer: l1(0.5), biasInitializer: constant(0) }),
  )
  expect(penalized.loss).toBe(plain.loss + 2 * 0.5)
  expect(penalized.gradients['0.kernel']).toEqual(plain.gradients['0.kernel']?.map((each) => each + 2 * 2 * 0.5))
  expect(penalized.gradients['0.bias']).toEqual(plain.gradients['0.bias'])
})

test('penalties on outputs are too, divided by the rows; evaluation is of the loss alone', async () => {
  const plain = await firstStep(await layerWith({}))
  const model = await layerWith({ activityRegularizer: l2(3) })
  const penalized = await firstStep(model)
  expect(penalized.loss).toBe(plain.loss + (3 * (1.5 ** 2 + 1)) / 2)
  // ∂(3·Σy²/2)/∂w = 3·Σ y·x
  expect(penalized.gradients['0.kernel']).toEqual(
    [3 * (1.5 * 1 + 1 * -1), 3 * (1.5 * 2 + 1 * 3)].map((each, i) => each + (plain.gradients['0.kernel']?.[i] ?? NaN)),
  )
  const { loss } = await evaluate(model, setOf(BATCH), { loss: meanSquaredError() })
  expect(loss).toBe(plain.loss)
})

test('a frozen weight is neither penalised nor constrained', async () => {
  const model = await layerWith({ kernelRegularizer: l2(2), kernelConstraint: unitNorm() })
  for (const { path, variable } of model.variables()) if (path === '0.kernel') variable.trainable = false
  const { loss } = await firstStep(model)
  expect(loss).toBe((6.25 + 9) / 2)
  await fit(model, setOf(BATCH), { ...withLoss, epochs: 1 })
  expect((await weightsOf(model))['0.kernel']).toEqual([0.5, 0.5])
})

const CONSTRAINTS: readonly (readonly [string, Constraint, (kernel: readonly number[]) => boolean])[] = [
  ['maxNorm', maxNorm(0.25), (kernel) => Math.hypot(...kernel) <= 0.25 * (1 + 2 ** -21)],
  ['unitNorm', unitNorm(), (kernel) => Math.abs(Math.hypot(...kernel) - 1) <= 2 ** -21],
  ['nonNegative', nonNegative(), (kernel) => kernel.every((each) => each >= 0)],
]

test.each(CONSTRAINTS)('%s holds after each step of fit, with each optimiser', async (_, constraint, holds) => {
  for (const optimizer of [sgd({ learningRate: 0.05 }), adam({ learningRate: 0.2 })]) {
    const model = await layerWith({ kernelConstraint: constraint })
    const before = (await weightsOf(model))['0.kernel']
    const seen: boolean[] = []
    const onBatch = async (): Promise<void> => void seen.push(holds((await weightsOf(model))['0.kernel'] ?? []))
    await fit(model, setOf(BATCH), { loss: meanSquaredError(), optimizer, epochs: 6, onBatch })
    expect(seen).toEqual(new Array(6).fill(true))
    expect((await weightsOf(model))['0.kernel']).not.toEqual(before)
  }
})

test('a constrained training goes on from a checkpoint to the bit, and one without its constraint refuses it', async () => {
  const make = (): Promise<Sequential> => layerWith({ kernelConstraint: maxNorm(0.25), kernelRegularizer: l1(0.01) })
  const trainer = new Trainer(await make(), withLoss)
  trainer.step(BATCH).dispose()
  const bytes = await trainer.checkpoint()
  trainer.step(BATCH).dispose()
  const resumed = new Trainer(await make(), withLoss)
  await resumed.restore(bytes)
  resumed.step(BATCH).dispose()
  expect(await resumed.readWeights()).toEqual(await trainer.readWeights())
  const other = new Trainer(await layerWith({ kernelRegularizer: l1(0.01) }), withLoss)
  await expect(other.restore(bytes)).rejects.toThrow(/E_CHECKPOINT|another/)
})

test('steps that masking leaves out have no part in loss, gradients and metrics', async () => {
  const MARK = 9
  // Row 0 has a gap, row 1 padding before, row 2 nothing.
  const marked = host([3, 3, 1], 0.5, MARK, -0.25, MARK, MARK, 1, MARK, MARK, MARK)
  const closed = host([3, 3, 1], 0.5, -0.25, 0, 1, 0, 0, 0, 0, 0)
  const lengths = { data: Int32Array.of(2, 1, 0), shape: [3] }
  const targets = host([3, 3, 1], 1, 100, 2, NaN, 100, 3, 100, 100, 100)
  const closedTargets = host([3, 3, 1], 1, 2, 100, 3, 100, 100, 100, 100, 100)
  const backend = await cpu()
  const layers = [gru({ units: 3, inputSize: 1 }), dense({ units: 1 })]
  const model = await sequential(masking({ value: MARK }), ...layers).init(backend, { seed: 1 })
  const inner = await sequential(...layers).init(backend, { seed: 1 }) // of the same layers: one set of values
  const got = await firstStep(model, { inputs: marked, targets, size: 3 })
  const due = await firstStep(inner, { inputs: closed, targets: closedTargets, lengths, size: 3 })
  // Sums of three terms in another order.
  const near = (a = NaN, b = NaN): boolean => Math.abs(a - b) <= 4 * 2 ** -24 * Math.max(1, Math.abs(b))
  expect(near(got.loss, due.loss)).toBe(true)
  for (const [path, gradient] of Object.entries(due.gradients)) {
    const [position, ...rest] = path.split('.')
    const own = got.gradients[[Number(position) + 1, ...rest].join('.')]
    const scale = Math.max(1, ...gradient.map(Math.abs))
    gradient.forEach((each, i) => expect(Math.abs((own?.[i] ?? NaN) - each)).toBeLessThanOrEqual(64 * 2 ** -24 * scale))
  }
  const weighted = { inputs: marked, targets, sampleWeights: host([3], 1, 0, 1), size: 3 }
  const { loss } = await evaluate(model, setOf(weighted), { loss: meanSquaredError() })
  const alone = await evaluate(
    inner,
    setOf({ inputs: closed, targets: closedTargets, lengths, sampleWeights: host([3], 1, 0, 1), size: 3 }),
    { loss: meanSquaredError() },
  )
  expect(near(loss, alone.loss)).toBe(true)
})

test('metrics count the steps that masking leaves in, and labels of the others may be anything', async () => {
  const model = await sequential(masking(), dense({ units: 2, inputSize: 1, kernelInitializer: constant(1) })).init(
    await cpu(),
    { seed: 1 },
  )
  const batch = {
    inputs: host([1, 4, 1], 0, 3, 0, 4),
    targets: { data: Int32Array.of(1, 0, 1, 1), shape: [1, 4] },
    size: 1,
  }
  const { metrics, loss } = await evaluate(model, setOf(batch), { loss: crossEntropy(), metrics: [accuracy()] })
  expect(metrics.accuracy).toBe(0.5) // equal logits say class 0
  expect(loss).toBeCloseTo(Math.LN2, 6)
})

test('a masked model of whole sequences trains with targets of whole sequences', async () => {
  const model = await sequential(masking(), gru({ units: 4, inputSize: 1, returns: 'last' }), dense({ units: 1 })).init(
    await cpu(),
    { seed: 1 },
  )
  const batch = { inputs: host([2, 3, 1], 0, 0, 1, 2, 0, 0), targets: host([2, 1], 1, -1), size: 2 }
  const history = await fit(model, setOf(batch), { ...withLoss, epochs: 60 })
  const losses = history.rows.map(({ loss }) => loss as number)
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? NaN) / 2)
})

test('adversarial training knows of penalties and constraints as well, and leaves nothing behind', async () => {
  const model = classifier()
  const whole = await sequential(...model.layers, activityRegularization(l2(0.01))).init(await cpu(), { seed: 1 })
  const { backend } = whole
  const trainer = new Trainer(whole, { loss: crossEntropy(), optimizer: adam(), adversarial: fgm({ epsilon: 0.1 }) })
  const [batch] = sequences().batches(0)
  trainer.step(batch!).dispose()
  const live = backend.stats().liveBuffers
  trainer.step(batch!).dispose()
  expect(backend.stats().liveBuffers).toBe(live)
  trainer.dispose()
})
