// Diagnostics of gradients: their norms by parameter and by time lag, and warnings while fit runs.

import { cpu } from '@rnn/backend-cpu'
import { constant, mul, sqrt, square, sum, sub, tensor, type Backend, type Tensor } from '@rnn/core'
import { bidirectional, dense, gru, lstm, Module, sequential, simpleRnn, stacked, Variable } from '@rnn/layers'
import type { Recurrent, Sequential } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { adam, crossEntropy, fit, gradientNorms, gradientsByLag, sgd, Trainer } from '../src/index.ts'
import type {
  GradientReport,
  GradientWarning,
  GradientWatchOptions,
  Loss,
  TrainingBatch,
  TrainingSet,
} from '../src/index.ts'
import { distantCpu, sequences, trained, weightsOf } from './helpers.ts'

const LAYERS: Readonly<Record<string, () => Module>> = {
  simpleRnn: () => simpleRnn({ units: 3, inputSize: 2 }),
  lstm: () => lstm({ units: 3, inputSize: 2, returns: 'last' }),
  'lstm of two layers': () => lstm({ units: 3, inputSize: 2, layers: 2 }),
  'gru of residual layers': () => gru({ units: 3, inputSize: 2, layers: 3, residual: true }),
  'a stack of different layers': () => stacked(lstm({ units: 4, inputSize: 2 }), gru({ units: 3 })),
  'a row of layers': () => sequential(simpleRnn({ units: 4, inputSize: 2 }), gru({ units: 3 })),
}

const [BATCH, TIME, UNITS] = [2, 6, 3]
const inputs = {
  data: Float32Array.from({ length: BATCH * TIME * 2 }, (_, i) => Math.sin(3 * i)),
  shape: [BATCH, TIME, 2],
}
const weights = Float32Array.from({ length: BATCH * UNITS }, (_, i) => Math.cos(i))

/** Σ w·h², of the last hidden state. */
const lossOf = (hidden: Tensor): Tensor =>
  sum(mul(square(hidden), tensor(weights, { backend: hidden.backend, shape: [BATCH, UNITS] })))

test.each(Object.keys(LAYERS))('%s: gradients by lag are those of central differences', async (name) => {
  const layer = await LAYERS[name]!().init(await cpu(), { seed: 3 })
  const before = layer.backend.stats().liveBuffers
  const norms = await gradientsByLag(layer as Module, inputs, lossOf)
  expect(norms.length).toBe(TIME)
  expect(layer.backend.stats().liveBuffers).toBe(before)

  const top = (layer instanceof Module && 'layers' in layer ? (layer as Sequential).layers.at(-1) : layer) as Recurrent
  const below = layer === (top as Module) ? undefined : (layer as Sequential).layers[0]
  for (let lag = 0; lag < TIME; lag++) {
    const differences: number[] = []
    for (let i = 0; i < BATCH * UNITS; i++) {
      const [up, down] = [0.01, -0.01].map((step) => lossWith(top, below, TIME - 1 - lag, i, step))
      differences.push((up! - down!) / 0.02)
    }
    // Central differences err by step²/6 times the third derivative, and by rounding (1e-7 / step) for each of 6 elements.
    expect(Math.abs(norms[lag]! - Math.hypot(...differences)), `lag ${lag}`).toBeLessThan(1e-3)
  }
})

