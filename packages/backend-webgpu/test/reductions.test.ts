// Reductions where the kit does not look: lengths about every border between layouts, long sums, scans that leave the range of float32 half-way, counts of dispatches.

import {
  argmax,
  linearScan,
  max,
  mean,
  scope,
  softmax,
  softmaxCrossEntropy,
  sum,
  sumOfSquares,
  tensor,
  topK,
} from '@rnn/core'
import type { OpName, Shape, Tensor } from '@rnn/core'
import { UNIT_ROUNDOFF } from '@rnn/conformance'
import type { WebgpuBackend } from '@rnn/backend-webgpu'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

/** About 8, 64 and 1024 the lanes of a row change, about 256 a workgroup is full, about 4096 a second dispatch begins. */
const LENGTHS = [1, 3, 8, 9, 31, 33, 64, 65, 255, 256, 257, 1024, 1025, 4096, 4097]

/** Numbers in [0, 1) that repeat after 2²⁴. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0xffffff
    return state / 2 ** 24
  })
}

/** The kit's bound for a sum of positive terms. */
function sumBound(terms: number, total: number): number {
  return 2 * (1 + Math.sqrt(terms)) * UNIT_ROUNDOFF * total
}

describe.skipIf(absent)(`reductions${absent ? `: ${absent}` : ''}`, () => {
  let backend: WebgpuBackend
  beforeAll(async () => {
    backend = await makeWebgpu()
  })
  afterAll(() => backend.dispose())

  const onDevice = (values: Float32Array | Int32Array, shape: Shape): Tensor => tensor(values, { backend, shape })
  const valuesOf = async (work: () => Tensor): Promise<Float64Array> => {
    const result = scope(backend, work)
    const values = Float64Array.from((await result.data()) as Float32Array)
    result.dispose()
    return values
  }
  /** Dispatches of an op that `work` records. */
  const dispatchesOf = (op: OpName, work: () => void): number => {
    const before = backend.stats().dispatches[op] ?? 0
    scope(backend, work)
    return (backend.stats().dispatches[op] ?? 0) - before
  }

  test('rows and columns of every length add up', async () => {
    for (const n of LENGTHS) {
      const x = numbers(3 * n, n)
      const totals = [0, 1, 2].map((row) => x.subarray(row * n, (row + 1) * n).reduce((a, b) => a + b, 0))
      const byRow = await valuesOf(() => sum(onDevice(x, [3, n]), { axis: 1 }))
      const columns = Float32Array.from(x, (_, i) => x[(i % 3) * n + Math.floor(i / 3)]!)
      const byColumn = await valuesOf(() => sum(onDevice(columns, [n, 3]), { axis: 0 }))
      totals.forEach((total, row) => {
        expect(Math.abs(byRow[row]! - total), `row of ${n}`).toBeLessThanOrEqual(sumBound(n, total))
        expect(Math.abs(byColumn[row]! - total), `column of ${n}`).toBeLessThanOrEqual(sumBound(n, total))
      })
    }
  })

  test('the largest is found wherever it is', async () => {
    for (const n of LENGTHS.filter((length) => length % 8 < 2)) {
      const places = [0, n >> 1, n - 1]
      const x = numbers(3 * n, n)
      places.forEach((place, row) => (x[row * n + place] = 2))
      const columns = Float32Array.from({ length: 33 * n }, (_, i) => x[((i % 33) % 3) * n + Math.floor(i / 33)]!)
      expect([...(await valuesOf(() => argmax(onDevice(x, [3, n]))))], `row of ${n}`).toEqual(places)
      expect([...(await valuesOf(() => max(onDevice(x, [3, n]), { axis: 1 })))], `row of ${n}`).toEqual([2, 2, 2])
      const down = await valuesOf(() => argmax(onDevice(columns, [n, 33]), 0))
      expect([...down], `column of ${n}`).toEqual(Array.from(down, (_, i) => places[(i % 33) % 3]))
      const first = [...(await valuesOf(() => topK(onDevice(x, [3, n]), Math.min(3, n)).indices))]
      const order = (row: number): number[] =>
        Array.from({ length: n }, (_, i) => i)
          .toSorted((a, b) => x[row * n + b]! - x[row * n + a]! || a - b)
          .slice(0, 3)
      expect(first, `best of ${n}`).toEqual([0, 1, 2].flatMap(order))
    }
  })

  test('softmax and cross-entropy hold on rows that rise from end to end, and on rows that fall', async () => {
    for (const n of LENGTHS) {
      for (const sign of [1, -1]) {
        const x = Float32Array.from({ length: n }, (_, i) => (sign * 20 * i) / n)
        const largest = Math.max(...x)
        const total = x.reduce((a, b) => a + Math.exp(b - largest), 0)
        // As in the kit: exp of a rounded difference, a sum, a division; a logarithm and two additions.
        const units = 6 + 6 * 20 + 2 * (1 + Math.sqrt(n)) + 5
        const found = await valuesOf(() => softmax(onDevice(x, [1, n])))
        found.forEach((y, i) => {
          const exact = Math.exp(x[i]! - largest) / total
          expect(Math.abs(y - exact), `softmax of ${n}`).toBeLessThanOrEqual(2 * units * UNIT_ROUNDOFF * exact)
        })
        const label = n >> 1
        const [loss] = await valuesOf(() =>
          softmaxCrossEntropy(onDevice(x, [1, n]), onDevice(Int32Array.of(label), [1])),
        )
        const exact = largest + Math.log(total) - x[label]!
        const bound = (units + 8 + 6 * Math.log(total) + 8 * 40) * UNIT_ROUNDOFF
        expect(Math.abs(loss! - exact), `loss of ${n}`).toBeLessThanOrEqual(bound)
      }
    }
  })

  test('a row of −∞ with one NaN is NaN, not masked', async () => {
    for (const n of [2, 40, 700, 2000]) {
      for (const place of [0, n - 1]) {
        const x = new Float32Array(n).fill(-Infinity)
        x[place] = NaN
        const found = await valuesOf(() => softmax(onDevice(x, [1, n])))
        expect(found.every(Number.isNaN), `${n} at ${place}`).toBe(true)
      }
    }
  })

  test('a million like terms add up in two dispatches, with the same bits each time', async () => {
    const n = 1_000_000
    const value = Math.fround(0.1)
    const x = onDevice(new Float32Array(n).fill(value), [n])
    const total = () => valuesOf(() => sum(x))
    const [[first], [second]] = [await total(), await total()]
    expect(Math.abs(first! - n * value)).toBeLessThanOrEqual(sumBound(n, n * value))
    expect(second).toBe(first)
    expect(dispatchesOf('reduce', () => sum(x))).toBe(2)
    expect(dispatchesOf('reduce', () => mean(x))).toBe(2)
    const [squares] = await valuesOf(() => sumOfSquares([x]))
    expect(Math.abs(squares! - n * value ** 2)).toBeLessThanOrEqual(sumBound(n, n * value ** 2))
    x.dispose()
  })

  test('the squares of many tensors take a dispatch for each six, and one', async () => {
    for (const count of [1, 6, 7, 13]) {
      const sizes = Array.from({ length: count }, (_, i) => [1, 4096, 4097, 10_000, 0][i % 5]!)
      const values = sizes.map((size, i) => numbers(size, i + 1))
      const exact = values.reduce((all, each) => all + each.reduce((a, x) => a + x * x, 0), 0)
      const tensors = values.map((each) => onDevice(each, [each.length]))
      const [found] = await valuesOf(() => sumOfSquares(tensors))
      expect(Math.abs(found! - exact)).toBeLessThanOrEqual(
        sumBound(
          sizes.reduce((a, b) => a + b, 1),
          exact,
        ),
      )
      const full = sizes.filter((size) => size > 0).length
      expect(dispatchesOf('sumOfSquares', () => sumOfSquares(tensors))).toBe(Math.ceil(full / 6) + 1)
      for (const each of tensors) each.dispose()
    }
  })

  test('scans of every length, with and without a state before them, take at most three dispatches', async () => {
    const units = 2
    for (const n of [1, 15, 16, 17, 32, 33, 255, 256, 257, 4097]) {
      const a = numbers(n * units, n)
      const b = numbers(n * units, n + 1)
      for (const initial of [undefined, Float32Array.of(3, -0.5)]) {
        const run = (): Tensor => {
          const start = initial && onDevice(initial, [1, units])
          return linearScan(onDevice(a, [1, n, units]), onDevice(b, [1, n, units]), { initial: start })
        }
        const found = await valuesOf(run)
        for (let j = 0; j < units; j++) {
          let state = initial?.[j] ?? 0
          let size = Math.abs(state)
          let error = 0
          for (let t = 0; t < n; t++) {
            const at = t * units + j
            state = a[at]! * state + b[at]!
            size = a[at]! * size + b[at]!
            // Two roundings a step, of 2u each, on numbers of this size: so much in whatever order the factors are multiplied.
            error = a[at]! * error + 4 * UNIT_ROUNDOFF * size
            expect(Math.abs(found[at]! - state), `step ${t} of ${n}`).toBeLessThanOrEqual(error)
          }
        }
        expect(dispatchesOf('linearScanForward', run)).toBeLessThanOrEqual(3)
      }
    }
  })

  test('a scan is finite where its steps are, though the product of its factors is not', async () => {
    const steps = 300
    const scanOf = (a: Float32Array, b: Float32Array, start: number): Promise<Float64Array> =>
      valuesOf(() =>
        linearScan(onDevice(a, [1, steps, 1]), onDevice(b, [1, steps, 1]), {
          initial: onDevice(Float32Array.of(start), [1, 1]),
        }),
      )
    const a = new Float32Array(steps).fill(0.5)
    a.fill(1e20, 20, 24)
    const b = new Float32Array(steps)
    expect((await scanOf(a, b, 0)).every((h) => h === 0)).toBe(true)
    // Twice 10²⁰ and twice 10⁻²⁰ on a small state: back where it was.
    a.fill(1)
    a.set([1e20, 1e20, 1e-20, 1e-20], 20)
    const last = (await scanOf(a, b, 1e-10)).at(-1)!
    expect(Math.abs(last - 1e-10)).toBeLessThanOrEqual(1e-10 * 16 * UNIT_ROUNDOFF)
  })
})
