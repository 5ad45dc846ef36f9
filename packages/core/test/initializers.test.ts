// Initial values.

import {
  blocks,
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  identityInitializer,
  key,
  lecunNormal,
  lecunUniform,
  lstmCell,
  normalInitializer,
  orthogonal,
  scaledOrthogonal,
  truncatedNormal,
  uniformInitializer,
  varianceScaling,
  zeroInitializer,
  type Initializer,
  type VarianceScalingOptions,
} from '@rnn/core'
import { describe, expect, test } from 'vitest'

test.each([
  [4, 4],
  [3, 12],
  [12, 3],
  [64, 256],
])('orthogonal %i × %i: the fewer side is orthonormal to float32', (rows, columns) => {
  const values = orthogonal.values(key(1), [rows, columns])
  const at = (vector: number, i: number): number =>
    (rows <= columns ? values[vector * columns + i] : values[i * columns + vector]) ?? NaN
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows]
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0
      for (let i = 0; i < length; i++) product += at(a, i) * at(b, i)
      // Each of `length` products of rounded unit-vector elements errs by at most 2⁻²³ of itself.
      expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(2 ** -22)
    }
  }
})

test('glorot uniform fills its interval and nothing else', () => {
  const limit = Math.sqrt(6 / (100 + 50))
  const values = glorotUniform.values(key(1), [100, 50])
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit))
  expect(Math.max(...values)).toBeGreaterThan(0.99 * limit)
  expect(Math.min(...values)).toBeLessThan(-0.99 * limit)
})

test('values depend on the key and on nothing else', () => {
  for (const initializer of [glorotUniform, orthogonal, uniformInitializer(0, 1), normalInitializer(2)]) {
    expect(initializer.values(key(5), [3, 3])).toEqual(initializer.values(key(5), [3, 3]))
    expect(initializer.values(key(5), [3, 3])).not.toEqual(initializer.values(key(6), [3, 3]))
  }
})

test('blocks lie side by side on the last axis', () => {
  expect([...blocks(zeroInitializer, constant(1)).values(key(1), [2, 4])]).toEqual([0, 0, 1, 1, 0, 0, 1, 1])
})

test('the forget bias of an LSTM starts at 1, the others at 0', () => {
  const { bias } = lstmCell.parameters(3, 2)
  expect([...bias.initializer.values(key(1), bias.shape)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
})

test('orthogonal takes a window for the rows of a matrix, and refuses what is none', () => {
  expect(orthogonal.values(key(1), [2, 2, 3])).toEqual(orthogonal.values(key(1), [4, 3]))
  expect(orthogonal.values(key(1), [200_000, 1]).every(Number.isFinite)).toBe(true)
  expect(() => orthogonal.values(key(1), [4])).toThrow('orthogonal: [4] is no matrix')
})

/** Mean, variance and largest size of values. */
function moments(values: Float32Array): { mean: number; variance: number; largest: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, variance, largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) }
}

// Fourth moment over squared variance: 3 for a normal, 9/5 for a uniform distribution; for the normal cut at two deviations
// (m4 = 3 − 2·φ(2)·(2³ + 3·2) / 0.9545 = 1.4163, variance 0.7737) 2.366.
const KURTOSIS = { normal: 3, uniform: 1.8, truncated: 2.366 } as const

const [FAN_IN, FAN_OUT] = [120, 40]
const SCALED: readonly (readonly [string, Initializer, variance: number, keyof typeof KURTOSIS])[] = [
  ['glorotUniform', glorotUniform, 2 / (FAN_IN + FAN_OUT), 'uniform'],
  ['glorotNormal', glorotNormal, 2 / (FAN_IN + FAN_OUT), 'truncated'],
  ['heUniform', heUniform, 2 / FAN_IN, 'uniform'],
  ['heNormal', heNormal, 2 / FAN_IN, 'truncated'],
  ['lecunUniform', lecunUniform, 1 / FAN_IN, 'uniform'],
  ['lecunNormal', lecunNormal, 1 / FAN_IN, 'truncated'],
  [
    'varianceScaling by fan out',
    varianceScaling({ scale: 3, fan: 'out', distribution: 'uniform' }),
    3 / FAN_OUT,
    'uniform',
  ],
  ['normalInitializer', normalInitializer(0.3), 0.09, 'normal'],
  ['uniformInitializer', uniformInitializer(-0.3, 0.3), 0.03, 'uniform'],
  ['truncatedNormal', truncatedNormal(0.5), 0.25 * 0.8796256610342398 ** 2, 'truncated'],
]