/** The loss when element i of the hidden state after step t of the top layer is another. */
function lossWith(top: Recurrent, below: Module | undefined, t: number, i: number, by: number): number {
  const { backend } = below ?? top
  const given = tensor(inputs.data, { backend, shape: inputs.shape })
  const x = below === undefined ? given : below.forward(given, { training: false, key: undefined, lengths: undefined })
  const column = (from: number, to: number): Tensor => {
    const data = x.dataSync()
    const width = x.shape[2]!
    const rows = Array.from({ length: BATCH }, (_, row) =>
      Array.from(data.subarray((row * TIME + from) * width, (row * TIME + to) * width)),
    )
    return tensor(Float32Array.from(rows.flat()), { backend, shape: [BATCH, to - from, width] })
  }
  const first = top.run(column(0, t + 1))
  const hidden = t === TIME - 1 ? lastOf(first.sequence) : first.final.at(-1)![0]!
  const values = Float32Array.from(hidden.dataSync())
  values[i]! += by
  const moved = tensor(values, { backend, shape: [BATCH, UNITS] })
  if (t === TIME - 1) return lossOf(moved).dataSync()[0]!
  const [, ...others] = first.final.at(-1)!
  const initial = [...first.final.slice(0, -1), [moved, ...others]] as unknown as typeof first.final
  return lossOf(lastOf(top.run(column(t + 1, TIME), { initial }).sequence)).dataSync()[0]!
}

function lastOf(sequence: Tensor): Tensor {
  const [batch = 0, time = 0, width = 0] = sequence.shape
  const data = sequence.dataSync()
  const rows = Array.from({ length: batch }, (_, row) =>
    Array.from(data.subarray((row * time + time - 1) * width, (row + 1) * time * width)),
  )
  return tensor(Float32Array.from(rows.flat()), { backend: sequence.backend, shape: [batch, width] })
}

describe('gradientsByLag refuses', () => {
  test('a layer that reads backwards, a layer without state, and an output that is no hidden state', async () => {
    const backend = await cpu()
    const cases: readonly (readonly [Module, RegExp])[] = [
      [bidirectional(gru({ units: 2, inputSize: 2 })), /bidirectional gru: it reads the sequence from its end/],
      [dense({ units: 2, inputSize: 2 }), /no recurrent layer of this model goes on/],
      [
        sequential(gru({ units: 3, inputSize: 2 }), dense({ units: 5 })),
        /a step gives \[2, 1, 5\], the hidden state has 3 units/,
      ],
    ]
    for (const [layer, message] of cases) {
      await layer.init(backend, { seed: 1 })
      const before = backend.stats().liveBuffers
      await expect(gradientsByLag(layer, inputs, (hidden) => sum(hidden))).rejects.toThrow(message)
      expect(backend.stats().liveBuffers).toBe(before)
    }
  })

  test('inputs without time steps', async () => {
    const layer = await gru({ units: 3, inputSize: 2 }).init(await cpu(), { seed: 1 })
    const empty = { data: new Float32Array(0), shape: [2, 0, 2] }
    await expect(gradientsByLag(layer, empty, lossOf)).rejects.toThrow(/the inputs have shape \[2, 0, 2\]/)
  })
})

test('norms by parameter are those of the gradients', async () => {
  const trainer = new Trainer(await trained(), { loss: crossEntropy(), optimizer: sgd() })
  const [batch] = [...sequences().batches(0)]
  using step = trainer.computeGradients(batch!)
  const norms = await gradientNorms(step.gradients)
  expect(Object.keys(norms)).toEqual(Object.keys(step.gradients))
  for (const [path, gradient] of Object.entries(step.gradients))
    expect(norms[path]).toBeCloseTo(Math.hypot(...(await gradient.data())), 6)
  await expect(gradientNorms({})).rejects.toThrow(/gradientNorms: there are no gradients/)
})

async function watched(
  model: Module,
  set: TrainingSet,
  watch: Partial<GradientWatchOptions>,
  loss: Loss = crossEntropy(),
  epochs = 1,
): Promise<{ warnings: GradientWarning[]; reports: GradientReport[]; error: unknown }> {
  const warnings: GradientWarning[] = []
  const reports: GradientReport[] = []
  const watchGradients: GradientWatchOptions = {
    onWarning: (warning) => void warnings.push(warning),
    onReport: (report) => void reports.push(report),
    ...watch,
  }
  const training = fit(model, set, { loss, optimizer: adam(), epochs, watchGradients })
  const error = await training.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { warnings, reports, error }
}

