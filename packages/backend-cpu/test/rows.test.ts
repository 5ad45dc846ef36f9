// Softmax, cross-entropy and layer norm: ops over the last axis, against the contract's formulas in double precision and finite differences.

import { hasCode } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { expectClose, kit, randoms, ROUNDING } from './kit.ts'

const rowOf = (x: readonly number[], row: number, length: number): number[] => x.slice(row * length, (row + 1) * length)

function logSumExp(x: readonly number[]): number {
  const largest = Math.max(...x)
  return largest + Math.log(x.reduce((sum, value) => sum + Math.exp(value - largest), 0))
}

describe('softmax', () => {
  test.each([1, 3, 129])('rows of %i', async (length) => {
    const { floats, blank, run, values } = await kit()
    const x = [...randoms(1, 2 * length, 5), ...randoms(2, 2 * length, 500)]
    const input = floats([2, 2, length], x, { offset: 1 })
    const out = blank([2, 2, length], { offset: 2 })
    const expected = (f: (value: number, lse: number) => number): number[] =>
      [0, 1, 2, 3].flatMap((row) => {
        const values = rowOf(x, row, length)
        const lse = logSumExp(values)
        return values.map((value) => f(value, lse))
      })
    run({ op: 'softmax', inputs: [input], outputs: [out], attributes: { log: false } })
    expectClose(
      values(out),
      expected((value, lse) => Math.exp(value - lse)),
      ROUNDING + 1e-9,
    )
    run({ op: 'softmax', inputs: [input], outputs: [out], attributes: { log: true } })
    // The sum of exponentials errs by less than 1e-9, relative, and so does its logarithm, absolute.
    expectClose(
      values(out),
      expected((value, lse) => value - lse),
      ROUNDING,
      1e-9,
    )
  })

  test('masked elements get nothing, and a row that is all masked gives zeros without NaN', async () => {
    const { floats, blank, run, values } = await kit()
    const input = floats([2, 3], [0, -Infinity, 0, -Infinity, -Infinity, -Infinity])
    const out = blank([2, 3])
    run({ op: 'softmax', inputs: [input], outputs: [out], attributes: { log: false } })
    expect(values(out)).toEqual([0.5, 0, 0.5, 0, 0, 0])
    run({ op: 'softmax', inputs: [input], outputs: [out], attributes: { log: true } })
    const half = Math.fround(Math.log(0.5))
    expect(values(out)).toEqual([half, -Infinity, half, -Infinity, -Infinity, -Infinity])
  })

  test('a NaN spoils its own row only', async () => {
    const { floats, blank, run, values } = await kit()
    const out = blank([2, 2])
    for (const log of [false, true]) {
      run({ op: 'softmax', inputs: [floats([2, 2], [1, NaN, 0, 0])], outputs: [out], attributes: { log } })
      expect(values(out).slice(0, 2)).toEqual([NaN, NaN])
      expect(values(out).slice(2).every(Number.isFinite)).toBe(true)
    }
  })
})

describe.each([
  [false, 0],
  [false, 0.1],
  [true, 0],
  [true, 0.3],
])('cross-entropy, class weights %s, smoothing %f', (weighted, labelSmoothing) => {
  const [N, V] = [6, 5]
  const x = [...randoms(1, 4 * V, 3), ...randoms(2, 2 * V, 300)]
  const labels = [2, 0, -1, 4, 1, 3]
  const weights = weighted ? [0.5, 2, 1, 0, 3] : undefined
  const gradLoss = randoms(3, N)

  const lossOf = (row: readonly number[], label: number): number => {
    if (label === -1) return 0
    const lse = logSumExp(row)
    const w = (c: number): number => weights?.[c] ?? 1
    const smooth = row.reduce((sum, value, c) => sum + w(c) * (lse - value), 0)
    return (1 - labelSmoothing) * w(label) * (lse - row[label]!) + (labelSmoothing / V) * smooth
  }

  test('loss, log-sum-exp and gradient', async () => {
    const { floats, ints, blank, run, values } = await kit()
    const logits = floats([N, V], x, { offset: 1 })
    const targets = ints([N], labels, { offset: 2 })
    const classWeights = weights ? floats([V], weights, { offset: 1 }) : null
    const [loss, lse] = [blank([N]), blank([N], { offset: 1 })]
    const attributes = { labelSmoothing }
    run({ op: 'crossEntropyForward', inputs: [logits, targets, classWeights], outputs: [loss, lse], attributes })
    const rows = labels.map((_, row) => rowOf(x, row, V))
    expectClose(values(lse), rows.map(logSumExp), ROUNDING, 1e-9)
    // lse − x cancels: what is left has the absolute error of the terms, up to 600 · 2⁻⁵³ times the weights, beside 1e-9 of the sum.
    expectClose(
      values(loss),
      rows.map((row, i) => lossOf(row, labels[i]!)),
      ROUNDING,
      2e-8,
    )

    const gradLogits = blank([N, V], { offset: 2 })
    const inputs = [floats([N], gradLoss), logits, targets, classWeights, lse] as const
    run({ op: 'crossEntropyBackward', inputs, outputs: [gradLogits], attributes })
    const step = 1e-4
    const slopes = rows.flatMap((row, i) =>
      row.map((value, c) => {
        const at = (moved: number): number => lossOf(row.with(c, moved), labels[i]!)
        return (gradLoss[i]! * (at(value + step) - at(value - step))) / (2 * step)
      }),
    )
    // The stored log-sum-exp, below 400, is rounded to float32: an error of 400 · 2⁻²⁴ in the exponent.
    expectClose(values(gradLogits), slopes, 1e-5, 400 * 2 ** -24)
  })
})

