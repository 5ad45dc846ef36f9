// Matmul against the CPU backend, which accumulates in doubles.

import { sizeOf } from '@rnn/core'
import type { Backend, Shape } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'
import { blank, CASES, compare, floats, randoms, rows, U } from './kit.ts'
import type { Described } from './kit.ts'

interface Case {
  readonly M: number
  readonly K: number
  readonly N: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** Batches of out, a and b; absent: rank 2. */
  readonly batch?: readonly [number, number, number]
  readonly mode: 'plain' | 'bias' | 'accumulate'
  readonly gaps?: readonly [number, number, number]
}

async function check(backend: Backend, c: Case): Promise<void> {
  const { M, K, N, transposeA, transposeB, mode, batch, gaps } = c
  const shaped = (index: 0 | 1 | 2, height: number, width: number): Shape =>
    batch === undefined ? [height, width] : [batch[index], height, width]
  const aShape = transposeA ? shaped(1, K, M) : shaped(1, M, K)
  const bShape = transposeB ? shaped(2, N, K) : shaped(2, K, N)
  const outShape = shaped(0, M, N)
  const place = (shape: Shape, index: 0 | 1 | 2): Partial<Described> =>
    gaps === undefined ? { offset: index } : rows(shape, shape.at(-1)!, gaps[index], index)
  const accumulate = mode === 'accumulate'
  const outPlace = place(outShape, 0)
  const summed = batch !== undefined && batch[0] === 1 ? Math.max(batch[1], batch[2]) : 1
  // Terms of at most 1: an accumulation of n of them errs by less than n·u in sum for each, in the mean by √n·u.
  const terms = K * summed + 2
  await compare(
    backend,
    {
      op: 'matmul',
      inputs: [
        floats(aShape, randoms(1, sizeOf(aShape)), place(aShape, 1)),
        floats(bShape, randoms(2, sizeOf(bShape)), place(bShape, 2)),
        mode === 'bias' ? floats([N], randoms(3, N), { offset: 1 }) : null,
      ],
      outputs: [accumulate ? floats(outShape, randoms(4, sizeOf(outShape)), outPlace) : blank(outShape, outPlace)],
      attributes: { transposeA, transposeB, accumulate },
    },
    () => 2 * (1 + Math.sqrt(terms)) * U * Math.sqrt(terms),
  )
}

const flags = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })))

describe.each(BUILDS)('matmul, $title', (build) => {
  test.each(flags)('fixed shapes, transposeA $transposeA, transposeB $transposeB', async (transposes) => {
    const backend = await makeBackend(build)
    const shapes = [
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((M) => [M, 9, 8] as const),
      ...[1, 7, 8, 9, 15, 16, 17, 33].map((N) => [6, 5, N] as const),
      ...[0, 1, 2, 3, 4, 255, 256, 257, 513, 700].map((K) => [7, K, 9] as const),
      [130, 257, 385] as const,
      [1, 300, 1000] as const,
      [64, 64, 2100] as const,
      [2000, 8, 8] as const,
    ]
    for (const [M, K, N] of shapes) {
      for (const mode of ['plain', 'bias', 'accumulate'] as const)
        await check(backend, { M, K, N, ...transposes, mode })
    }
    await backend.dispose()
  })

  test('random batches, rows and offsets', async () => {
    const backend = await makeBackend(build)
    const size = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 5, max: 40 }))
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
            batch: fc.constantFrom(
              [1, 1, 1],
              [3, 3, 3],
              [3, 1, 3],
              [3, 3, 1],
              [1, 3, 3],
              [1, 3, 1],
              [1, 1, 4],
              [2, 1, 1],
            ),
            gaps: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
          },
          { requiredKeys: ['M', 'K', 'N', 'transposeA', 'transposeB', 'mode'] },
        ),
        (c) => check(backend, c as Case),
      ),
      { numRuns: CASES },
    )
    await backend.dispose()
  })

  test('operands whose columns are apart, and whole matrices as rows', async () => {
    const backend = await makeBackend(build)
    const attributes = { transposeA: false, transposeB: false, accumulate: false }
    const bound = (): number => 64 * U
    for (const accumulate of [false, true]) {
      // A column of gates: elements 5 apart.
      const column = { offset: 1, rowLength: 1, rowStride: 5 }
      await compare(
        backend,
        {
          op: 'matmul',
          inputs: [floats([7, 6], randoms(1, 42), column), floats([6, 9], randoms(2, 54), column), null],
          outputs: [floats([7, 9], randoms(3, 63), column)],
          attributes: { ...attributes, accumulate },
        },
        bound,
      )
      await compare(
        backend,
        {
          op: 'matmul',
          inputs: [
            floats([2, 3, 4], randoms(5, 24), { offset: 1, rowLength: 12, rowStride: 20 }),
            floats([4, 2], randoms(6, 8)),
            null,
          ],
          outputs: [floats([2, 3, 2], randoms(7, 12), { rowLength: 6, rowStride: 9 })],
          attributes: { ...attributes, accumulate },
        },
        bound,
      )
    }
    await backend.dispose()
  })
})
