// Matmul against a triple loop in double precision.

import { sizeOf } from '@rnn/core'
import type { Shape } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectClose, kit, randoms, ROUNDING } from './kit.ts'
import type { Placement } from './kit.ts'

interface Case {
  readonly M: number
  readonly K: number
  readonly N: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** Batches of out, a and b; absent: rank 2. */
  readonly batch?: readonly [out: number, a: number, b: number]
  readonly mode: 'plain' | 'bias' | 'accumulate'
  /** Distance between rows beyond their length, for a, b and out; absent: contiguous. */
  readonly gaps?: readonly [number, number, number]
}

async function check(c: Case): Promise<void> {
  const { floats, run, values, blank } = await kit()
  const { M, K, N, transposeA, transposeB, mode } = c
  const shaped = (batch: number | undefined, rows: number, columns: number): Shape =>
    batch === undefined ? [rows, columns] : [batch, rows, columns]
  const aShape = transposeA ? shaped(c.batch?.[1], K, M) : shaped(c.batch?.[1], M, K)
  const bShape = transposeB ? shaped(c.batch?.[2], N, K) : shaped(c.batch?.[2], K, N)
  const outShape = shaped(c.batch?.[0], M, N)
  const placed = (shape: Shape, gap: number | undefined, offset: number): Placement => {
    const rowLength = shape.at(-1)!
    return gap === undefined ? { offset } : { offset, rowLength, rowStride: rowLength + gap }
  }
  const a = randoms(1, sizeOf(aShape))
  const b = randoms(2, sizeOf(bShape))
  const bias = randoms(3, N)
  const before = randoms(4, sizeOf(outShape))
  const place = placed(outShape, c.gaps?.[2], 2)
  const out = mode === 'accumulate' ? floats(outShape, before, place) : blank(outShape, place)
  const inputs = [
    floats(aShape, a, placed(aShape, c.gaps?.[0], 1)),
    floats(bShape, b, placed(bShape, c.gaps?.[1], 3)),
    mode === 'bias' ? floats([N], bias, { offset: 1 }) : null,
  ] as const
  const accumulate = mode === 'accumulate'
  run({ op: 'matmul', inputs, outputs: [out], attributes: { transposeA, transposeB, accumulate } })

  const [outBatch, aBatch, bBatch] = c.batch ?? [1, 1, 1]
  // An output with a batch of 1 gets the sum of all products.
  const summed = outBatch === 1 ? Math.max(aBatch, bBatch) : 1
  const expected: number[] = []
  for (let i = 0; i < outBatch; i++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = mode === 'bias' ? bias[n]! : accumulate ? before[expected.length]! : 0
        for (let s = i; s < i + summed; s++) {
          const fromA = aBatch === 1 ? 0 : s * M * K
          const fromB = bBatch === 1 ? 0 : s * K * N
          for (let k = 0; k < K; k++) {
            sum += a[fromA + (transposeA ? k * M + m : m * K + k)]! * b[fromB + (transposeB ? n * K + k : k * N + n)]!
          }
        }
        expected.push(sum)
      }
    }
  }
  // One rounding of the result; sums of K products below 1 in doubles err by less than K²·2⁻⁵³.
  expectClose(values(out), expected, ROUNDING, (summed * K + 2) ** 2 * 2 ** -53)
}

const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))

describe.each(flags)('matmul, transposeA $transposeA, transposeB $transposeB', (transposes) => {
  test.each([
    [1, 1, 1],
    [1, 7, 5],
    [2, 3, 3],
    [3, 129, 4],
    [8, 5, 129],
    [9, 5, 129], // the first number of rows that packs both sides
    [129, 3, 2],
    [31, 64, 33],
    [5, 0, 4], // an empty sum
    [130, 257, 385], // one more than a block each way
  ])('[%i, %i] · [.., %i]', async (M, K, N) => {
    await check({ M, K, N, ...transposes, mode: 'plain' })
    await check({ M, K, N, ...transposes, mode: 'bias' })
    await check({ M, K, N, ...transposes, mode: 'accumulate' })
  })
})

