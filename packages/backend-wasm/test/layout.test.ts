// Kernels that move, reduce, order and draw, against the CPU backend.

import { sizeOf } from '@rnn/core'
import type { DType, ReduceKind, Shape } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'
import { blank, CASES, compare, EXACT, ints, randomInts, randoms, U, within } from './kit.ts'
import type { Described } from './kit.ts'

const someShape = fc.array(fc.constantFrom(0, 1, 2, 3, 5, 8, 13), { minLength: 1, maxLength: 4 })

function filled(shape: Shape, dtype: DType, seed: number): Described {
  const count = sizeOf(shape)
  const values =
    dtype === 'float32'
      ? randoms(seed, count)
      : randomInts(seed, count, dtype === 'bool' ? 0 : -50, dtype === 'bool' ? 1 : 50)
  return { shape, dtype, values, offset: seed & 3 }
}

describe.each(BUILDS)('layout and order, $title', (build) => {
  test('transpose, concat and pad', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(someShape, fc.nat(1000), fc.nat(3), async (shape, seed, axisSeed) => {
        const x = filled(shape, 'float32', seed)
        const permutation = shape.map((_, axis) => axis).sort((a, b) => ((a * 7 + seed) % 5) - ((b * 7 + seed) % 5))
        const out = blank(permutation.map((axis) => shape[axis]!))
        await compare(backend, { op: 'transpose', inputs: [x], outputs: [out], attributes: { permutation } }, EXACT)
        const axis = axisSeed % shape.length
        const widths = [shape[axis]!, 2, 0, 7]
        const joined = shape.map((size, i) => (i === axis ? shape[axis]! + 9 : size))
        const pieces = widths.map((width, i) =>
          filled(
            shape.map((size, j) => (j === axis ? width : size)),
            'float32',
            seed + i,
          ),
        )
        await compare(backend, { op: 'concat', inputs: pieces, outputs: [blank(joined)], attributes: { axis } }, EXACT)
        const before = shape.map((_, i) => (seed + i) % 3)
        const after = shape.map((_, i) => (seed + 2 * i) % 2)
        const padded = shape.map((size, i) => size + before[i]! + after[i]!)
        await compare(
          backend,
          {
            op: 'pad',
            inputs: [x],
            outputs: [blank(padded, { offset: 1 })],
            attributes: { before, after, value: 1.5 },
          },
          EXACT,
        )
      }),
      { numRuns: CASES },
    )
    await backend.dispose()
  })

  test('transpose of the last two axes of large matrices', async () => {
    const backend = await makeBackend(build)
    for (const [batch, rows, columns] of [
      [1, 65, 130],
      [3, 7, 9],
      [2, 4, 1],
      [1, 1, 50],
      [1, 300, 200],
    ] as const) {
      const x = filled([batch, rows, columns], 'float32', 5)
      await compare(
        backend,
        {
          op: 'transpose',
          inputs: [x],
          outputs: [blank([batch, columns, rows])],
          attributes: { permutation: [0, 2, 1] },
        },
        EXACT,
      )
    }
    await backend.dispose()
  })

  test('reductions over any axes', async () => {
    const backend = await makeBackend(build)
    const kinds: readonly [ReduceKind, DType][] = [
      ...(['sum', 'mean', 'max', 'min', 'product'] as const).map((kind) => [kind, 'float32'] as [ReduceKind, DType]),
      ...(['sum', 'max', 'min', 'product'] as const).map((kind) => [kind, 'int32'] as [ReduceKind, DType]),
      ...(['max', 'min'] as const).map((kind) => [kind, 'bool'] as [ReduceKind, DType]),
    ]
    await fc.assert(
      fc.asyncProperty(
        someShape,
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 15 }),
        fc.boolean(),
        fc.nat(99),
        async (shape, [kind, dtype], bits, keep, seed) => {
          const axes = shape.flatMap((_, axis) => (bits & (1 << axis) ? [axis] : []))
          if (axes.length === 0) axes.push(0)
          const kept = shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]))
          const terms = sizeOf(axes.map((axis) => shape[axis]!))
          const bound =
            dtype !== 'float32' || kind === 'max' || kind === 'min'
              ? EXACT
              : within(2 * (1 + terms) * U, kind === 'mean' ? 4 * U : 2 * (1 + terms) * U)
          await compare(
            backend,
            {
              op: 'reduce',
              inputs: [filled(shape, dtype, seed)],
              outputs: [blank(kept, { dtype })],
              attributes: { kind, axes },
            },
            bound,
          )
        },
      ),
      { numRuns: 4 * CASES },
    )
    await backend.dispose()
  })

  test('long sums keep their accuracy', async () => {
    const backend = await makeBackend(build)
    for (const shape of [[100_003], [3, 20_001], [20_001, 3], [5000, 33]]) {
      for (const axis of shape.keys()) {
        const out = shape.filter((_, i) => i !== axis)
        const terms = shape[axis]!
        await compare(
          backend,
          {
            op: 'reduce',
            inputs: [filled(shape, 'float32', 3)],
            outputs: [blank(out)],
            attributes: { kind: 'sum', axes: [axis] },
          },
          // √n terms of at most 1, partial sums of about √n.
          () => 2 * (1 + Math.sqrt(terms)) * Math.sqrt(terms) * U,
        )
      }
    }
    await backend.dispose()
  })

  test('argmax and topK, with equals and NaN', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(
        someShape,
        fc.nat(1000),
        fc.constantFrom('float32', 'int32'),
        fc.nat(9),
        async (shape, seed, dtype, kSeed) => {
          const count = sizeOf(shape)
          if (count === 0) return
          const values = Array.from(randomInts(seed, count, -4, 4), (value) =>
            dtype === 'float32' && value === 4 ? NaN : value,
          )
          const x: Described = { shape, dtype: dtype as DType, values }
          const axis = seed % shape.length
          await compare(
            backend,
            {
              op: 'argmax',
              inputs: [x],
              outputs: [
                blank(
                  shape.filter((_, i) => i !== axis),
                  { dtype: 'int32' },
                ),
              ],
              attributes: { axis },
            },
            EXACT,
          )
          const k = Math.min(shape.at(-1)!, kSeed)
          const picked = [...shape.slice(0, -1), k]
          await compare(
            backend,
            {
              op: 'topK',
              inputs: [x],
              outputs: [blank(picked, { dtype: dtype as DType }), blank(picked, { dtype: 'int32' })],
              attributes: { k },
            },
            EXACT,
          )
        },
      ),
      { numRuns: 2 * CASES },
    )
    await backend.dispose()
  })

  test('gather and scatterAdd', async () => {
    const backend = await makeBackend(build)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.constantFrom(0, 1, 3, 4, 33), { maxLength: 2 }),
        fc.nat(20),
        fc.nat(99),
        async (rows, row, count, seed) => {
          const indices = ints([count], randomInts(seed, count, -1, rows - 1))
          for (const dtype of ['float32', 'int32'] as const) {
            const table = filled([rows, ...row], dtype, seed)
            const updates = filled([count, ...row], dtype, seed + 1)
            await compare(
              backend,
              { op: 'gather', inputs: [table, indices], outputs: [blank([count, ...row], { dtype })], attributes: {} },
              EXACT,
            )
            await compare(
              backend,
              { op: 'scatterAdd', inputs: [indices, updates], outputs: [table], attributes: {} },
              within(4 * U, 40 * U),
            )
          }
        },
      ),
      { numRuns: CASES },
    )
    await backend.dispose()
  })

  test('random numbers: equal to the bit, normals within rounding', async () => {
    const backend = await makeBackend(build)
    for (const count of [0, 1, 2, 33, 1000]) {
      const key = ints([2], [123456789, -987654321])
      const draw = (dtype: DType, attributes: object, bound = EXACT): Promise<void> =>
        compare(
          backend,
          { op: 'random', inputs: [key], outputs: [blank([count], { dtype, offset: 1 })], attributes },
          bound,
        )
      await draw('int32', { kind: 'bits' })
      await draw('float32', { kind: 'uniform' })
      await draw('float32', { kind: 'bernoulli', probability: 0.3 })
      await draw('bool', { kind: 'bernoulli', probability: 1 })
      await draw('float32', { kind: 'normal' }, within(2 * U, 1e-12))
    }
    await backend.dispose()
  })
})