describe.each([
  ['memory at hand', cpu],
  ['memory far away', distantCpu],
] as const)('fit watches, %s', (_, make: () => Promise<Backend>) => {
  test('the first step and each n-th, and finds nothing in a healthy training, which it does not change', async () => {
    const model = await trained(1, await make())
    const { warnings, reports, error } = await watched(model, sequences(), { every: 4 }, crossEntropy(), 2)
    expect(error).toBeUndefined()
    expect(warnings).toEqual([])
    expect(reports.map(({ epoch, batch, step }) => [epoch, batch, step])).toEqual([[1, 1, 1], [1, 5, 5], [2, 3, 9]]) // prettier-ignore
    const trainer = new Trainer(await trained(1), { loss: crossEntropy(), optimizer: adam() })
    const [batch] = [...sequences().batches(0)]
    const norms = await gradientNorms(trainer.computeGradients(batch!).gradients)
    expect(reports[0]!.norms).toEqual(norms)
    expect(reports[0]!.total).toBeCloseTo(Math.hypot(...Object.values(norms)), 6)
    const alone = await trained(1)
    await fit(alone, sequences(), { loss: crossEntropy(), optimizer: adam(), epochs: 2 })
    expect(await weightsOf(model)).toEqual(await weightsOf(alone))
  })

  test('a gradient that vanishes is named once, with its step', async () => {
    // The first layer is behind weights of 1e-9: what reaches it is as small beside the rest.
    const tiny = dense({ units: 3 })
    const model = sequential(dense({ units: 3, inputSize: 2 }), tiny, dense({ units: 2 }))
    await model.init(await make(), { seed: 1 })
    tiny.parameters()[0]!.variable.assign(new Float32Array(9).fill(1e-9))
    tiny.parameters()[0]!.variable.trainable = false
    const set = pointSet(Float32Array.of(1, 2, -1, 0.5), [0, 0])
    const { warnings, error } = await watched(model, set, { every: 1 }, crossEntropy(), 6)
    expect(error).toBeUndefined()
    expect(warnings.length).toBe(1)
    const { trouble, paths, message } = warnings[0]!
    expect([trouble, paths]).toEqual(['vanishing', ['0.kernel', '0.bias', '2.kernel']])
    expect(message).toMatch(
      /^epoch 1, batch 1, step 1: the gradients of 0\.kernel \(norm \d\.\de-\d+\), 0\.bias \(norm \d\.\de-\d+\), 2\.kernel .* vanish$/,
    )
  })

  test('a gradient that explodes is named', async () => {
    const model = sequential(
      simpleRnn({ units: 2, inputSize: 1, activation: 'relu', returns: 'last' }),
      dense({ units: 1 }),
    )
    await model.init(await make(), { seed: 1 })
    const [kernel, recurrent, , out] = model.parameters().map(({ variable }) => variable)
    kernel!.assign(Float32Array.of(1, 1))
    recurrent!.assign(Float32Array.of(2, 0, 0, 2))
    out!.assign(Float32Array.of(1, 1))
    const array = { data: new Float32Array(20).fill(1), shape: [1, 20, 1] }
    const target = { data: new Float32Array(1), shape: [1, 1] }
    const set: TrainingSet = {
      batchCount: 1,
      sampleCount: 1,
      batches: () => [{ inputs: array, targets: target, size: 1 }],
    }
    const { warnings } = await watched(model, set, {}, sumOfSquaredErrors)
    expect(warnings.map(({ trouble }) => trouble)).toEqual(['exploding'])
    expect(warnings[0]!.paths).toContain('0.recurrent')
    expect(warnings[0]!.message).toMatch(
      /^epoch 1, batch 1, step 1: the gradients of .*0\.recurrent \(norm \d\.\de\+\d+\).* explode$/,
    )
  })

  test('a gradient that turns NaN is named, though the loss is a number', async () => {
    const model = await new Rooted().init(await make(), { seed: 1 })
    const { warnings, error } = await watched(model, pointSet(Float32Array.of(0, 0, 0, 0)), {}, crossEntropy())
    // Where memory is at hand, the step is left out as well.
    const told = /the gradient of scale is not finite in epoch 1, batch 1, though the loss is/
    expect(String(error)).toMatch(model.backend.readSync === undefined ? /^undefined$/ : told)
    expect(warnings.map(({ trouble, paths }) => [trouble, paths])).toEqual([['notANumber', ['scale']]])
    expect(warnings[0]!.message).toBe('epoch 1, batch 1, step 1: the gradient of scale is not a number')
  })
})

