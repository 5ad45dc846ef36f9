// Products by tiles and of vectors, which an adapter in software would not choose, against the CPU; and what the plan chooses.

import { cpu } from '@rnn/backend-cpu'
import { runConformance } from '@rnn/conformance'
import { assign, key, matmul, normal, scope, tensor, type Backend, type Shape, type Tensor } from '@rnn/core'
import { expect, test } from 'vitest'
import { planMatmul, readsLight, STRETCH, type MatmulPlan, type TilePlan, type VectorPlan } from '../src/matmul-plan.ts'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

test.skipIf(absent)(`tiles and vectors pass the kit's cases of matrix products${remark}`, async () => {
  const report = await runConformance(() => makeWebgpu({}, { asHardware: true }), { filter: /^primitives\/matmul/ })
  expect(report.results.length).toBeGreaterThan(40)
  expect(report.results.filter(({ status }) => status !== 'passed')).toEqual([])
})

interface Case {
  readonly a: Shape
  readonly b: Shape
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly bias?: boolean
  readonly plan: string
}

/** Few rows and few columns, read along both axes, four elements at a time or one, whole and in parts. */
const VECTORS: readonly Case[] = [
  { a: [1, 64], b: [64, 300], bias: true, plan: 'vector' },
  { a: [3, 2500], b: [2500, 68], bias: true, plan: 'vector' },
  { a: [3, 70], b: [70, 130], plan: 'vector' },
  { a: [2500, 2], b: [2500, 66], transposeA: true, plan: 'vector' },
  { a: [6, 1, 64], b: [6, 64, 64], plan: 'vector' },
  { a: [1, 10_000], b: [10_000, 3], bias: true, plan: 'vector' },
  { a: [2, 64], b: [300, 64], transposeB: true, plan: 'vector' },
  { a: [3, 70], b: [130, 70], transposeB: true, bias: true, plan: 'vector' },
  { a: [4, 2500], b: [68, 2500], transposeB: true, plan: 'vector' },
  { a: [2500, 3], b: [64, 2500], transposeA: true, transposeB: true, plan: 'vector' },
  { a: [300, 70], b: [70, 2], bias: true, plan: 'vector' },
  { a: [256, 64], b: [64, 1], bias: true, plan: 'vector' },
  { a: [70, 1, 10_000], b: [1, 10_000, 3], plan: 'vector' },
]

// Sizes about the edges of every tile, terms about those of splits and stretches.
const TILES: readonly Case[] = [
  { a: [16, 100], b: [100, 64], plan: 'flat' },
  { a: [3, 1030], b: [1030, 130], plan: 'flat' },
  { a: [33, 64], b: [64, 33], plan: 'small' },
  { a: [40, 640], b: [640, 44], plan: 'small' },
  { a: [65, 64], b: [64, 127], plan: 'medium' },
  { a: [96, 520], b: [96, 520], transposeA: true, plan: 'medium' },
  { a: [64, 513], b: [68, 513], transposeB: true, plan: 'medium' },
  { a: [6, 260, 36], b: [6, 36, 132], plan: 'medium' },
  { a: [1400, 20], b: [20, 1500], plan: 'large' },
  { a: [20, 1409], b: [1501, 20], transposeA: true, transposeB: true, plan: 'large' },
]

async function productOn(backend: Backend, { a, b, transposeA = false, transposeB = false, bias = false }: Case) {
  const columns = transposeB ? b.at(-2)! : b.at(-1)!
  const result = scope(backend, () =>
    matmul(normal(key(1), a, { backend }), normal(key(2), b, { backend }), {
      transposeA,
      transposeB,
      ...(bias && { bias: normal(key(3), [columns], { backend }) }),
    }),
  )
  const values = (await result.data()) as Float32Array
  result.dispose()
  return values
}

