// Cross-entropy over a projection that is made by pieces, against the same computed at once and differentiated by the tape.

import { cpu } from '@rnn/backend-cpu'
import { valueAndGrad } from '@rnn/autodiff'
import {
  decorate,
  deferredCrossEntropy,
  logitsOf,
  mul,
  scope,
  sizeOf,
  softmaxCrossEntropy,
  sum,
  tensor,
  type Backend,
  type DeferredLogits,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { describe, expect, test } from 'vitest'

const ROWS = 150
const WIDTH = 6
const CLASSES = 11

const values = (shape: Shape, seed: number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.3 * i + 0.2 * i * i + seed))

/** No memory at hand, as on a GPU. */
const withoutReads = (backend: Backend): Backend => {
  const { readSync, ...rest } = decorate(backend, {})
  void readSync
  return rest
}

const backends: readonly (readonly [string, (backend: Backend) => Backend])[] = [
  ['fused', (backend) => backend],
  ['composite', (backend) => decorate(backend, { supports: () => ({ reason: 'composites only' }) })],
  ['without memory at hand', withoutReads],
]

interface Case {
  readonly transposeKernel: boolean
  readonly hasBias: boolean
  readonly ignored: readonly number[]
  readonly labelSmoothing: number
  readonly weighted: boolean
}

const cases: readonly Case[] = [
  { transposeKernel: false, hasBias: true, ignored: [], labelSmoothing: 0, weighted: false },
  { transposeKernel: true, hasBias: true, ignored: [0, 7, 8, 140, 149], labelSmoothing: 0.1, weighted: true },
  { transposeKernel: false, hasBias: false, ignored: [3], labelSmoothing: 0, weighted: true },
  {
    transposeKernel: true,
    hasBias: false,
    ignored: Array.from({ length: ROWS }, (_, i) => i),
    labelSmoothing: 0,
    weighted: false,
  },
]

type Parameters = Readonly<Record<string, Tensor>>

/** Value and gradients, on the host: of the loss times 3, so that the upstream gradient is none of 1. */
async function measure(
  backend: Backend,
  { transposeKernel, hasBias, ignored, labelSmoothing, weighted }: Case,
  lossOf: (
    logits: DeferredLogits,
    labels: Tensor,
    options: { labelSmoothing: number; classWeights?: Tensor; rowWeights?: Tensor },
  ) => Tensor,
): Promise<Record<string, Float32Array | Int32Array>> {
  const live = backend.stats().liveBuffers
  const readings = scope(backend, () => {
    const make = (shape: Shape, seed: number): Tensor => tensor(values(shape, seed), { backend, shape })
    const features = make([10, ROWS / 10, WIDTH], 1)
    const kernel = make(transposeKernel ? [CLASSES, WIDTH] : [WIDTH, CLASSES], 2)
    const labels = tensor(
      Int32Array.from({ length: ROWS }, (_, i) => (ignored.includes(i) ? -1 : (5 * i) % CLASSES)),
      { backend, shape: [10, ROWS / 10] },
    )
    const options = {
      labelSmoothing,
      ...(weighted && { classWeights: make([CLASSES], 3), rowWeights: make([10, ROWS / 10], 4) }),
    }
    const parameters: Parameters = { features, kernel, ...(hasBias && { bias: make([CLASSES], 5) }) }
    const { value, gradients } = valueAndGrad((p: Parameters) => {
      const { features: x = features, kernel: k = kernel, bias } = p
      return mul(lossOf({ kind: 'deferredLogits', features: x, kernel: k, transposeKernel, bias }, labels, options), 3)
    })(parameters)
    return Object.entries({ value, ...gradients }).map(([name, each]) => [name, each.data()] as const)
  })
  const results = Object.fromEntries(
    await Promise.all(readings.map(async ([name, data]) => [name, await data] as const)),
  )
  expect(backend.stats().liveBuffers).toBe(live)
  return results
}

describe.each(backends)('deferredCrossEntropy, %s', (_, wrap) => {
  test.each(cases)('as over all logits at once: %j', async (each) => {
    const backend = wrap(await cpu())
    const got = await measure(backend, each, (logits, labels, options) =>
      deferredCrossEntropy(logits, labels, { ...options, pieceBytes: 64 * CLASSES * 4 }),
    )
    const expected = await measure(backend, each, (logits, labels, { rowWeights, ...options }) => {
      const losses = softmaxCrossEntropy(logitsOf(logits), labels, options)
      return sum(rowWeights === undefined ? losses : mul(losses, rowWeights))
    })
    expect(Object.keys(got)).toEqual(Object.keys(expected))
    for (const [name, want] of Object.entries(expected)) {
      // Sums of ROWS terms of order 1 in another order: an error of about ROWS · 2⁻²⁴ ≈ 1e-5 at most.
      const scale = 1 + Math.max(...want.map(Math.abs))
      want.forEach((value, i) =>
        expect(Math.abs((got[name]?.[i] ?? NaN) - value), `${name}[${i}]`).toBeLessThan(1e-5 * scale),
      )
    }
  })
})

test('without a tape it is the loss alone', async () => {
  const backend = await cpu()
  const lossOf = (rows: Int32Array): number =>
    scope(backend, () => {
      const features = tensor(values([rows.length, WIDTH], 1), { backend, shape: [rows.length, WIDTH] })
      const kernel = tensor(values([WIDTH, CLASSES], 2), { backend, shape: [WIDTH, CLASSES] })
      const logits = { kind: 'deferredLogits', features, kernel, transposeKernel: false, bias: undefined } as const
      return deferredCrossEntropy(logits, tensor(rows, { backend })).dataSync()[0] ?? NaN
    })
  expect(lossOf(Int32Array.of(-1, -1))).toBe(0)
  expect(lossOf(Int32Array.of(3, -1, 2))).toBeGreaterThan(0)
  expect(() => lossOf(Int32Array.of(3, CLASSES, 2))).toThrow(expect.objectContaining({ code: 'E_INDEX_RANGE' }))
  expect(backend.stats().liveBuffers).toBe(0)
})
