// Element-wise ops in layouts that come in fours, and those that just miss it, against the CPU: the kit's rows and offsets are odd, so that kernels of four lanes
// do not see them.

import { cpu } from '@rnn/backend-cpu'
import type { Backend, DType, OpCall, Operand, Shape } from '@rnn/core'
import { afterAll, describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const backend = absent === undefined ? await makeWebgpu() : undefined
const reference = await cpu()

afterAll(async () => {
  await backend?.dispose()
  await reference.dispose()
})

interface Spec {
  readonly shape: Shape
  readonly dtype?: DType
  /** Elements before the first. */
  readonly offset?: number
  readonly rows?: readonly [length: number, stride: number]
}

interface Call {
  readonly op: OpCall['op']
  readonly inputs: readonly (Spec | null)[]
  readonly out: Spec
  readonly attributes: object
}

const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

/** Whole buffers are filled and compared: nothing around an operand may change. */
const WORDS = 1024

/** Small whole numbers, with which all arithmetic here is exact. */
function contents(dtype: DType, seed: number): Float32Array | Int32Array {
  const word = (_: unknown, i: number): number => ((i * 37 + seed * 11) % 19) - 9
  if (dtype === 'float32') return Float32Array.from({ length: WORDS }, word)
  return Int32Array.from({ length: WORDS }, (_, i) => (dtype === 'bool' ? Math.abs(word(_, i)) % 2 : word(_, i)))
}

async function outputOf(on: Backend, { op, inputs, out, attributes }: Call): Promise<number[]> {
  const place = (spec: Spec | null, seed: number): Operand | null => {
    if (spec === null) return null
    const { shape, dtype = 'float32', offset = 0, rows } = spec
    const buffer = on.allocate(WORDS * 4, 'transient')
    on.write(buffer, contents(dtype, seed))
    const [rowLength, rowStride] = rows ?? []
    const row = rowLength === undefined || rowStride === undefined ? {} : { rowLength, rowStride }
    return { buffer, byteOffset: offset * 4, shape, dtype, ...row }
  }
  const operands = inputs.map(place)
  const output = place(out, 9)!
  on.run({ op, inputs: operands, outputs: [output], attributes } as unknown as OpCall) // as the tests below make them
  const [bytes] = await on.read([{ buffer: output.buffer, byteOffset: 0, byteLength: WORDS * 4 }])
  for (const each of [...operands, output]) if (each !== null) on.release(each.buffer)
  return [...(output.dtype === 'float32' ? new Float32Array(bytes!.buffer) : new Int32Array(bytes!.buffer))]
}

async function expectSame(call: Call): Promise<void> {
  expect(await outputOf(backend!, call), JSON.stringify(call)).toEqual(await outputOf(reference, call))
}

/** An operand and the same one element further on, where nothing is aligned any more. */
const shifted = <T extends Spec | null>(spec: T): T => spec && { ...spec, offset: (spec.offset ?? 0) + 1 }

/** The call as it stands, and with each operand in turn off by one. */
function* variants(call: Call): Generator<Call> {
  yield call
  for (let i = 0; i < call.inputs.length; i++) {
    yield { ...call, inputs: call.inputs.map((each, j) => (i === j ? shifted(each) : each)) }
  }
  yield { ...call, out: shifted(call.out) }
}

const BROADCASTS: readonly (readonly [a: Spec, b: Spec, out: Spec])[] = [
  [{ shape: [8, 12] }, { shape: [8, 12], offset: 4 }, { shape: [8, 12], offset: 8 }],
  [{ shape: [8, 12] }, { shape: [12] }, { shape: [8, 12] }],
  [{ shape: [5, 8] }, { shape: [5, 1] }, { shape: [5, 8] }],
  [{ shape: [5, 8] }, { shape: [] }, { shape: [5, 8] }],
  [{ shape: [5, 1] }, { shape: [1, 8] }, { shape: [5, 8] }],
  [{ shape: [2, 1, 8] }, { shape: [3, 1] }, { shape: [2, 3, 8] }],
  [{ shape: [2, 1, 3, 4] }, { shape: [5, 1, 4] }, { shape: [2, 5, 3, 4] }],
  [{ shape: [4, 3] }, { shape: [3] }, { shape: [4, 3] }],
  [{ shape: [4, 1] }, { shape: [1] }, { shape: [4, 1] }],
  [{ shape: [6, 8], rows: [8, 12] }, { shape: [8] }, { shape: [6, 8], rows: [8, 16] }],
  [{ shape: [6, 8], rows: [8, 13] }, { shape: [8] }, { shape: [6, 8] }],
  [{ shape: [6, 8] }, { shape: [6, 1] }, { shape: [6, 8], rows: [8, 9] }],
  [{ shape: [3, 2, 4], rows: [4, 12] }, { shape: [3, 2, 4], rows: [8, 20] }, { shape: [3, 2, 4] }],
  [{ shape: [8, 1], rows: [1, 4] }, { shape: [8, 1] }, { shape: [8, 1] }],
  [{ shape: [8, 4], rows: [4, 4] }, { shape: [4] }, { shape: [8, 4] }],
]

describe.skipIf(absent)(`in fours or not, the same as on the CPU${absent ? `: ${absent}` : ''}`, () => {
  test('binary', async () => {
    for (const [a, b, out] of BROADCASTS) {
      for (const call of variants({ op: 'binary', inputs: [a, b], out, attributes: { kind: 'subtract' } })) {
        await expectSame(call)
      }
    }
  })

  test('comparisons, and constants', async () => {
    for (const [a, b, out] of BROADCASTS) {
      const mask: Spec = { ...out, dtype: 'bool' }
      await expectSame({ op: 'binary', inputs: [a, b], out: mask, attributes: { kind: 'less' } })
    }
    const [x, out]: Spec[] = [{ shape: [4, 8], rows: [8, 12] }, { shape: [4, 8] }]
    for (const inputs of [[x!, null] as const, [null, x!] as const]) {
      const attributes = { kind: 'subtract', scalar: 3 }
      for (const call of variants({ op: 'binary', inputs, out: out!, attributes })) await expectSame(call)
    }
  })

  test('select', async () => {
    for (const [a, b, out] of BROADCASTS) {
      const mask: Spec = { ...a, dtype: 'bool' }
      for (const call of variants({ op: 'select', inputs: [mask, b, a], out, attributes: {} })) await expectSame(call)
    }
  })

  test('unary', async () => {
    const layouts: readonly (readonly [x: Spec, out: Spec])[] = [
      [{ shape: [4, 8] }, { shape: [4, 8] }],
      [{ shape: [4, 8], rows: [8, 16], offset: 8 }, { shape: [4, 8] }],
      [
        { shape: [2, 2, 8], rows: [8, 12] },
        { shape: [2, 2, 8], rows: [16, 20] },
      ],
      [{ shape: [4, 6], rows: [6, 8] }, { shape: [4, 6] }],
    ]
    for (const [x, out] of layouts) {
      for (const call of variants({ op: 'unary', inputs: [x], out, attributes: { kind: 'relu' } })) {
        await expectSame(call)
      }
    }
  })

  test('copy, cast and accumulate', async () => {
    const layouts: readonly (readonly [x: Spec, out: Spec])[] = [
      [{ shape: [6, 8], rows: [8, 12] }, { shape: [6, 8] }],
      [{ shape: [6, 8] }, { shape: [48], offset: 4 }],
      [
        { shape: [6, 8], rows: [8, 12] },
        { shape: [4, 12], rows: [12, 20] },
      ],
      [
        { shape: [6, 8], rows: [8, 12] },
        { shape: [8, 6], rows: [6, 8] },
      ],
      [
        { shape: [3, 2, 4], rows: [4, 8] },
        { shape: [3, 8], rows: [8, 9] },
      ],
      [{ shape: [0, 8], rows: [8, 12] }, { shape: [0] }],
    ]
    for (const [x, out] of layouts) {
      expect(sizeOf(x.shape)).toBe(sizeOf(out.shape))
      for (const accumulate of [false, true]) {
        for (const call of variants({ op: 'copy', inputs: [x], out, attributes: { accumulate } })) {
          await expectSame(call)
        }
      }
      const whole: Spec = { ...out, dtype: 'int32' }
      await expectSame({ op: 'copy', inputs: [x], out: whole, attributes: { accumulate: false } })
    }
  })
})

test.skipIf(absent)(
  `a step of an optimiser gives the same in fours and one by one${absent ? `: ${absent}` : ''}`,
  async () => {
    const count = 64
    const step = async (offset: number): Promise<Float32Array[]> => {
      const held: Operand[] = []
      const given = (shape: Shape, start: number, value: (i: number) => number): Operand => {
        const buffer = backend!.allocate((start + sizeOf(shape)) * 4, 'transient')
        backend!.write(
          buffer,
          Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
          start * 4,
        )
        held.push({ buffer, byteOffset: start * 4, shape, dtype: 'float32' })
        return held.at(-1)!
      }
      const gradient = given([count], offset, (i) => Math.sin(i))
      const state = [0.3, 0.2, 0.5].map((scale) => given([count], 0, (i) => scale * (1.5 + Math.cos(i))))
      backend!.run({
        op: 'adamStep',
        inputs: [gradient, given([3], 1, (i) => [1e-3, 0.1, 0.01][i]!), given([], 3, () => 0.5)],
        outputs: [state[0]!, state[1]!, state[2]!],
        attributes: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decoupled: false },
      })
      const read = await backend!.read(state.map(({ buffer }) => ({ buffer, byteOffset: 0, byteLength: count * 4 })))
      for (const { buffer } of held) backend!.release(buffer)
      return read.map((bytes) => new Float32Array(bytes.buffer))
    }
    const [inFours, oneByOne] = [await step(0), await step(1)]
    inFours.forEach((values, n) => {
      // Compilers may fuse products and sums in one program and not in the other: a rounding or two of each result, all of them near 1 or below.
      values.forEach((value, i) => expect(Math.abs(value - oneByOne[n]![i]!)).toBeLessThanOrEqual(4 * 2 ** -24))
    })
  },
)
