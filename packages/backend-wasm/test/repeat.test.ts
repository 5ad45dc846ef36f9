// The same call gives the same bits, however often its weights were read before: copies that make later calls faster change nothing.

import { key, normal, scope, type Backend } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'

/** A product with weights, as float32 bits. */
async function product(backend: Backend, rows: number, transposeB: boolean, uses: number): Promise<Int32Array[]> {
  const [K, N] = [67, 45]
  const weights = scope(backend, () => normal(key(1), transposeB ? [N, K] : [K, N], { backend }))
  const kept = await backend.read([{ buffer: weights.storage.buffer, byteOffset: 0, byteLength: K * N * 4 }])
  const buffer = backend.allocate(K * N * 4, 'parameter')
  backend.write(buffer, new Float32Array(kept[0]!.slice().buffer))
  weights.dispose()
  const results: Int32Array[] = []
  for (let use = 0; use < uses; use++) {
    const x = normal(key(2), [rows, K], { backend })
    const out = backend.allocate(rows * N * 4, 'transient')
    backend.run({
      op: 'matmul',
      inputs: [
        { buffer: x.storage.buffer, byteOffset: 0, shape: [rows, K], dtype: 'float32' },
        { buffer, byteOffset: 0, shape: transposeB ? [N, K] : [K, N], dtype: 'float32' },
        null,
      ],
      outputs: [{ buffer: out, byteOffset: 0, shape: [rows, N], dtype: 'float32' }],
      attributes: { transposeA: false, transposeB, accumulate: false },
    })
    const [bytes] = await backend.read([{ buffer: out, byteOffset: 0, byteLength: rows * N * 4 }])
    results.push(new Int32Array(bytes!.slice().buffer))
    backend.release(out)
    x.dispose()
  }
  backend.release(buffer)
  return results
}

describe.each(BUILDS)('$title', (build) => {
  test.each([1, 2, 3, 5].flatMap((rows) => [false, true].map((transposeB) => ({ rows, transposeB }))))(
    '$rows rows, transposeB $transposeB: three uses of one weight',
    async ({ rows, transposeB }) => {
      const backend = await makeBackend(build)
      const [first, ...others] = await product(backend, rows, transposeB, 3)
      for (const other of others) expect(other).toEqual(first)
      await backend.dispose()
    },
  )
})
