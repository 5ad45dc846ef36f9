// Ops that move data: transpose, concat, pad, gather, scatterAdd.

import { hasCode, sizeOf } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectClose, indicesOf, kit, positionIn, randoms } from './kit.ts'

test('transpose: any permutation of any shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(40)), { maxLength: 4 })
        .filter((shape) => sizeOf(shape) < 10_000)
        .chain((shape) =>
          fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
        ),
      async ([shape, permutation]) => {
        const { floats, blank, run, values } = await kit()
        const x = randoms(1, sizeOf(shape))
        const outShape = permutation.map((axis) => shape[axis]!)
        const out = blank(outShape, { offset: 1 })
        run({ op: 'transpose', inputs: [floats(shape, x, { offset: 2 })], outputs: [out], attributes: { permutation } })
        const expected = indicesOf(outShape).map((at) => {
          const from = new Array<number>(at.length)
          permutation.forEach((axis, i) => (from[axis] = at[i]!))
          return x[positionIn(shape, from)]!
        })
        expect(values(out)).toEqual(expected)
      },
    ),
    { numRuns: 150 },
  )
})

test('concat along any axis, of any number of pieces, long or empty', async () => {
  const { floats, ints, blank, run, values } = await kit()
  for (const axis of [0, 1, 2]) {
    const shapes = [1, 0, 3, 70].map((length) => [2, 3, 4].with(axis, length))
    const pieces = shapes.map((shape, i) => randoms(i, sizeOf(shape)))
    const outShape = [2, 3, 4].with(axis, 74)
    const out = blank(outShape, { offset: 3 })
    const inputs = shapes.map((shape, i) => floats(shape, pieces[i]!, { offset: i }))
    run({ op: 'concat', inputs, outputs: [out], attributes: { axis } })
    const expected = indicesOf(outShape).map((at) => {
      let i = at[axis]!
      let piece = 0
      while (i >= shapes[piece]![axis]!) i -= shapes[piece++]![axis]!
      return pieces[piece]![positionIn(shapes[piece]!, at.with(axis, i))]!
    })
    expect(values(out)).toEqual(expected)
  }
  const one = blank([2], {}, 'int32')
  run({ op: 'concat', inputs: [ints([2], [4, 5])], outputs: [one], attributes: { axis: 0 } })
  expect(values(one)).toEqual([4, 5])
})

test('pad surrounds with a value of the dtype', async () => {
  const { floats, ints, blank, run, values } = await kit()
  const x = randoms(2, 6)
  const [before, after] = [
    [1, 0, 2],
    [0, 2, 1],
  ]
  const outShape = [3, 5, 4]
  const out = blank(outShape, { offset: 1 })
  run({ op: 'pad', inputs: [floats([2, 3, 1], x)], outputs: [out], attributes: { before, after, value: -0.5 } })
  const expected = indicesOf(outShape).map(([i, j, k]) => {
    const inside = i! >= 1 && j! < 3 && k === 2
    return inside ? x[(i! - 1) * 3 + j!]! : -0.5
  })
  expect(values(out)).toEqual(expected)
  const whole = blank([4], {}, 'int32')
  run({ op: 'pad', inputs: [ints([2], [7, 8])], outputs: [whole], attributes: { before: [1], after: [1], value: -1 } })
  expect(values(whole)).toEqual([-1, 7, 8, -1])
})

describe('gather and scatterAdd', () => {
  test('rows by index, −1 for none', async () => {
    const { floats, ints, blank, run, values } = await kit()
    for (const row of [[], [3], [2, 50]]) {
      const size = sizeOf(row)
      const table = randoms(3, 5 * size)
      const places = [4, -1, 0, 0, 2, 4]
      const out = blank([2, 3, ...row], { offset: 1 })
      const indices = ints([2, 3], places, { offset: 2 })
      run({
        op: 'gather',
        inputs: [floats([5, ...row], table, { offset: 3 }), indices],
        outputs: [out],
        attributes: {},
      })
      expect(values(out)).toEqual(
        places.flatMap((place) => Array.from({ length: size }, (_, j) => (place < 0 ? 0 : table[place * size + j]!))),
      )

      const updates = randoms(4, 6 * size)
      const before = randoms(5, 5 * size)
      const target = floats([5, ...row], before, { offset: 2 })
      run({ op: 'scatterAdd', inputs: [indices, floats([2, 3, ...row], updates)], outputs: [target], attributes: {} })
      const expected = before.map((value) => value)
      places.forEach((place, i) => {
        for (let j = 0; j < size; j++) if (place >= 0) expected[place * size + j]! += updates[i * size + j]!
      })
      // Each of the two additions that may meet in an element rounds.
      expectClose(values(target), expected, 2 ** -23, 2 ** -23)
    }
  })

  test('int32 tables', async () => {
    const { ints, blank, run, values } = await kit()
    const out = blank([2], {}, 'int32')
    run({ op: 'gather', inputs: [ints([3], [7, 8, 9]), ints([2], [2, 0])], outputs: [out], attributes: {} })
    expect(values(out)).toEqual([9, 7])
    const table = ints([3], [1, 2, 3])
    run({ op: 'scatterAdd', inputs: [ints([2], [1, 1]), ints([2], [10, 20])], outputs: [table], attributes: {} })
    expect(values(table)).toEqual([1, 32, 3])
  })

  test.each([5, -2, 2147483647])('index %i is an error that names it, and nothing is written', async (bad) => {
    const { floats, ints, run, values } = await kit()
    const table = floats([5, 2], randoms(6, 10))
    const before = values(table)
    const indices = ints([3], [1, bad, 0])
    const rows = floats([3, 2], randoms(7, 6))
    for (const call of [
      { op: 'gather', inputs: [table, indices], outputs: [rows], attributes: {} },
      { op: 'scatterAdd', inputs: [indices, rows], outputs: [table], attributes: {} },
    ] as const) {
      let caught: unknown
      try {
        run(call)
      } catch (error) {
        caught = error
      }
      expect(hasCode(caught, 'E_INDEX_RANGE')).toBe(true)
      expect(String(caught)).toContain(`${call.op}: index ${bad} at position 1, of a table of 5 rows`)
    }
    expect(values(table)).toEqual(before)
    expect(values(rows)).toEqual(randoms(7, 6))
  })
})