describe.each(SCALED)('%s', (_, initializer, variance, distribution) => {
  const values = initializer.values(key(3), [FAN_IN, FAN_OUT])
  const { length } = values

  test('has mean 0 and its variance, within five standard errors', () => {
    const found = moments(values)
    expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / length))
    // The variance of n values has the standard error σ²·√((kurtosis − 1) / n).
    const error = variance * Math.sqrt((KURTOSIS[distribution] - 1) / length)
    expect(Math.abs(found.variance - variance)).toBeLessThan(5 * error)
  })

  test('keeps within its limits, and comes near them', () => {
    const { largest } = moments(values)
    const deviation = Math.sqrt(variance)
    const limit = {
      uniform: Math.sqrt(3) * deviation,
      truncated: (2 * deviation) / 0.8796256610342398,
      normal: Infinity,
    }[distribution]
    expect(largest).toBeLessThanOrEqual(Math.fround(limit))
    expect(limit === Infinity || largest > 0.98 * limit).toBe(true)
  })
})

test('the window of a convolution counts for the fans', () => {
  const values = heUniform.values(key(1), [3, 5, 8, 16])
  const limit = Math.sqrt(6 / (3 * 5 * 8))
  const { largest } = moments(values)
  expect(largest).toBeLessThanOrEqual(Math.fround(limit))
  expect(largest).toBeGreaterThan(0.98 * limit)
})

test('identity has its gain on the diagonal, of any matrix', () => {
  expect([...identityInitializer().values(key(1), [2, 2])]).toEqual([1, 0, 0, 1])
  expect([...identityInitializer(0.5).values(key(1), [2, 3])]).toEqual([0.5, 0, 0, 0, 0.5, 0])
  expect([...identityInitializer().values(key(1), [3, 1])]).toEqual([1, 0, 0])
  expect(() => identityInitializer().values(key(1), [4])).toThrow('identityInitializer: [4] is no matrix')
})

test('orthogonal with gain is orthogonal, times the gain', () => {
  const plain = orthogonal.values(key(4), [5, 3])
  expect(scaledOrthogonal(2).values(key(4), [5, 3])).toEqual(plain.map((value) => 2 * value))
})

test('a scale that is no variance is refused', () => {
  expect(() => varianceScaling({ scale: 0, fan: 'in', distribution: 'normal' })).toThrow(
    'varianceScaling: scale is 0; use a number above 0',
  )
})

test('initializers say how they were made, but for those with a part of one’s own', () => {
  expect(blocks(scaledOrthogonal(2), constant(1), heNormal).configuration).toEqual({
    name: 'blocks',
    parts: [{ name: 'orthogonal', gain: 2 }, { name: 'constant', value: 1 }, { name: 'heNormal' }],
  })
  const own: Initializer = { name: 'own', values: (_, shape) => new Float32Array(shape[0] ?? 1) }
  expect(blocks(constant(1), own).configuration).toBeUndefined()
})

test('blocks are of one width', () => {
  const three = blocks(constant(1), constant(2), constant(3))
  expect([...three.values(key(1), [6])]).toEqual([1, 1, 2, 2, 3, 3])
  expect(() => three.values(key(1), [8])).toThrow("blocks: 8 columns can't be divided into 3 blocks of one width")
})

test('varianceScaling knows its words', () => {
  const options = { scale: 1, fan: 'fan_in', distribution: 'uniform' } as unknown as VarianceScalingOptions
  expect(() => varianceScaling(options)).toThrow("fan is 'fan_in', distribution 'uniform'; use fan 'in'")
})