async function expectAgreement(gpu: Backend, cases: readonly Case[]): Promise<void> {
  const reference = await cpu()
  for (const each of cases) {
    const { a, b, transposeA, transposeB, plan } = each
    const [found, exact] = await Promise.all([productOn(gpu, each), productOn(reference, each)])
    const terms = transposeA === true ? a.at(-2)! : a.at(-1)!
    // Products of two standard normal numbers: their absolute values add up to 2/π each. See the kit's tolerances for the rest.
    const bound = 2 * (1 + Math.sqrt(terms)) * 2 ** -24 * terms
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - exact[i]!)), 0)
    expect(found.length, `${plan} [${a}] · [${b}]`).toBe(exact.length)
    expect(worst, `${plan} [${a}] · [${b}]${transposeB === true ? 'ᵀ' : ''}`).toBeLessThan(bound)
  }
  await reference.dispose()
}

test.skipIf(absent)(
  `tiles of every kind, whole and cut, give what the CPU gives${remark}`,
  async () => {
    const gpu = await makeWebgpu({}, { asHardware: true })
    await expectAgreement(gpu, TILES)
    await gpu.dispose()
  },
  180_000,
)

for (const withoutSubgroups of [false, true]) {
  const how = `with${withoutSubgroups ? 'out' : ''} subgroups`
  test.skipIf(absent)(
    `products of a few rows or columns, ${how}, give what the CPU gives${remark}`,
    async () => {
      const gpu = await makeWebgpu({}, { asHardware: true, withoutSubgroups })
      await expectAgreement(gpu, withoutSubgroups ? VECTORS.filter(({ transposeB }) => transposeB) : VECTORS)
      await gpu.dispose()
    },
    180_000,
  )
}

test.skipIf(absent)(
  `with float16, products of a few rows read weights as float16, and new ones once they change${remark}`,
  async () => {
    const gpu = await makeWebgpu({ float16: true }, { asHardware: true })
    const [rows, terms, columns] = [2, 128, 64]
    // Of every size that float16 has, and below its least.
    const weights = Float32Array.from({ length: terms * columns }, (_, i) => Math.sin(i) * 2 ** (3 - (i % 30)))
    const x = tensor(
      Float32Array.from({ length: rows * terms }, (_, i) => Math.cos(i)),
      { backend: gpu, shape: [rows, terms] },
    )
    const xs = (await x.data()) as Float32Array
    const w = tensor(weights, { backend: gpu, shape: [terms, columns], role: 'parameter' })
    const transient = tensor(weights, { backend: gpu, shape: [terms, columns] })
    const compute = async (by: Tensor): Promise<Float32Array> => {
      const product = scope(gpu, () => matmul(x, by))
      const values = (await product.data()) as Float32Array
      product.dispose()
      return values
    }
    // Half a unit in the last place of 11 bits, or of the least float16; a device may take those below 2⁻¹⁴ for zero.
    const roundingOf = (weight: number): number =>
      Math.abs(weight) < 2 ** -14 ? 2 ** -14 : Math.abs(weight) * 2 ** -11
    const boundsOf = (ws: Float32Array, rounding: (weight: number) => number) => {
      const exact = new Float64Array(rows * columns)
      const bound = new Float64Array(rows * columns)
      for (let i = 0; i < rows * columns; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns]
        for (let k = 0; k < terms; k++) {
          const [left, right] = [xs[row * terms + k]!, ws[k * columns + column]!]
          exact[i]! += left * right
          bound[i]! += Math.abs(left) * (rounding(right) + Math.abs(right) * (1 + Math.sqrt(terms)) * 2 ** -24)
        }
      }
      return { exact, bound }
    }
    const expectWithin = (found: Float32Array, { exact, bound }: ReturnType<typeof boundsOf>): void => {
      found.forEach((value, i) => expect(Math.abs(value - exact[i]!), `element ${i}`).toBeLessThanOrEqual(bound[i]!))
    }
    const first = await compute(w)
    expectWithin(first, boundsOf(weights, roundingOf))
    const { exact, bound } = boundsOf(weights, () => 0)
    expectWithin(await compute(transient), { exact, bound })
    expect(first.some((value, i) => Math.abs(value - exact[i]!) > bound[i]!)).toBe(true)
    expect(await compute(w)).toEqual(first)
    expect(gpu.stats().dispatches.matmul).toBe(4) // three products, and one copy
    const negated = tensor(
      weights.map((weight) => -weight),
      { backend: gpu, shape: [terms, columns] },
    )
    assign(w, negated)
    expect(await compute(w)).toEqual(first.map((value) => -value))
    for (const each of [x, w, transient, negated]) each.dispose()
    expect(gpu.stats().liveBuffers).toBe(0)
    await gpu.dispose()
  },
  120_000,
)

