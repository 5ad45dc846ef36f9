// Keys and the numbers that follow from them.

import { cpu } from '@rnn/backend-cpu'
import {
  bernoulli,
  hostNormal,
  hostUniform,
  key,
  normal,
  splitKey,
  threefry2x32,
  uniform,
  type Backend,
} from '@rnn/core'
import { beforeAll, describe, expect, test } from 'vitest'

let backend: Backend
beforeAll(async () => {
  backend = await cpu()
})

// Known answers published with Random123 (Salmon et al. 2011).
test.each([
  [[0, 0, 0, 0], '6b200159 99ba4efe'],
  [[-1, -1, -1, -1], '1cb996fc bb002be7'],
  [[0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3], 'c4923a9c 483df7a0'],
] as const)('threefry of %o', ([k0, k1, c0, c1], expected) => {
  const out = new Int32Array(2)
  threefry2x32(k0, k1, c0, c1, out)
  expect([...out].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ')).toBe(expected)
})

describe('keys', () => {
  test('each name and number has a stream of its own, the same every time', () => {
    const names = ['a', 'b', 'ab', 'ba', '', 0, 1, 2, '0', '1']
    const words = names.map((name) => splitKey(key(7), name).words.join())
    expect(new Set(words).size).toBe(names.length)
    expect(splitKey(key(7), 'a')).toEqual(splitKey(key(7), 'a'))
    expect(splitKey(key(8), 'a')).not.toEqual(splitKey(key(7), 'a'))
  })

  test('all 53 bits of a seed count', () => {
    expect(key(2 ** 40 + 3).words).toEqual([256, 3])
    expect(key(-1)).not.toEqual(key(2 ** 32 - 1))
  })

  test.each([0.5, Number.NaN, Infinity, 2 ** 53])('%d is refused as a seed and as a name', (value) => {
    expect(() => key(value)).toThrow(expect.objectContaining({ code: 'E_VALUE', operation: 'key' }))
    expect(() => splitKey(key(1), value)).toThrow(expect.objectContaining({ code: 'E_VALUE', operation: 'splitKey' }))
  })
})

test('the host draws the numbers that a backend draws', async () => {
  const next = hostUniform(key(3))
  const drawn = await uniform(key(3), [5], { backend }).data()
  expect([...drawn]).toEqual(Array.from({ length: 5 }, next))
  const nextNormal = hostNormal(key(3))
  for (const value of await normal(key(3), [5], { backend }).data()) expect(value).toBeCloseTo(nextNormal(), 5)
})

test('the distributions are what their names say', async () => {
  const count = 20_000
  const flips = await bernoulli(key(1), [count], 0.3, { backend }).data()
  // Five standard deviations of a mean of `count` draws.
  expect(Math.abs(mean(flips) - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / count))
  const normals = await normal(key(2), [count], { backend }).data()
  expect(Math.abs(mean(normals))).toBeLessThan(5 / Math.sqrt(count))
  expect(Math.abs(mean(normals.map((value) => value * value)) - 1)).toBeLessThan(5 * Math.sqrt(2 / count))
  expect(await bernoulli(key(1), [100], 0, { backend }).data()).toEqual(new Int32Array(100))
  expect(await bernoulli(key(1), [100], 1, { backend }).data()).toEqual(new Int32Array(100).fill(1))
})

function mean(values: Float32Array | Int32Array): number {
  let total = 0
  for (const value of values) total += value
  return total / values.length
}
