// Unary, binary, select, copy and fill against the CPU backend.

import { broadcastShapes, sizeOf } from '@rnn/core'
import type { BinaryKind, DType, Shape, UnaryKind } from '@rnn/core'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'
import { blank, CASES, compare, EXACT, floats, ints, randomInts, randoms, rows, U, within } from './kit.ts'
import type { Bound, Described } from './kit.ts'

const SPECIALS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-30,
  -1e-30,
  1e30,
  1000,
  -1000,
  88,
  -88,
  Infinity,
  -Infinity,
  NaN,
  2 ** -140,
]

// The CPU backend rounds exact results once; ours may take the roundings that the table of the conformance kit allows.
const UNARY_BOUNDS: { readonly [Kind in UnaryKind]: Bound } = {
  negate: EXACT,
  absolute: EXACT,
  sign: EXACT,
  exp: within(6 * U, 2 ** -148),
  log: within(2 * U),
  log1p: within(2 * U, 2 ** -149),
  sqrt: EXACT,
  reciprocalSqrt: within(3 * U),
  reciprocal: EXACT,
  square: EXACT,
  tanh: within(8 * U, 2 ** -148),
  sigmoid: within(0, 6 * U),
  relu: EXACT,
  softplus: within(2 * U, 2 ** -149),
  floor: EXACT,
  ceil: EXACT,
  round: EXACT,
  isNaN: EXACT,
  not: EXACT,
}

const INT_KINDS: readonly UnaryKind[] = ['negate', 'absolute', 'sign', 'square', 'relu']

const FLOAT_BINARY: { readonly [Kind in BinaryKind]?: Bound } = {
  add: EXACT,
  subtract: EXACT,
  multiply: EXACT,
  divide: EXACT,
  remainder: EXACT,
  power: within(4 * U, 2 ** -148),
  minimum: EXACT,
  maximum: EXACT,
  tanhGradient: within(4 * U, 4 * U),
  sigmoidGradient: within(6 * U),
  reluGradient: EXACT,
  equal: EXACT,
  notEqual: EXACT,
  less: EXACT,
  lessEqual: EXACT,
  greater: EXACT,
  greaterEqual: EXACT,
}

const INT_BINARY: readonly BinaryKind[] = [
  ...(['add', 'subtract', 'multiply', 'divide', 'remainder', 'minimum', 'maximum', 'reluGradient'] as const),
  ...(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const),
]

const COMPARISONS: ReadonlySet<BinaryKind> = new Set([
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'and',
  'or',
])

function outOf(kind: BinaryKind, dtype: DType): DType {
  return COMPARISONS.has(kind) ? 'bool' : dtype
}

/** Shapes that the two arguments have, and that broadcast. */
const shapes = fc
  .tuple(fc.array(fc.constantFrom(1, 2, 3, 4, 5, 17), { minLength: 0, maxLength: 4 }), fc.integer(), fc.integer())
  .map(([shape, a, b]) => {
    const cut = (bits: number): Shape =>
      shape.map((size, axis) => (bits & (1 << axis) ? 1 : size)).slice(bits & 16 ? 1 : 0)
    return [cut(a), cut(b)] as const
  })

