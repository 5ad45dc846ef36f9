// Binary kernels, broadcasting, select and copy against element-by-element loops.

import { broadcastShapes, sizeOf } from '@rnn/core'
import type { ArithmeticKind, BinaryKind, ComparisonKind, Shape } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectClose, indicesOf, kit, positionIn, randoms } from './kit.ts'
import type { Placement } from './kit.ts'

const ARITHMETIC: Record<ArithmeticKind, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  remainder: (a, b) => a % b,
  power: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  tanhGradient: (a, b) => b * (1 - a * a),
  sigmoidGradient: (a, b) => b * a * (1 - a),
  reluGradient: (a, b) => (a > 0 ? b : 0),
}

const COMPARISON: Record<ComparisonKind, (a: number, b: number) => boolean> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
  and: (a, b) => a !== 0 && b !== 0,
  or: (a, b) => a !== 0 || b !== 0,
}

describe.each(Object.keys(ARITHMETIC) as ArithmeticKind[])('binary %s', (kind) => {
  test.each<[string, Shape, Shape]>([
    ['same shape', [3, 5], [3, 5]],
    ['scalar', [3, 5], []],
    ['row vector', [3, 5], [5]],
    ['column', [3, 1], [3, 5]],
    ['both ways', [3, 1, 5], [2, 1]],
  ])('%s', async (_name, aShape, bShape) => {
    const { floats, blank, run, values } = await kit()
    const a = randoms(1, sizeOf(aShape), 3)
    const b = randoms(2, sizeOf(bShape), 3)
    const shape = broadcastShapes('test', aShape, bShape)
    const out = blank(shape, { offset: 2 })
    const inputs = [floats(aShape, a, { offset: 1 }), floats(bShape, b)] as const
    run({ op: 'binary', inputs, outputs: [out], attributes: { kind } })
    const expected = indicesOf(shape).map((at) =>
      ARITHMETIC[kind](a[positionIn(aShape, at)]!, b[positionIn(bShape, at)]!),
    )
    expectClose(values(out), expected)
  })

  test('a constant on either side, in the operand’s precision', async () => {
    const { floats, blank, run, values } = await kit()
    const a = randoms(3, 7, 3)
    const out = blank([7])
    const constant = Math.fround(1.7)
    run({ op: 'binary', inputs: [floats([7], a), null], outputs: [out], attributes: { kind, scalar: 1.7 } })
    expectClose(
      values(out),
      a.map((value) => ARITHMETIC[kind](value, constant)),
    )
    run({ op: 'binary', inputs: [null, floats([7], a)], outputs: [out], attributes: { kind, scalar: 1.7 } })
    expectClose(
      values(out),
      a.map((value) => ARITHMETIC[kind](constant, value)),
    )
  })
})

test('binary minimum and maximum give NaN where either is', async () => {
  const { floats, blank, run, values } = await kit()
  const out = blank([3])
  for (const kind of ['minimum', 'maximum'] as const) {
    const inputs = [floats([3], [NaN, 1, NaN]), floats([3], [1, NaN, NaN])] as const
    run({ op: 'binary', inputs, outputs: [out], attributes: { kind } })
    expect(values(out)).toEqual([NaN, NaN, NaN])
  }
})

test.each<[BinaryKind, number[]]>([
  ['add', [10, -4, 5, -2147483648, -2147483648]],
  ['subtract', [4, -10, 5, 2147483646, -2147483646]],
  ['multiply', [21, -21, 0, 2147483647, 2147483647]],
  ['divide', [2, -2, 0, 2147483647, 2147483647]],
  ['remainder', [1, -1, 0, 0, 0]],
  ['minimum', [3, -7, 0, 1, -2147483647]],
  ['maximum', [7, 3, 5, 2147483647, -1]],
])('binary %s of int32 wraps, truncates, and divides by zero to 0', async (kind, expected) => {
  const { ints, blank, run, values } = await kit()
  const out = blank([5], { offset: 1 }, 'int32')
  const a = ints([5], [7, -7, 5, 2147483647, -2147483647])
  const b = ints([5], [3, 3, 0, 1, -1])
  run({ op: 'binary', inputs: [a, b], outputs: [out], attributes: { kind } })
  expect(values(out)).toEqual(expected)
})

