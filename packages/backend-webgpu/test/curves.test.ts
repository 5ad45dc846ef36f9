// One training on three backends from one seed: the same curve, also where the model moves between any two of them in its middle.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import type { Backend } from '@rnn/core'
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
import { adam, crossEntropy, Trainer, type TrainingBatch } from '@rnn/train'
import { afterAll, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

const STEPS = 50
const [B, T, V] = [16, 9, 40]

/**
 * How far two curves may be apart after `step` updates, in proportion to the loss. A step's gradient is right to some 2·(1 + √K) roundings with K ≈ 150 terms on its longest path, that
 * is 3·10⁻⁶, and Adam passes that on to the weights as an error of at most lr·3·10⁻⁶ for a step, which sums up over the steps. What the weights err by, the next gradients
 * err by as well: over fifty steps of 0.01 the growth stays below one power of e³.
 */
const bound = (step: number): number => (step + 1) * 3e-6 * Math.E ** 3

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

/** The losses of a training that begins on one backend and ends on another. */
async function curve(from: Backend, to: Backend = from): Promise<number[]> {
  const model = await classifier().init(from, { seed: 3 })
  const trainer = new Trainer(model, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
    clipNorm: 5,
    seed: 4,
  })
  const losses: number[] = []
  for (let step = 0; step < STEPS; step++) {
    if (step === STEPS / 2 && to !== from) await trainer.to(to)
    const loss = trainer.step(batchOf(step))
    losses.push(...(await loss.data()))
    loss.dispose()
  }
  trainer.dispose()
  model.dispose()
  return losses
}

const exact = await curve(backends['cpu']!)

function expectTheCurve(losses: readonly number[]): void {
  expect(losses).toHaveLength(STEPS)
  const worst = Math.max(...losses.map((loss, step) => Math.abs(loss - exact[step]!) / exact[step]! / bound(step)))
  expect(worst, `worst difference, in parts of what is allowed`).toBeLessThan(1)
}

test('the curve is one of a training', () => {
  expect(exact.at(-1)).toBeLessThan(0.5 * exact[0]!)
})

for (const name of ['wasm', 'webgpu']) {
  const skipped = name === 'webgpu' && absent !== undefined
  test.skipIf(skipped)(`50 steps on ${name}, beside cpu${skipped ? remark : ''}`, async () => {
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
