// One training on three backends from one seed: the same curve, also where the model moves between any two of them in its middle.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { readTensors, type Backend } from '@rnn/core'
import {
  bidirectional,
  dense,
  dropout,
  embedding,
  gru,
  lstm,
  maxOverTime,
  sequential,
  type Sequential,
} from '@rnn/layers'
import { adam, crossEntropy, fit, Trainer, type TrainingBatch, type TrainingSet } from '@rnn/train'
import { afterAll, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

const STEPS = 50
const LEARNING_RATE = 0.01
const [B, T, V] = [16, 9, 40]

/**
 * By how much two backends' gradients of one step may differ, in proportion: 2·(1 + √K) roundings of 2⁻²⁴ each, with K ≈ 150 terms on the longest path.
 */
const STEP_ERROR = 3e-6

/**
 * How far two losses may be apart after `step` updates. An update of Adam is at most about the learning rate and errs by no more than STEP_ERROR of it, so no
 * weight is off by more than `step` times that, and a loss by no more than the sum of |gradient| times what its weights are off by. All of these worst cases at once leave
 * room for what the next gradients err by because of the weights: rounding has signs, and the sum of `step` of them grows as √step.
 */
const allowed = (step: number, { loss, gradientSum }: Exact): number =>
  STEP_ERROR * (loss + step * LEARNING_RATE * gradientSum)

/** Rows of different lengths, whose first word says the class; four batches in turn. */
function batchOf(step: number): TrainingBatch {
  const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 7 + (step % 4) * 11 + (i >> 4)) % V)
  return {
    inputs: { data: ids, shape: [B, T] },
    lengths: { data: Int32Array.from({ length: B }, (_, i) => 1 + ((i + step) % T)), shape: [B] },
    targets: { data: Int32Array.from({ length: B }, (_, i) => ids[i * T]! % 3), shape: [B] },
    size: B,
  }
}

function classifier(): Sequential {
  return sequential(
    embedding({ vocabularySize: V, units: 8 }),
    bidirectional(lstm({ units: 11 })),
    gru({ units: 13 }),
    maxOverTime(),
    dropout(0.2),
    dense({ units: 3 }),
  )
}

const backends: Readonly<Record<string, Backend>> = {
  cpu: await cpu(),
  wasm: await wasm(),
  ...(absent === undefined && { webgpu: await makeWebgpu() }),
}
afterAll(async () => {
  for (const backend of Object.values(backends)) await backend.dispose()
})

const settings = () => ({
  loss: crossEntropy(),
  optimizer: adam({ learningRate: LEARNING_RATE }),
  clipNorm: 5,
  seed: 4,
})

/** A step of the training that others are compared to. */
interface Exact {
  readonly loss: number
  /** Σ |gradient| over all weights. */
  readonly gradientSum: number
}

/** The training step by step on the CPU. */
async function exactCurve(backend: Backend): Promise<Exact[]> {
  const model = await classifier().init(backend, { seed: 3 })
  const trainer = new Trainer(model, settings())
  const curve: Exact[] = []
  for (let step = 0; step < STEPS; step++) {
    using half = trainer.computeGradients(batchOf(step))
    const [[loss = NaN] = [], ...gradients] = await readTensors([half.loss, ...Object.values(half.gradients)])
    const gradientSum = gradients.flatMap((each) => [...each]).reduce((sum, value) => sum + Math.abs(value), 0)
    curve.push({ loss, gradientSum })
    trainer.applyGradients(half)
  }
  trainer.dispose()
  model.dispose()
  return curve
}

/** The losses of `fit`, one batch an epoch, while the model moves from one backend to another after half of the steps. */
async function curve(from: Backend, to: Backend = from): Promise<readonly unknown[]> {
  const model = await classifier().init(from, { seed: 3 })
  const batches: TrainingSet = { batchCount: 1, sampleCount: B, batches: (epoch) => [batchOf(epoch)] }
  const history = await fit(model, batches, {
    ...settings(),
    epochs: STEPS,
    onBatch: async ({ step }) => {
      if (step === STEPS / 2) await model.to(to)
    },
  })
  expect(model.backend).toBe(to)
  model.dispose()
  return history.column('loss')
}

const exact = await exactCurve(backends['cpu']!)

function expectTheCurve(losses: readonly unknown[]): void {
  expect(losses).toHaveLength(STEPS)
  const shares = exact.map((each, step) => Math.abs(Number(losses[step]) - each.loss) / allowed(step, each))
  expect(Math.max(...shares), `worst difference, in parts of what is allowed`).toBeLessThan(1)
}

test('the curve is one of a training, and what is allowed is small', () => {
  const [first, last] = [exact[0]!, exact.at(-1)!]
  expect(last.loss).toBeLessThan(0.5 * first.loss)
  const shares = exact.map((each, step) => allowed(step, each) / each.loss)
  expect(Math.max(...shares)).toBeLessThan(2e-4)
})

for (const name of ['cpu', 'wasm', 'webgpu']) {
  const skipped = name === 'webgpu' && absent !== undefined
  test.skipIf(skipped)(`50 steps on ${name}, beside those by hand on cpu${skipped ? remark : ''}`, async () => {
    expectTheCurve(await curve(backends[name]!))
  })
}

for (const from of ['cpu', 'wasm', 'webgpu']) {
  for (const to of ['cpu', 'wasm', 'webgpu']) {
    if (from === to) continue
    const skipped = absent !== undefined && (from === 'webgpu' || to === 'webgpu')
    test.skipIf(skipped)(`25 steps on ${from}, then 25 on ${to}${skipped ? remark : ''}`, async () => {
      expectTheCurve(await curve(backends[from]!, backends[to]!))
    })
  }
}

test('nothing is left behind on any backend', async () => {
  for (const backend of Object.values(backends)) {
    await backend.sync()
    expect(backend.stats().liveBuffers, backend.name).toBe(0)
  }
})
