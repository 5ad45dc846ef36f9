// Indices out of range: reported at once, or at the next read or sync.

import type { Backend, BufferHandle, FusedSignature, OpCall, Operand } from '@rnn/core'
import { caseOf, NotApplicable, type ConformanceCase } from '../../case.ts'
import { expectError } from '../../check.ts'

const indexed = (buffer: BufferHandle, count: number): Operand => ({
  buffer,
  byteOffset: 0,
  shape: [count],
  dtype: 'int32',
})
const matrix = (buffer: BufferHandle, rows: number, columns: number): Operand => ({
  buffer,
  byteOffset: 0,
  shape: [rows, columns],
  dtype: 'float32',
})
const vectorOf = (buffer: BufferHandle, length: number): Operand => ({
  buffer,
  byteOffset: 0,
  shape: [length],
  dtype: 'float32',
})

function buffersFor(
  backend: Backend,
  index: number,
): {
  readonly indices: Operand
  readonly table: BufferHandle
  readonly rows: BufferHandle
  readonly more: BufferHandle
} {
  const of = (data: Int32Array | Float32Array): BufferHandle => {
    const buffer = backend.allocate(data.byteLength, 'transient')
    backend.write(buffer, data)
    return buffer
  }
  return {
    indices: indexed(of(Int32Array.of(0, index, -1)), 3),
    table: of(new Float32Array(8)),
    rows: of(new Float32Array(12)),
    more: of(new Float32Array(12)),
  }
}

type Build = (parts: ReturnType<typeof buffersFor>) => OpCall

const CALLS: readonly (readonly [name: string, build: Build])[] = [
  [
    'gather',
    ({ indices, table, rows }) => ({
      op: 'gather',
      inputs: [matrix(table, 4, 2), indices],
      outputs: [matrix(rows, 3, 2)],
      attributes: {},
    }),
  ],
  [
    'scatterAdd',
    ({ indices, table, rows }) => ({
      op: 'scatterAdd',
      inputs: [indices, matrix(rows, 3, 2)],
      outputs: [matrix(table, 4, 2)],
      attributes: {},
    }),
  ],
  [
    'crossEntropyForward',
    ({ indices, rows, more, table }) => ({
      op: 'crossEntropyForward',
      inputs: [matrix(rows, 3, 4), indices, null],
      outputs: [vectorOf(more, 3), vectorOf(table, 3)],
      attributes: { labelSmoothing: 0 },
    }),
  ],
]

/** Table of 4 rows; 4 classes. */
const WRONG = [4, -2, 2 ** 31 - 1, -(2 ** 31)]

export const errorCases: readonly ConformanceCase[] = CALLS.flatMap(([name, build]) =>
  WRONG.map((index) =>
    caseOf(
      `${name === 'crossEntropyForward' ? 'fused/crossEntropy' : `primitives/${name}`}/index-${index}`,
      `the index ${index} is reported as E_INDEX_RANGE, at once or at the next read or sync`,
      async ({ another }) => {
        const backend = await another()
        const call = build(buffersFor(backend, index))
        const answer = name === 'crossEntropyForward' ? backend.supports(call as FusedSignature) : true
        if (answer !== true) {
          await backend.dispose()
          throw new NotApplicable(answer.reason)
        }
        await expectError('E_INDEX_RANGE', name, async () => {
          backend.run(call)
          await backend.sync()
        })
        const again = await another()
        const second = build(buffersFor(again, index))
        await expectError('E_INDEX_RANGE', `${name}, at the next read`, async () => {
          again.run(second)
          await again.read([{ buffer: second.outputs[0]!.buffer, byteOffset: 0, byteLength: 4 }])
        })
        await backend.dispose()
        await again.dispose()
      },
    ),
  ),
)