test.each(Object.keys(COMPARISON) as ComparisonKind[])('binary %s gives masks for every dtype', async (kind) => {
  const { place, blank, run, values } = await kit()
  const a = [0, 1, 1, 0, 1, 0]
  const b = [0, 1, 0, 1, 1, 1]
  for (const dtype of ['float32', 'int32', 'bool'] as const) {
    const out = blank([6], { offset: 1 }, 'bool')
    run({ op: 'binary', inputs: [place(dtype, [6], a), place(dtype, [6], b)], outputs: [out], attributes: { kind } })
    expect(values(out)).toEqual(a.map((value, i) => Number(COMPARISON[kind](value, b[i]!))))
  }
  const nan = blank([2], {}, 'bool')
  run({
    op: 'binary',
    inputs: [place('float32', [2], [NaN, 1]), null],
    outputs: [nan],
    attributes: { kind, scalar: NaN },
  })
  expect(values(nan)).toEqual([NaN, 1].map((value) => Number(COMPARISON[kind](value, NaN))))
})

/** A shape and another that broadcasts to it. */
const shapes = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean()), { maxLength: 4 }).chain((axes) =>
  fc.record({
    shape: fc.constant(axes.map(([length]) => length)),
    part: fc
      .integer({ min: 0, max: axes.length })
      .map((from) => axes.slice(from).map(([length, repeats]) => (repeats ? 1 : length))),
  }),
)

/** Where an operand of exactly this shape may lie. */
function placements(shape: Shape): fc.Arbitrary<Placement> {
  return fc
    .record({
      offset: fc.integer({ min: 0, max: 3 }),
      trailing: fc.integer({ min: 0, max: shape.length }),
      gap: fc.integer({ min: 0, max: 3 }),
      rows: fc.boolean(),
    })
    .map(({ offset, trailing, gap, rows }) => {
      const rowLength = sizeOf(shape.slice(trailing))
      return rows && rowLength > 0 ? { offset, rowLength, rowStride: rowLength + gap } : { offset }
    })
}

