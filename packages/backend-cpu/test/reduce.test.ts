// Reductions, argmax and topK against loops over indices.

import { sizeOf } from '@rnn/core'
import type { ReduceKind, Shape } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectClose, indicesOf, kit, positionIn, randoms, ROUNDING } from './kit.ts'

const FOLD: Record<ReduceKind, [number, (a: number, b: number) => number]> = {
  sum: [0, (a, b) => a + b],
  mean: [0, (a, b) => a + b],
  max: [-Infinity, Math.max],
  min: [Infinity, Math.min],
  product: [1, (a, b) => a * b],
}

function reduced(kind: ReduceKind, x: readonly number[], shape: Shape, axes: readonly number[]): number[] {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
  const [start, fold] = FOLD[kind]
  const out = new Array<number>(sizeOf(kept)).fill(start)
  indicesOf(shape).forEach((at, i) => {
    const place = positionIn(kept, at)
    out[place] = fold(out[place]!, x[i]!)
  })
  const count = axes.reduce((product, axis) => product * shape[axis]!, 1)
  return kind === 'mean' ? out.map((value) => value / count) : out
}

describe.each(Object.keys(FOLD) as ReduceKind[])('reduce %s', (kind) => {
  test('any axes of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(fc.integer({ min: kind === 'mean' ? 1 : 0, max: 5 }), { minLength: 1, maxLength: 4 })
          .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray([...shape.keys()], { minLength: 1 }))),
        fc.boolean(),
        async ([shape, axes], keep) => {
          const { floats, blank, run, values } = await kit()
          const x = randoms(1, sizeOf(shape))
          const outShape = keep
            ? shape.map((n, i) => (axes.includes(i) ? 1 : n))
            : shape.filter((_, i) => !axes.includes(i))
          const out = blank(outShape, { offset: 1 })
          run({ op: 'reduce', inputs: [floats(shape, x, { offset: 2 })], outputs: [out], attributes: { kind, axes } })
          // The order of additions in doubles may differ: at most 625 terms below 1.
          expectClose(values(out), reduced(kind, x, shape, axes), ROUNDING, 625 ** 2 * 2 ** -53)
        },
      ),
      { numRuns: 200 },
    )
  })

  if (kind === 'mean') return
  test('int32', async () => {
    const { ints, blank, run, values } = await kit()
    const x = [3, -1, 4, 1, -5, 9]
    const out = blank([3], {}, 'int32')
    run({ op: 'reduce', inputs: [ints([2, 3], x)], outputs: [out], attributes: { kind, axes: [0] } })
    expect(values(out)).toEqual(reduced(kind, x, [2, 3], [0]))
  })
})

test('reduce accumulates long sums in double precision', async () => {
  const { floats, blank, run, values } = await kit()
  const count = 1_000_000
  const x = new Array<number>(count).fill(Math.fround(0.1))
  for (const [kind, expected] of [
    ['sum', Math.fround(0.1) * count],
    ['mean', Math.fround(0.1)],
  ] as const) {
    const out = blank([])
    run({ op: 'reduce', inputs: [floats([count], x)], outputs: [out], attributes: { kind, axes: [0] } })
    expectClose(values(out), [expected], ROUNDING + count * 2 ** -53)
  }
})

test('reduce max and min of bool are any and all, of nothing false and true', async () => {
  const { bools, blank, run, values } = await kit()
  const x = bools([3, 2], [1, 1, 0, 1, 0, 0])
  const out = blank([3], {}, 'bool')
  run({ op: 'reduce', inputs: [x], outputs: [out], attributes: { kind: 'max', axes: [1] } })
  expect(values(out)).toEqual([1, 1, 0])
  run({ op: 'reduce', inputs: [x], outputs: [out], attributes: { kind: 'min', axes: [1] } })
  expect(values(out)).toEqual([1, 0, 0])
  const nothing = blank([], {}, 'bool')
  run({ op: 'reduce', inputs: [bools([0], [])], outputs: [nothing], attributes: { kind: 'max', axes: [0] } })
  expect(values(nothing)).toEqual([0])
  run({ op: 'reduce', inputs: [bools([0], [])], outputs: [nothing], attributes: { kind: 'min', axes: [0] } })
  expect(values(nothing)).toEqual([1])
})

test('reduce of a NaN is NaN', async () => {
  const { floats, blank, run, values } = await kit()
  const out = blank([2])
  for (const kind of ['sum', 'mean', 'max', 'min', 'product'] as const) {
    for (const axes of [[0], [1]]) {
      run({ op: 'reduce', inputs: [floats([2, 2], [1, NaN, NaN, 2])], outputs: [out], attributes: { kind, axes } })
      expect(values(out)).toEqual([NaN, NaN])
    }
  }
})

describe('argmax', () => {
  test.each([0, 1, 2])('along axis %i: the lowest index of equals, NaN before all', async (axis) => {
    const { floats, ints, blank, run, values } = await kit()
    const shape = [3, 4, 5]
    const coarse = randoms(2, 60, 3).map(Math.round)
    for (const [x, operand] of [
      [coarse, ints(shape, coarse)],
      [coarse, floats(shape, coarse)],
      [coarse.map((value, i) => (i % 11 === 3 ? NaN : value)), null],
    ] as const) {
      const outShape = shape.filter((_, i) => i !== axis)
      const out = blank(outShape, { offset: 1 }, 'int32')
      run({ op: 'argmax', inputs: [operand ?? floats(shape, x)], outputs: [out], attributes: { axis } })
      const expected = indicesOf(outShape).map((at) => {
        const along = Array.from({ length: shape[axis]! }, (_, i) => x[positionIn(shape, at.toSpliced(axis, 0, i))]!)
        const nan = along.findIndex((value) => value !== value)
        return nan >= 0 ? nan : along.indexOf(Math.max(...along))
      })
      expect(values(out)).toEqual(expected)
    }
  })
})

test('topK: descending, equals by index, NaN first, any k', async () => {
  const { floats, ints, blank, run, values } = await kit()
  const rows = [randoms(3, 9, 3).map(Math.round), [5, NaN, 5, -Infinity, 7, NaN, 0, -0, 7]]
  for (const k of [0, 1, 4, 9]) {
    const best = blank([2, k], { offset: 1 })
    const places = blank([2, k], { offset: 2 }, 'int32')
    run({ op: 'topK', inputs: [floats([2, 9], rows.flat())], outputs: [best, places], attributes: { k } })
    const expected = rows.map((row) => {
      const order = [...row.keys()]
      const rank = (i: number): number => (Number.isNaN(row[i]) ? Infinity : row[i]!)
      return order.sort((i, j) => (rank(i) === rank(j) ? i - j : rank(j) - rank(i))).slice(0, k)
    })
    expect(values(places)).toEqual(expected.flat())
    expect(values(best)).toEqual(expected.flatMap((order, row) => order.map((i) => rows[row]![i]!)))
  }
  const whole = [blank([1, 2], {}, 'int32'), blank([1, 2], {}, 'int32')] as const
  run({ op: 'topK', inputs: [ints([1, 3], [-5, 9, 2])], outputs: whole, attributes: { k: 2 } })
  expect(whole.map(values)).toEqual([
    [9, 2],
    [1, 2],
  ])
})
