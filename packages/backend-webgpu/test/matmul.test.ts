// Products by tiles, which an adapter in software would not choose, against the CPU; and what the plan chooses.

import { cpu } from '@rnn/backend-cpu'
import { runConformance } from '@rnn/conformance'
import { key, matmul, normal, scope, type Backend, type Shape } from '@rnn/core'
import { expect, test } from 'vitest'
import { isPlainMatmul, planMatmul, STRETCH } from '../src/matmul-plan.ts'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

test.skipIf(absent)(`tiles pass the kit's cases of matrix products${remark}`, async () => {
  const report = await runConformance(() => makeWebgpu({}, { asHardware: true }), { filter: /^primitives\/matmul/ })
  expect(report.results.length).toBeGreaterThan(40)
  expect(report.results.filter(({ status }) => status !== 'passed')).toEqual([])
})

interface Case {
  readonly a: Shape
  readonly b: Shape
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly tile: string
}

// Sizes about the edges of every tile, terms about those of splits and stretches.
const CASES: readonly Case[] = [
  { a: [16, 100], b: [100, 64], tile: 'flat' },
  { a: [3, 1030], b: [1030, 130], tile: 'flat' },
  { a: [33, 64], b: [64, 33], tile: 'small' },
  { a: [40, 640], b: [640, 44], tile: 'small' },
  { a: [65, 64], b: [64, 127], tile: 'medium' },
  { a: [96, 520], b: [96, 520], transposeA: true, tile: 'medium' },
  { a: [64, 513], b: [68, 513], transposeB: true, tile: 'medium' },
  { a: [6, 260, 36], b: [6, 36, 132], tile: 'medium' },
  { a: [1400, 20], b: [20, 1500], tile: 'large' },
  { a: [20, 1409], b: [1501, 20], transposeA: true, transposeB: true, tile: 'large' },
]

test.skipIf(absent)(`tiles of every kind, whole and cut, give what the CPU gives${remark}`, async () => {
  const gpu = await makeWebgpu({}, { asHardware: true })
  const reference = await cpu()
  const product = async ({ a, b, transposeA = false, transposeB = false }: Case, backend: Backend) => {
    const options = { backend }
    const result = scope(backend, () =>
      matmul(normal(key(1), a, options), normal(key(2), b, options), {
        transposeA,
        transposeB,
      }),
    )
    const values = (await result.data()) as Float32Array
    result.dispose()
    return values
  }
  for (const each of CASES) {
    const [found, exact] = await Promise.all([product(each, gpu), product(each, reference)])
    const terms = each.transposeA === true ? each.a.at(-2)! : each.a.at(-1)!
    // Products of two standard normal numbers: their absolute values add up to 2/π each. See the kit's tolerances for the rest.
    const bound = 2 * (1 + Math.sqrt(terms)) * 2 ** -24 * terms
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - exact[i]!)), 0)
    expect(worst, `${each.tile} [${each.a}] · [${each.b}]`).toBeLessThan(bound)
  }
  await gpu.dispose()
  await reference.dispose()
})

test('great products take great tiles, few rows flat ones, and long thin ones are split', () => {
  expect(planMatmul(1, 4096, 4096, 4096)).toMatchObject({ tile: { rows: 128 }, splits: 1, long: true })
  expect(planMatmul(1, 512, 512, 256).tile.rows).toBe(64)
  expect(planMatmul(1, 8, 4096, 256).tile.rows).toBe(16)
  expect(planMatmul(1, 32, 32, 64).tile.rows).toBe(32)
  const thin = planMatmul(1, 64, 64, 16384)
  expect(thin.splits).toBeGreaterThan(16)
  expect(thin.splits * thin.termsPerSplit).toBeGreaterThanOrEqual(16384)
  for (const terms of [1, 15, 255, 256, 511, 513, 4097]) {
    const { splits, termsPerSplit, tile, long } = planMatmul(1, 64, 64, terms)
    expect(termsPerSplit % tile.depth).toBe(0)
    expect((splits - 1) * termsPerSplit).toBeLessThan(terms)
    expect(splits * termsPerSplit).toBeGreaterThanOrEqual(terms)
    expect(long).toBe(termsPerSplit > STRETCH)
  }
})

test('small products, and all of them in software, are computed without tiles', () => {
  expect(isPlainMatmul(1, 16, 16, 16, false)).toBe(true)
  expect(isPlainMatmul(1, 64, 64, 64, false)).toBe(false)
  expect(isPlainMatmul(1, 64, 64, 64, true)).toBe(true)
})