describe.each(BUILDS)('element-wise, $title', (build) => {
  test('every unary function, with odd sizes, rows and special values', async () => {
    const backend = await makeBackend(build)
    for (const [kind, bound] of Object.entries(UNARY_BOUNDS) as [UnaryKind, Bound][]) {
      if (kind === 'not') continue
      const out: Partial<Described> = kind === 'isNaN' ? { dtype: 'bool' } : {}
      const values = [...SPECIALS, ...randoms(7, 200, 4), ...randoms(8, 200, 30), ...randoms(9, 100, 0.01)]
      const count = values.length
      const attributes = { kind }
      await compare(
        backend,
        {
          op: 'unary',
          inputs: [floats([count], values, { offset: 1 })],
          outputs: [blank([count], { offset: 2, ...out })],
          attributes,
        },
        bound,
      )
      const place = rows([count / 5, 5], 5, 3, 1)
      await compare(
        backend,
        {
          op: 'unary',
          inputs: [floats([count / 5, 5], values, place)],
          outputs: [blank([count / 5, 5], { ...place, ...out })],
          attributes,
        },
        bound,
      )
      const apart = { offset: 1, rowLength: 1, rowStride: 3 }
      await compare(
        backend,
        {
          op: 'unary',
          inputs: [floats([count], values, apart)],
          outputs: [blank([count], { ...apart, ...out })],
          attributes,
        },
        bound,
      )
    }
    for (const kind of INT_KINDS) {
      const values = [-2147483648, 2147483647, ...randomInts(3, 35, -100000, 100000)]
      await compare(
        backend,
        { op: 'unary', inputs: [ints([37], values)], outputs: [blank([37], { dtype: 'int32' })], attributes: { kind } },
        EXACT,
      )
    }
    const flags = { ...ints([9], [0, 1, 0, 0, 1, 1, 0, 1, 0]), dtype: 'bool' as const }
    await compare(
      backend,
      { op: 'unary', inputs: [flags], outputs: [blank([9], { dtype: 'bool' })], attributes: { kind: 'not' } },
      EXACT,
    )
    await backend.dispose()
  })

  test('every binary function, broadcast', async () => {
    const backend = await makeBackend(build)
    const kinds = [
      ...Object.keys(FLOAT_BINARY).map((kind) => [kind as BinaryKind, 'float32' as DType] as const),
      ...INT_BINARY.map((kind) => [kind, 'int32' as DType] as const),
      ...(['and', 'or'] as const).map((kind) => [kind as BinaryKind, 'bool' as DType] as const),
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds),
        shapes,
        fc.constantFrom('both', 'a', 'b'),
        fc.nat(5),
        async ([kind, dtype], [a, b], which, seed) => {
          const describe = (shape: Shape, own: number): Described => {
            const count = sizeOf(shape)
            const positive = kind === 'power' && own === 1
            const values =
              dtype === 'float32'
                ? randoms(seed + own, count, 3).map((x) => (positive ? Math.abs(x) : x))
                : dtype === 'int32'
                  ? randomInts(seed + own, count, -5, 5)
                  : randomInts(seed + own, count, 0, 1)
            return { shape, dtype, values, offset: own }
          }
          const inputs = [which === 'b' ? null : describe(a, 1), which === 'a' ? null : describe(b, 2)]
          const shape = which === 'both' ? broadcastShapes('test', a, b) : which === 'a' ? a : b
          const attributes = which === 'both' ? { kind } : { kind, scalar: dtype === 'bool' ? 1 : 2.5 }
          const bound = (dtype === 'float32' ? FLOAT_BINARY[kind] : EXACT) ?? EXACT
          await compare(
            backend,
            { op: 'binary', inputs, outputs: [blank(shape, { dtype: outOf(kind, dtype), offset: 3 })], attributes },
            bound,
          )
        },
      ),
      { numRuns: 5 * CASES },
    )
    await backend.dispose()
  })

  test('binary functions of special values', async () => {
    const backend = await makeBackend(build)
    const count = SPECIALS.length
    for (const [kind, bound] of Object.entries(FLOAT_BINARY) as [BinaryKind, Bound][]) {
      // What tanh and sigmoid give lies in [−1, 1].
      const squashed = kind === 'tanhGradient' || kind === 'sigmoidGradient'
      const a = squashed ? SPECIALS.map((x) => Math.max(-1, Math.min(1, x))) : SPECIALS
      await compare(
        backend,
        {
          op: 'binary',
          inputs: [floats([count, 1], a), floats([1, count], SPECIALS)],
          outputs: [blank([count, count], { dtype: outOf(kind, 'float32') })],
          attributes: { kind },
        },
        bound,
      )
    }
    await backend.dispose()
  })

  test('binary and select with rows', async () => {
    const backend = await makeBackend(build)
    const shape = [3, 4, 10]
    const [a, b] = [randoms(1, 120), randoms(2, 120)]
    for (const rowLength of [1, 10, 40]) {
      const place = rows(shape, rowLength, 3, 1)
      const call = {
        op: 'binary' as const,
        inputs: [floats(shape, a, place), floats(shape, b)],
        outputs: [blank(shape, place)],
      }
      await compare(backend, { ...call, attributes: { kind: 'multiply' } }, EXACT)
      const mask: Described = { shape, dtype: 'bool', values: randomInts(3, 120, 0, 1), ...place }
      for (const [x, y] of [
        [floats(shape, a, place), floats(shape, b)],
        [null, floats(shape, b, place)],
        [floats(shape, a), null],
        [floats([10], a.subarray(0, 10)), floats([4, 1], b.subarray(0, 4))],
      ] as const) {
        await compare(
          backend,
          { op: 'select', inputs: [mask, x, y], outputs: [blank(shape, place)], attributes: { scalar: -1.5 } },
          EXACT,
        )
      }
    }
    await backend.dispose()
  })

  test('copy, cast and accumulate, with different rows on both sides', async () => {
    const backend = await makeBackend(build)
    const values = [...SPECIALS, ...randoms(1, 40, 1e10), ...randoms(2, 60, 5)]
    const dtypes: readonly DType[] = ['float32', 'int32', 'bool']
    for (const from of dtypes) {
      for (const to of dtypes) {
        const source =
          from === 'float32' ? values : from === 'int32' ? randomInts(3, 120, -3, 3) : randomInts(4, 120, 0, 1)
        const x: Described = { shape: [6, 20], dtype: from, values: source, ...rows([6, 20], 20, 2, 1) }
        const attributes = { accumulate: false }
        await compare(
          backend,
          { op: 'copy', inputs: [x], outputs: [blank([24, 5], { dtype: to, ...rows([24, 5], 5, 1) })], attributes },
          EXACT,
        )
        await compare(
          backend,
          {
            op: 'copy',
            inputs: [{ ...x, rowLength: 120, rowStride: 120 }],
            outputs: [blank([120], { dtype: to })],
            attributes,
          },
          EXACT,
        )
      }
    }
    for (const [x, out] of [
      [floats([7, 6], randoms(1, 42), rows([7, 6], 6, 1)), floats([6, 7], randoms(2, 42), rows([6, 7], 7, 2, 3))],
      [ints([42], randomInts(1, 42, -9, 9)), ints([42], randomInts(2, 42, -9, 9), { offset: 2 })],
    ] as const) {
      await compare(backend, { op: 'copy', inputs: [x], outputs: [out], attributes: { accumulate: true } }, EXACT)
    }
    await backend.dispose()
  })

  test('fill', async () => {
    const backend = await makeBackend(build)
    for (const count of [0, 1, 3, 4, 5, 100]) {
      for (const value of [0, -0, 1.5, 1e20, -1e20, NaN]) {
        for (const dtype of ['float32', 'int32', 'bool'] as const) {
          await compare(
            backend,
            { op: 'fill', inputs: [], outputs: [blank([count], { dtype, offset: 1 })], attributes: { value } },
            EXACT,
          )
        }
      }
    }
    await backend.dispose()
  })
})