const planOf = (rows: number, terms: number, columns: number, products = 1, summed = 1): MatmulPlan =>
  planMatmul({ products, summed, rows, columns, terms }, false)

test('great products take great tiles, few rows flat ones, and long thin ones are split', () => {
  expect(planOf(4096, 4096, 4096)).toMatchObject({ kind: 'tiles', tile: { rows: 128 }, splits: 1, long: true })
  expect(planOf(512, 256, 512)).toMatchObject({ tile: { rows: 64 } })
  expect(planOf(8, 256, 4096)).toMatchObject({ tile: { rows: 16 } })
  expect(planOf(32, 64, 32)).toMatchObject({ tile: { rows: 32 } })
  expect((planOf(64, 16384, 64) as TilePlan).splits).toBeGreaterThan(16)
  for (const terms of [15, 255, 256, 511, 513, 4097, 10_000]) {
    const { splits, termsPerSplit, tile, long } = planOf(64, terms, 64) as TilePlan
    expect(termsPerSplit % tile.depth).toBe(0)
    expect((splits - 1) * termsPerSplit).toBeLessThan(terms)
    expect(splits * termsPerSplit).toBeGreaterThanOrEqual(terms)
    expect(long).toBe(termsPerSplit > STRETCH)
  }
})

test('products that are added up are not split, and count all their terms', () => {
  expect(planOf(256, 40, 256, 1, 32)).toMatchObject({ kind: 'tiles', splits: 1, long: true })
  expect(planOf(1, 640, 256, 1, 32)).toMatchObject({ kind: 'tiles', splits: 1 })
})

test('a few rows or columns are vectors, in parts short enough for a chain', () => {
  expect(planOf(1, 512, 2048)).toMatchObject({ kind: 'vector', ownRows: 1, turned: false, splits: 1 })
  expect(planOf(3, 512, 2048)).toMatchObject({ kind: 'vector', ownRows: 4 })
  expect(planOf(2048, 512, 2)).toMatchObject({ kind: 'vector', ownRows: 2, turned: true })
  expect(planOf(5, 512, 2048).kind).toBe('tiles')
  expect(planOf(1, 8, 100_000).kind).toBe('tiles')
  for (const terms of [32, 1023, 1025, 2049, 10_000, 100_000]) {
    const { splits, termsPerSplit } = planOf(1, terms, 1000) as VectorPlan
    expect(termsPerSplit % 64).toBe(0)
    expect(termsPerSplit / 4).toBeLessThanOrEqual(STRETCH) // one of at least four invocations of a column
    expect((splits - 1) * termsPerSplit).toBeLessThan(terms)
    expect(splits * termsPerSplit).toBeGreaterThanOrEqual(terms)
  }
})

test('weights are read as float16 where reading them is what takes the time', () => {
  expect(readsLight(planOf(1, 512, 2048))).toBe(true)
  expect(readsLight(planOf(16, 512, 2048))).toBe(true)
  expect(readsLight(planOf(64, 512, 2048))).toBe(false)
})

test('small products, and all of them in software, are computed without tiles', () => {
  const small = { products: 1, summed: 1, rows: 16, columns: 16, terms: 16 }
  expect(planMatmul(small, false).kind).toBe('plain')
  expect(planMatmul({ ...small, rows: 64, columns: 64, terms: 64 }, false).kind).toBe('tiles')
  expect(planMatmul({ ...small, rows: 64, columns: 64, terms: 64 }, true).kind).toBe('plain')
})