test('binary broadcasts any shapes and honours any rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      shapes.chain((pair) =>
        fc.record({
          pair: fc.constant(pair),
          swap: fc.boolean(),
          whole: placements(pair.shape),
          result: placements(pair.shape),
          offset: fc.integer({ min: 0, max: 2 }),
        }),
      ),
      async ({ pair: { shape, part }, swap, whole, result, offset }) => {
        const { floats, blank, run, values } = await kit()
        const a = randoms(5, sizeOf(shape))
        const b = randoms(6, sizeOf(part))
        const out = blank(shape, result)
        const [x, y] = [floats(shape, a, whole), floats(part, b, { offset })]
        run({ op: 'binary', inputs: swap ? [y, x] : [x, y], outputs: [out], attributes: { kind: 'subtract' } })
        const sign = swap ? -1 : 1
        expectClose(
          values(out),
          indicesOf(shape).map((at, i) => sign * (a[i]! - b[positionIn(part, at)]!)),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('select broadcasts mask and values, moves any words unchanged, and takes a constant on either side', async () => {
  const { bools, floats, ints, blank, run, values } = await kit()
  const mask = [1, 0, 1]
  const a = randoms(7, 6)
  const b = randoms(8, 2)
  const rows = { offset: 1, rowLength: 3, rowStride: 5 }
  const out = blank([2, 3], { rowLength: 3, rowStride: 4 })
  const m = bools([3], mask, { offset: 2 })
  run({ op: 'select', inputs: [m, floats([2, 3], a, rows), floats([2, 1], b)], outputs: [out], attributes: {} })
  expect(values(out)).toEqual(a.map((value, i) => (mask[i % 3] ? value : b[Math.floor(i / 3)]!)))
  run({ op: 'select', inputs: [m, null, floats([2, 3], a)], outputs: [out], attributes: { scalar: -Infinity } })
  expect(values(out)).toEqual(a.map((value, i) => (mask[i % 3] ? -Infinity : value)))
  run({ op: 'select', inputs: [m, floats([2, 3], a), null], outputs: [out], attributes: { scalar: 0.1 } })
  expect(values(out)).toEqual(a.map((value, i) => (mask[i % 3] ? value : Math.fround(0.1))))
  const whole = blank([3], {}, 'int32')
  run({ op: 'select', inputs: [m, ints([3], [7, 8, 9]), null], outputs: [whole], attributes: { scalar: -2 } })
  expect(values(whole)).toEqual([7, -2, 9])
})

describe('copy', () => {
  test('moves between any rows of different shapes, and adds with accumulate', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 })
          .chain((shape) => fc.tuple(fc.constant(shape), fc.shuffledSubarray(shape, { minLength: shape.length })))
          .chain(([from, to]) =>
            fc.record({ from: fc.constant(from), to: fc.constant(to), a: placements(from), b: placements(to) }),
          ),
        fc.boolean(),
        async ({ from, to, a, b }, accumulate) => {
          const { floats, run, values } = await kit()
          const x = randoms(9, sizeOf(from))
          const before = randoms(10, sizeOf(to))
          const out = floats(to, before, b)
          run({ op: 'copy', inputs: [floats(from, x, a)], outputs: [out], attributes: { accumulate } })
          expectClose(values(out), accumulate ? x.map((value, i) => value + before[i]!) : x)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('casts by the rules of the contract', async () => {
    const { place, blank, run, values } = await kit()
    const floats = [1.9, -1.9, 0, -0, NaN, Infinity, -Infinity, 3e9, -3e9, 0.5]
    const cast = (from: 'float32' | 'int32' | 'bool', to: 'float32' | 'int32' | 'bool', x: number[]): number[] => {
      const out = blank([x.length], { offset: 1 }, to)
      run({ op: 'copy', inputs: [place(from, [x.length], x)], outputs: [out], attributes: { accumulate: false } })
      return values(out)
    }
    const [most, least] = [2147483647, -2147483648]
    expect(cast('float32', 'int32', floats)).toEqual([1, -1, 0, 0, 0, most, least, most, least, 0])
    expect(cast('float32', 'bool', floats)).toEqual([1, 1, 0, 0, 1, 1, 1, 1, 1, 1])
    expect(cast('int32', 'bool', [0, 5, -1])).toEqual([0, 1, 1])
    expect(cast('int32', 'float32', [0, 5, -1, 16777217])).toEqual([0, 5, -1, 16777216])
    expect(cast('bool', 'float32', [0, 1])).toEqual([0, 1])
    expect(cast('bool', 'int32', [0, 1])).toEqual([0, 1])
  })

  test('adds int32 in place', async () => {
    const { ints, run, values } = await kit()
    const out = ints([3], [1, 2, 3])
    run({ op: 'copy', inputs: [ints([3], [10, 20, 30])], outputs: [out], attributes: { accumulate: true } })
    expect(values(out)).toEqual([11, 22, 33])
  })
})

test('fill rounds to the dtype and leaves the neighbours alone', async () => {
  const { blank, run, values } = await kit()
  for (const [dtype, value, expected] of [
    ['float32', 0.1, Math.fround(0.1)],
    ['float32', -Infinity, -Infinity],
    ['int32', -7, -7],
    ['int32', 1e10, 2147483647],
    ['bool', 1, 1],
  ] as const) {
    const out = blank([2, 3], { offset: 1 }, dtype)
    run({ op: 'fill', inputs: [], outputs: [out], attributes: { value } })
    expect(values(out)).toEqual(new Array(6).fill(expected))
  }
})
