// How exact our own elementary functions are: floats of all sizes against double precision, within the kit's published tolerances, which they keep on a grid
// of many more arguments than the kit has.

import { threefry2x32, type ArithmeticKind, type OpCall, type Operand, type UnaryKind } from '@rnn/core'
import { afterAll, describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const backend = absent === undefined ? await makeWebgpu() : undefined

afterAll(() => backend?.dispose())

/** 2⁻²⁴. */
const U = 2 ** -24
const COUNT = 2 ** 17
/** Results below may be flushed to zero. */
const TINY = 2 ** -126

/** One of every 2¹⁵ floats, of all sizes and both signs, ±0, ±∞ and NaN among them. */
const everywhere = new Float32Array(Uint32Array.from({ length: COUNT }, (_, i) => i * 2 ** 15).buffer)

const evenly = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * i) / (COUNT - 1))

/** Numbers that follow no pattern, in (−scale, scale). */
function scattered(seed: number, scale: number): Float32Array {
  const block = new Int32Array(2)
  return Float32Array.from({ length: COUNT }, (_, i) => {
    threefry2x32(seed, 0, i, 0, block)
    return (block[0]! / 2 ** 31) * scale
  })
}

/** Runs a call of float32 `[n]` inputs (a key: int32) with one float32 output. */
async function evaluate(
  op: OpCall['op'],
  inputs: readonly (Float32Array | Int32Array)[],
  attributes: object,
  count: number = inputs[0]!.length,
): Promise<Float32Array> {
  const operands = inputs.map((values): Operand => {
    const buffer = backend!.allocate(values.byteLength, 'transient')
    backend!.write(buffer, values)
    const dtype = values instanceof Int32Array ? 'int32' : 'float32'
    return { buffer, byteOffset: 0, shape: [values.length], dtype }
  })
  const buffer = backend!.allocate(count * 4, 'transient')
  const out: Operand = { buffer, byteOffset: 0, shape: [count], dtype: 'float32' }
  backend!.run({ op, inputs: operands, outputs: [out], attributes } as unknown as OpCall) // as the tests below make them
  const [bytes] = await backend!.read([{ buffer, byteOffset: 0, byteLength: count * 4 }])
  for (const each of [...operands, out]) backend!.release(each.buffer)
  return new Float32Array(bytes!.buffer)
}

const unary = (kind: UnaryKind, x: Float32Array): Promise<Float32Array> => evaluate('unary', [x], { kind })
const binary = (kind: ArithmeticKind, a: Float32Array, b: Float32Array): Promise<Float32Array> =>
  evaluate('binary', [a, b], { kind })

/** Every element is within its tolerance, in units of 2⁻²⁴, or the first that is not is shown. NaN and infinities must be what is due. */
function expectWithin(
  got: Float32Array,
  due: (i: number) => number,
  tolerance: (i: number, y: number) => number,
): void {
  const wrong = got.findIndex((value, i) => {
    const y = due(i)
    if (value === y) return false
    if (!Number.isFinite(Math.fround(y))) return !Object.is(value, Math.fround(y))
    return !(Math.abs(value - y) <= tolerance(i, y) * U + TINY)
  })
  expect(wrong === -1 ? undefined : { at: wrong, got: got[wrong], due: due(wrong) }).toBeUndefined()
}

interface Function {
  readonly kind: UnaryKind
  readonly exact: (x: number) => number
  /** Allowed error for x and y = f(x), in units of 2⁻²⁴: the kit's. */
  readonly tolerance: (x: number, y: number) => number
  readonly least?: number
  readonly most?: number
}

const FUNCTIONS: readonly Function[] = [
  { kind: 'exp', exact: Math.exp, tolerance: (x, y) => (6 + 4 * Math.abs(x)) * y, least: 0 },
  {
    kind: 'log',
    exact: Math.log,
    tolerance: (x, y) => Math.max(x >= 0.5 && x <= 2 ? 8 : 0, 6 * Math.abs(y)),
  },
  { kind: 'log1p', exact: Math.log1p, tolerance: (_, y) => 16 * Math.abs(y) },
  {
    kind: 'tanh',
    exact: Math.tanh,
    tolerance: (x, y) => (Math.abs(x) >= 20 ? 0 : 8 * Math.abs(y)),
    least: -1,
    most: 1,
  },
  {
    kind: 'sigmoid',
    exact: (x) => 1 / (1 + Math.exp(-x)),
    tolerance: (x) => (Math.abs(x) >= 100 ? 0 : 6),
    least: 0,
    most: 1,
  },
  {
    kind: 'softplus',
    exact: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    tolerance: (x, y) => (20 + 4 * Math.abs(x)) * y,
    least: 0,
  },
]

const GRIDS: readonly Float32Array[] = [everywhere, evenly(-0.5, 0.5), evenly(-10, 10), evenly(-110, 110)]

