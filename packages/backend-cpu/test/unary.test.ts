// Unary kernels against Math's functions in double precision.

import type { UnaryKind } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { expectClose, kit, randoms, ROUNDING } from './kit.ts'

const roundToEven = (x: number): number => {
  const low = Math.floor(x)
  if (x - low !== 0.5) return Math.round(x)
  return low % 2 === 0 ? low : low + 1
}

const FLOAT: Record<Exclude<UnaryKind, 'isNaN' | 'not'>, (x: number) => number> = {
  negate: (x) => -x,
  absolute: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  reciprocalSqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  square: (x) => x * x,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => (x < 0 ? 0 : x),
  softplus: (x) => (x > 30 ? x + Math.exp(-x) : Math.log1p(Math.exp(x))),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundToEven,
}

const SPECIAL = [
  0, -0, 1, -1, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e-30, -1e-30, 1e-6, 9.1, -9.1, 20, -20, 87, -87, 1000, -1000,
]
const NOT_FINITE = [Infinity, -Infinity, NaN]

describe.each(Object.keys(FLOAT) as (keyof typeof FLOAT)[])('unary %s', (kind) => {
  test('agrees with Math to float32 rounding', async () => {
    const { floats, blank, run, values } = await kit()
    const x = [...SPECIAL, ...NOT_FINITE, ...randoms(1, 300), ...randoms(2, 300, 12)].map(Math.fround)
    const out = blank([x.length], { offset: 3 })
    run({ op: 'unary', inputs: [floats([x.length], x, { offset: 1 })], outputs: [out], attributes: { kind } })
    // Beside the rounding of the result, the kernels' exponentials err by less than 1e-9.
    expectClose(values(out), x.map(FLOAT[kind]), ROUNDING + 1e-9)
  })

  test('honours rows on both sides', async () => {
    const { floats, blank, run, values } = await kit()
    const x = randoms(3, 3 * 2 * 5).map((value) => Math.abs(value) + 0.1)
    const input = floats([3, 2, 5], x, { offset: 2, rowLength: 10, rowStride: 13 })
    const out = blank([3, 2, 5], { offset: 1, rowLength: 5, rowStride: 7 })
    run({ op: 'unary', inputs: [input], outputs: [out], attributes: { kind } })
    expectClose(
      values(out),
      x.map((value) => FLOAT[kind](Math.fround(value))),
      ROUNDING + 1e-9,
    )
  })
})

test('unary tanh and sigmoid are exact at their limits, and tanh is odd to the bit', async () => {
  const { floats, blank, run, values } = await kit()
  const x = randoms(4, 500, 10)
  const all = [1000, -1000, Infinity, -Infinity, ...x, ...x.map((value) => -value)]
  const out = blank([all.length])
  run({ op: 'unary', inputs: [floats([all.length], all)], outputs: [out], attributes: { kind: 'tanh' } })
  const tanh = values(out)
  expect(tanh.slice(0, 4)).toEqual([1, -1, 1, -1])
  expect(tanh.slice(504)).toEqual(tanh.slice(4, 504).map((value) => -value))
  run({ op: 'unary', inputs: [floats([all.length], all)], outputs: [out], attributes: { kind: 'sigmoid' } })
  expect(values(out).slice(0, 4)).toEqual([1, 0, 1, 0])
})

test('unary negate, absolute, sign, square and relu take int32', async () => {
  const { ints, blank, run, values } = await kit()
  const x = [0, 5, -7, 2147483647, -2147483648]
  const cases: [UnaryKind, number[]][] = [
    ['negate', [0, -5, 7, -2147483647, -2147483648]],
    ['absolute', [0, 5, 7, 2147483647, -2147483648]],
    ['sign', [0, 1, -1, 1, -1]],
    ['square', [0, 25, 49, 1, 0]],
    ['relu', [0, 5, 0, 2147483647, 0]],
  ]
  for (const [kind, expected] of cases) {
    const out = blank([5], { offset: 1 }, 'int32')
    run({ op: 'unary', inputs: [ints([5], x)], outputs: [out], attributes: { kind } })
    expect(values(out)).toEqual(expected)
  }
})

test('unary isNaN and not give masks', async () => {
  const { floats, bools, blank, run, values } = await kit()
  const out = blank([4], {}, 'bool')
  run({ op: 'unary', inputs: [floats([4], [NaN, 0, Infinity, -1])], outputs: [out], attributes: { kind: 'isNaN' } })
  expect(values(out)).toEqual([1, 0, 0, 0])
  run({ op: 'unary', inputs: [bools([4], [1, 0, 0, 1])], outputs: [out], attributes: { kind: 'not' } })
  expect(values(out)).toEqual([0, 1, 1, 0])
})