test('cross-entropy names a label outside the classes', async () => {
  const { floats, ints, blank, run } = await kit()
  const inputs = [floats([2, 3], randoms(1, 6)), ints([2], [0, 3]), null] as const
  const outputs = [blank([2]), blank([2])] as const
  let caught: unknown
  try {
    run({ op: 'crossEntropyForward', inputs, outputs, attributes: { labelSmoothing: 0 } })
  } catch (error) {
    caught = error
  }
  expect(hasCode(caught, 'E_INDEX_RANGE')).toBe(true)
  expect(String(caught)).toContain('crossEntropy: label 3 at position 1, of 3 classes')
})

describe.each([
  ['gain and bias', true, true],
  ['gain alone', true, false],
  ['neither', false, false],
])('layer norm with %s', (_name, withGain, withBias) => {
  test.each([1, 3, 129])('rows of %i', async (length) => {
    const { floats, blank, run, values } = await kit()
    const rows = 4
    const epsilon = 1e-3
    const x = randoms(1, rows * length, 2).map((value, i) => Math.fround(value + (i < length ? 100 : 0)))
    const gain = withGain ? randoms(2, length) : null
    const bias = withBias ? randoms(3, length) : null
    const gradY = randoms(4, rows * length)
    const [y, mean, rstd] = [blank([2, 2, length], { offset: 1 }), blank([2, 2]), blank([2, 2], { offset: 1 })]
    const input = floats([2, 2, length], x, { offset: 2 })
    const gains = gain && floats([length], gain, { offset: 1 })
    const biases = bias && floats([length], bias)
    run({ op: 'layerNormForward', inputs: [input, gains, biases], outputs: [y, mean, rstd], attributes: { epsilon } })

    const normalise = (row: readonly number[]) => {
      const average = row.reduce((sum, value) => sum + value, 0) / length
      const variance = row.reduce((sum, value) => sum + (value - average) ** 2, 0) / length
      const scale = 1 / Math.sqrt(variance + epsilon)
      return {
        average,
        scale,
        y: row.map((value, j) => (value - average) * scale * (gain?.[j] ?? 1) + (bias?.[j] ?? 0)),
      }
    }
    const expected = [0, 1, 2, 3].map((row) => normalise(rowOf(x, row, length)))
    // Rows of 100 ± 2: doubles keep 1e-14 of 100, times rstd ≤ 32.
    expectClose(
      values(y),
      expected.flatMap((row) => row.y),
      ROUNDING,
      1e-12,
    )
    expectClose(
      values(mean),
      expected.map((row) => row.average),
    )
    expectClose(
      values(rstd),
      expected.map((row) => row.scale),
      ROUNDING * 1.01 + 1e-12,
    )

    const gradX = blank([2, 2, length], { offset: 1 })
    const gradGain = gain && blank([length])
    const gradBias = bias && blank([length], { offset: 2 })
    const inputs = [floats([2, 2, length], gradY), input, gains, mean, rstd] as const
    run({ op: 'layerNormBackward', inputs, outputs: [gradX, gradGain, gradBias], attributes: {} })
    const loss = (row: readonly number[], index: number): number =>
      normalise(row).y.reduce((sum, value, j) => sum + value * gradY[index * length + j]!, 0)
    const step = 1e-4
    const slopes = [0, 1, 2, 3].flatMap((index) => {
      const row = rowOf(x, index, length)
      return row.map(
        (value, j) => (loss(row.with(j, value + step), index) - loss(row.with(j, value - step), index)) / (2 * step),
      )
    })
    // The stored mean is rounded to float32: 100 · 2⁻²⁴ in x − mean, times rstd² ≤ 1000 for a row of one element, whose gradient is 0.
    expectClose(values(gradX), slopes, 1e-5, length === 1 ? 1e-2 : 2e-5)
    const sums = (weight: (index: number, j: number) => number): number[] =>
      Array.from({ length }, (_, j) =>
        [0, 1, 2, 3].reduce((sum, index) => sum + gradY[index * length + j]! * weight(index, j), 0),
      )
    const normal = (index: number, j: number): number =>
      (x[index * length + j]! - expected[index]!.average) * expected[index]!.scale
    if (gradGain) expectClose(values(gradGain), sums(normal), 1e-5, length === 1 ? 1e-3 : 2e-5)
    if (gradBias)
      expectClose(
        values(gradBias),
        sums(() => 1),
      )
  })
})