test('matmul of batches, rows and offsets', async () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 5, max: 20 }))
  await fc.assert(
    fc.asyncProperty(
      fc.record(
        {
          M: size,
          K: size,
          N: size,
          transposeA: fc.boolean(),
          transposeB: fc.boolean(),
          mode: fc.constantFrom('plain', 'bias', 'accumulate'),
          batch: fc
            .tuple(
              fc.integer({ min: 1, max: 3 }),
              fc.constantFrom('each', 'a once', 'b once', 'summed', 'summed, b once'),
            )
            .map(
              ([count, how]) =>
                [
                  how.startsWith('summed') ? 1 : count,
                  how === 'a once' ? 1 : count,
                  how.endsWith('b once') ? 1 : count,
                ] as const,
            ),
          gaps: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
        },
        { requiredKeys: ['M', 'K', 'N', 'transposeA', 'transposeB', 'mode'] },
      ),
      check,
    ),
    { numRuns: 300 },
  )
})

test.each([
  [32, 9, 20, 33], // many pieces fill a block, and some lie across its edge
  [3, 257, 5, 4],
  [2, 0, 3, 2],
])('matmul that adds up %i products over [%i]: the gradient of recurrent weights', async (batch, K, M, N) => {
  for (const mode of ['plain', 'bias', 'accumulate'] as const) {
    await check({ M, K, N, transposeA: true, transposeB: false, mode, batch: [1, batch, batch] })
    await check({ M, K, N, transposeA: false, transposeB: true, mode, batch: [1, batch, 1] })
  }
})

test('matmul of whole matrices as rows: each head of an attention layer', async () => {
  const { floats, run, values, blank } = await kit()
  // [batch 2, rows 3, columns 4], the matrices 20 elements apart.
  const a = randoms(5, 24)
  const b = randoms(6, 8)
  const x = floats([2, 3, 4], a, { offset: 1, rowLength: 12, rowStride: 20 })
  const y = floats([1, 4, 2], b)
  const out = blank([2, 3, 2], { rowLength: 6, rowStride: 9 })
  const plain = { transposeA: false, transposeB: false, accumulate: false }
  run({ op: 'matmul', inputs: [x, y, null], outputs: [out], attributes: plain })
  const expected = Array.from({ length: 12 }, (_, i) =>
    [0, 1, 2, 3].reduce((sum, k) => sum + a[(i >> 1) * 4 + k]! * b[k * 2 + (i & 1)]!, 0),
  )
  expectClose(values(out), expected, ROUNDING, 36 * 2 ** -53)
})

test.each(flags)('matmul gives a row the same bits alone and among others, %o', async ({ transposeA, transposeB }) => {
  const { floats, run, values, blank } = await kit()
  const [M, K, N] = [33, 300, 50]
  const a = randoms(1, M * K)
  const rows = Array.from({ length: M }, (_, m) => a.slice(m * K, (m + 1) * K))
  const right = floats(transposeB ? [N, K] : [K, N], randoms(2, K * N))
  const product = (some: readonly (readonly number[])[]): number[] => {
    const count = some.length
    const across = Array.from({ length: K * count }, (_, i) => some[i % count]![Math.floor(i / count)]!)
    const left = transposeA ? floats([K, count], across) : floats([count, K], some.flat())
    const out = blank([count, N])
    const attributes = { transposeA, transposeB, accumulate: false }
    run({ op: 'matmul', inputs: [left, right, null], outputs: [out], attributes })
    return values(out)
  }
  const whole = product(rows)
  expect(product(rows.slice(0, 7))).toEqual(whole.slice(0, 7 * N))
  expect(product(rows.slice(32))).toEqual(whole.slice(32 * N))
})