test('where a loss that is no number ends the training, its gradients are looked at first', async () => {
  const model = sequential(dense({ units: 2, inputSize: 2 }))
  await model.init(await cpu(), { seed: 1 })
  const points = [Float32Array.of(1, 1, 1, 1), Float32Array.of(1, 1, 1, 1), Float32Array.of(1, Number.NaN, 1, 1)]
  const set: TrainingSet = {
    batchCount: 3,
    sampleCount: 6,
    batches: (_, start = 0) => points.slice(start).map((data) => batchOfPoints(data)),
  }
  const { warnings, error } = await watched(model, set, { every: 100 })
  expect(String(error)).toMatch(/the loss became NaN in epoch 1, batch 3/)
  expect(warnings.map(({ message }) => message)).toEqual([
    'epoch 1, batch 3, step 3: the gradients of 0.kernel, 0.bias are not numbers',
  ])
})

test('a parameter that recovers and fails again is not named again', async () => {
  const model = await sequential(dense({ units: 2, inputSize: 2, useBias: false })).init(await cpu(), { seed: 1 })
  const points = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [0, 0, 0, 0],
  ].map((data) => Float32Array.from(data))
  const set: TrainingSet = {
    batchCount: 4,
    sampleCount: 8,
    batches: (_, start = 0) => points.slice(start).map((data) => batchOfPoints(data)),
  }
  const { warnings } = await watched(model, set, { every: 1 })
  expect(warnings.map(({ batch, trouble }) => [batch, trouble])).toEqual([[1, 'vanishing']])
})

test.each([
  [{ every: 0 }, /watchGradients: every 0/],
  [{ vanishing: 1 }, /watchGradients: vanishing 1/],
  [{ exploding: 0 }, /watchGradients: exploding 0/],
])('%j is refused', async (watch, message) => {
  const { error } = await watched(await trained(), sequences(), watch)
  expect(String(error)).toMatch(message)
})

test('nothing is left behind', async () => {
  const backend = await distantCpu()
  const model = await trained(1, backend)
  await backend.sync()
  const before = backend.stats().liveBuffers
  await watched(model, sequences(), { every: 1 })
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(before)
})

/** Two points in the plane, by default of classes 0 and 1. */
function batchOfPoints(data: Float32Array, classes = [0, 1]): TrainingBatch {
  return { inputs: { data, shape: [2, 2] }, targets: { data: Int32Array.from(classes), shape: [2] }, size: 2 }
}

function pointSet(data: Float32Array, classes?: number[]): TrainingSet {
  return { batchCount: 1, sampleCount: 2, batches: () => [batchOfPoints(data, classes)] }
}

const sumOfSquaredErrors: Loss = {
  name: 'sumOfSquaredErrors',
  configuration: {},
  compute: (outputs, targets) => sum(square(sub(outputs, targets))),
}

/** √(scale·x): at x = 0 it is 0, and its derivative by the scale is ∞·0. */
class Rooted extends Module {
  readonly scale = new Variable('scale', { shape: [2], initializer: constant(1) })

  forward(x: Tensor): Tensor {
    const y = mul(x, this.scale.value)
    return sqrt(y)
  }
}