describe.skipIf(absent)(`elementary functions${absent ? `: ${absent}` : ''}`, () => {
  for (const { kind, exact, tolerance, least = -Infinity, most = Infinity } of FUNCTIONS) {
    test(`${kind} keeps the kit's tolerance over floats of all sizes, and never leaves its range`, async () => {
      for (const x of GRIDS) {
        const got = await unary(kind, x)
        expectWithin(
          got,
          (i) => exact(x[i]!),
          (i, y) => tolerance(x[i]!, y),
        )
        const outside = got.findIndex((y) => y < least || y > most)
        expect(outside === -1 ? undefined : { x: x[outside], y: got[outside] }).toBeUndefined()
      }
    })
  }

  test('the logarithm of a subnormal number is that of the number, not of 0', async () => {
    const got = await unary('log', new Float32Array([2 ** -149, 2 ** -130, -(2 ** -149), -0]))
    expect(got[0]).toBeCloseTo(-149 * Math.LN2, 4)
    expect(got[1]).toBeCloseTo(-130 * Math.LN2, 4)
    expect([...got.subarray(2)]).toEqual([NaN, -Infinity])
  })

  test("power keeps the kit's tolerance", async () => {
    const [a, b] = [scattered(1, 8).map(Math.abs), scattered(2, 30)]
    expectWithin(
      await binary('power', a, b),
      (i) => a[i]! ** b[i]!,
      (i, y) => {
        const logarithm = Math.abs(Math.log(a[i]!))
        const ofLogarithm = Math.max(a[i]! >= 0.5 && a[i]! <= 2 ? 8 : 0, 6 * logarithm)
        return (6 + 6 * Math.abs(b[i]!) * logarithm + Math.abs(b[i]!) * ofLogarithm) * y
      },
    )
  })

  test('normal numbers come from the logarithm and the cosine of their words', async () => {
    const key = new Int32Array([7, -3])
    const got = await evaluate('random', [key], { kind: 'normal' }, COUNT)
    const block = new Int32Array(2)
    const parts = (i: number): readonly [radius: number, cosine: number] => {
      threefry2x32(key[0]!, key[1]!, i, 0, block)
      const [u, v] = [((block[0]! >>> 8) + 1) * U, (block[1]! >>> 8) * U]
      return [Math.sqrt(-2 * Math.log(u)), Math.cos(2 * Math.PI * v)]
    }
    // Half the error of the logarithm (6, relative), the square root (9), the product (2) and the polynomial of the cosine (4, relative to 1).
    expectWithin(
      got,
      (i) => parts(i)[0] * parts(i)[1],
      (i, y) => 14 * Math.abs(y) + 4 * parts(i)[0],
    )
  })
})

const SPECIAL = [0, 1, 0.5, 2, 2.5, 3, 7, 1e30, 1e-30, 2 ** -149, 2 ** -127, 2 ** 24 - 1, 2 ** 25, 3e38, Infinity, NaN]
const signed = SPECIAL.flatMap((x) => [x, -x])
const lefts = Float32Array.from(signed.flatMap((a) => signed.map(() => a)))
const rights = Float32Array.from(signed.flatMap(() => signed))

describe.skipIf(absent)(`functions of two arguments${absent ? `: ${absent}` : ''}`, () => {
  test('the remainder is exact, however large the quotient', async () => {
    const pairs = [
      [lefts, rights],
      [scattered(3, 100), scattered(4, 10)],
      [scattered(5, 1e9), scattered(6, 10)],
      [everywhere, everywhere.toReversed()],
      [everywhere, scattered(7, 1)],
    ] as const
    for (const [a, b] of pairs) {
      const got = await binary('remainder', a, b)
      const wrong = got.findIndex((value, i) => {
        const due = a[i]! % b[i]!
        return !Object.is(value, due) && !(Math.abs(due) < TINY && Math.abs(value) < TINY)
      })
      expect(wrong === -1 ? undefined : { a: a[wrong], b: b[wrong], got: got[wrong] }).toBeUndefined()
    }
  })

  test('powers of zeros, ones, infinities and NaN are those of ECMAScript', async () => {
    const edges = [0, 1, 0.5, 2, 3, Infinity, NaN].flatMap((x) => [x, -x])
    const a = Float32Array.from(edges.flatMap((x) => edges.map(() => x)))
    const b = Float32Array.from(edges.flatMap(() => edges))
    // All results are small powers of 2 and 3, or their square roots.
    const got = await binary('power', a, b)
    const wrong = got.findIndex((value, i) => {
      const due = a[i]! ** b[i]!
      if (due === 0 || !Number.isFinite(due)) return !Object.is(value, due)
      return !(Math.abs(value - due) <= 64 * U * Math.abs(due))
    })
    expect(wrong === -1 ? undefined : { a: a[wrong], b: b[wrong], got: got[wrong] }).toBeUndefined()
  })
})
