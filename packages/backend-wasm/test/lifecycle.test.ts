// What goes wrong, and what doesn't: errors by code, memory that comes back, and no growth in a steady loop.

import { hasCode, matmul, scope, tensor } from '@rnn/core'
import type { Backend, BufferHandle, Operand } from '@rnn/core'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import type { WasmOptions } from '../src/index.ts'
import { BUILDS, makeBackend } from './builds.ts'

async function failure(run: () => unknown): Promise<Error> {
  try {
    await run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe.each(BUILDS)('lifecycle, $title', (build) => {
  test('info says what computes', async () => {
    const backend = await makeBackend(build)
    expect(backend.info.device).toContain('WebAssembly')
    expect(backend.info.limits.maxBufferBytes).toBeGreaterThan(2 ** 31)
    await backend.dispose()
  })

  test('memory exhausted: the error names what was asked and what lives, and the backend goes on', async () => {
    const backend = await makeBackend(build)
    const big: BufferHandle[] = []
    const error = await failure(() => {
      for (;;) big.push(backend.allocate(2 ** 30, 'transient'))
    })
    expect(hasCode(error, 'E_OUT_OF_MEMORY')).toBe(true)
    expect(big.length).toBe(3)
    expect(error.message).toMatch(/allocate: 1024\.0 MiB asked with 3072\.0 MiB live in 3 buffers/)
    backend.release(big.pop()!)
    const buffer = backend.allocate(2 ** 30 - 65536, 'transient')
    // At the far end of the memory, past 2 GiB, addresses still work.
    backend.write(buffer, new Float32Array([1, 2, 3, 4]), 2 ** 30 - 65536 - 16)
    const at = (byteOffset: number): Operand => ({ buffer, byteOffset, shape: [4], dtype: 'float32' })
    const out = backend.allocate(16, 'transient')
    const result: Operand = { buffer: out, byteOffset: 0, shape: [4], dtype: 'float32' }
    backend.run({ op: 'unary', inputs: [at(2 ** 30 - 65536 - 16)], outputs: [result], attributes: { kind: 'square' } })
    const bytes = backend.readSync!({ buffer: out, byteOffset: 0, byteLength: 16 })
    expect([...new Float32Array(bytes.buffer)]).toEqual([1, 4, 9, 16])
    await backend.dispose()
  })

  test('memory exhausted in the middle of an op: nothing is lost, and the op runs once there is room', async () => {
    const backend = await makeBackend(build)
    const units = 1024
    const operand = (shape: readonly number[]): Operand => {
      const bytes = shape.reduce((product, size) => product * size, 4)
      return { buffer: backend.allocate(bytes, 'transient'), byteOffset: 0, shape, dtype: 'float32' }
    }
    const inputs = [operand([16, 4, units]), operand([units, units]), null, null, null, null, null] as const
    const outputs = [operand([16, 4, units]), operand([16, units]), null, null] as const
    const ballast: BufferHandle[] = []
    for (let bytes = 2 ** 30; bytes >= 2 ** 20;) {
      try {
        ballast.push(backend.allocate(bytes, 'transient'))
      } catch {
        bytes /= 2
      }
    }
    const { liveBuffers } = backend.stats()
    const run = (): void =>
      backend.run({
        op: 'recurrentForward',
        inputs,
        outputs,
        attributes: { cell: 'simpleTanh', reverse: false, timeMajor: false },
      })
    for (let i = 0; i < 3; i++) expect(hasCode(await failure(run), 'E_OUT_OF_MEMORY')).toBe(true)
    expect(backend.stats().liveBuffers).toBe(liveBuffers)
    for (const buffer of ballast.splice(-8)) backend.release(buffer)
    run()
    await backend.dispose()
  })

  test('a steady loop takes nothing from the system, whatever the order of its releases', async () => {
    const backend = await makeBackend(build)
    const weights = tensor(new Array<number>(64 * 48).fill(0.01), { backend, shape: [64, 48] })
    const step = (size: number): void => {
      scope(backend, () => {
        const x = tensor(new Float32Array(size * 64).fill(0.5), { backend, shape: [size, 64] })
        matmul(matmul(x, weights), weights, { transposeB: true })
      })
    }
    for (let i = 0; i < 40; i++) step(1 + ((i * 37) % 100))
    const { reservedBytes, liveBytes, liveBuffers } = backend.stats()
    for (let i = 0; i < 400; i++) step(1 + ((i * 53) % 100))
    expect(backend.stats()).toMatchObject({ reservedBytes, liveBytes, liveBuffers })
    await backend.dispose()
  })

  test('views follow memory that grows', async () => {
    const backend = await makeBackend(build)
    const first = backend.allocate(4, 'parameter')
    backend.write(first, new Int32Array([42]))
    for (let i = 0; i < 5; i++) backend.allocate(2 ** 24, 'transient')
    const bytes = backend.readSync!({ buffer: first, byteOffset: 0, byteLength: 4 })
    expect(new Int32Array(bytes.buffer)[0]).toBe(42)
    await backend.dispose()
  })

  test('foreign and released buffers, indices out of range, and a disposed backend are errors by code', async () => {
    const backend = await makeBackend(build)
    const buffer = backend.allocate(16, 'transient')
    backend.release(buffer)
    expect(hasCode(await failure(() => backend.release(buffer)), 'E_DISPOSED')).toBe(true)
    expect(hasCode(await failure(() => backend.read([{ buffer, byteOffset: 0, byteLength: 4 }])), 'E_DISPOSED')).toBe(
      true,
    )
    expect(hasCode(await failure(() => backend.allocate(-1, 'transient')), 'E_VALUE')).toBe(true)

    const table = backend.allocate(16, 'transient')
    const indices = backend.allocate(8, 'transient')
    const out = backend.allocate(16, 'transient')
    backend.write(indices, new Int32Array([1, 2]))
    const error = await failure(() =>
      backend.run({
        op: 'gather',
        inputs: [
          { buffer: table, byteOffset: 0, shape: [2, 2], dtype: 'float32' },
          { buffer: indices, byteOffset: 0, shape: [2], dtype: 'int32' },
        ],
        outputs: [{ buffer: out, byteOffset: 0, shape: [2, 2], dtype: 'float32' }],
        attributes: {},
      }),
    )
    expect(hasCode(error, 'E_INDEX_RANGE')).toBe(true)
    expect(error.message).toContain('index 2 at position 1')
    await backend.dispose()
    expect(hasCode(await failure(() => backend.allocate(4, 'transient')), 'E_BACKEND_DISPOSED')).toBe(true)
  })

  test('products of few rows see new weights at once, however they were written', async () => {
    const backend = await makeBackend(build)
    const [K, N] = [5, 40]
    const operand = (shape: readonly number[], role: 'parameter' | 'transient'): Operand => {
      const bytes = shape.reduce((product, size) => product * size, 4)
      return { buffer: backend.allocate(bytes, role), byteOffset: 0, shape, dtype: 'float32' }
    }
    const [a, b, out] = [operand([1, K], 'transient'), operand([K, N], 'parameter'), operand([1, N], 'transient')]
    backend.write(a.buffer, new Float32Array(K).fill(1))
    const product = (): number => {
      const attributes = { transposeA: false, transposeB: false, accumulate: false }
      backend.run({ op: 'matmul', inputs: [a, b, null], outputs: [out], attributes })
      const bytes = backend.readSync!({ buffer: out.buffer, byteOffset: 4 * (N - 1), byteLength: 4 })
      return new Float32Array(bytes.buffer)[0]!
    }
    // From the second product on the weights are read from a packed copy.
    const repeated = (): number[] => [product(), product(), product()]
    backend.write(b.buffer, new Float32Array(K * N).fill(2))
    expect(repeated()).toEqual([10, 10, 10])
    backend.write(b.buffer, new Float32Array(K * N).fill(3))
    expect(repeated()).toEqual([15, 15, 15])
    backend.run({ op: 'fill', inputs: [], outputs: [b], attributes: { value: 4 } })
    expect(repeated()).toEqual([20, 20, 20])
    backend.release(b.buffer)
    expect(backend.stats().liveBuffers).toBe(2)
    await backend.dispose()
  })

  test('two instances share nothing', async () => {
    const [a, b] = [await makeBackend(build), await makeBackend(build)]
    const buffer = a.allocate(4, 'transient')
    a.write(buffer, new Int32Array([7]))
    expect(hasCode(await failure(() => b.release(buffer)), 'E_DISPOSED')).toBe(true)
    await b.dispose()
    expect([...a.readSync!({ buffer, byteOffset: 0, byteLength: 4 })]).toEqual([7, 0, 0, 0])
    await a.dispose()
  })
})

test('ready within 150 ms', async () => {
  const start = performance.now()
  const backend: Backend = await wasm()
  expect(performance.now() - start).toBeLessThan(150)
  await backend.dispose()
})

describe('a .wasm file that is not there, or is something else', () => {
  const message = async (options: WasmOptions): Promise<string> => {
    const error = await failure(() => wasm(options))
    expect(hasCode(error, 'E_FORMAT')).toBe(true)
    expect(error.message).toContain('wasmUrl')
    return error.message
  }

  test('on disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-wasm-'))
    try {
      const url = pathToFileURL(`${folder}/`)
      expect(await message({ wasmUrl: url })).toMatch(/simd\.wasm can not be read/)
      writeFileSync(join(folder, 'page.wasm'), '<!doctype html><title>Not found</title>')
      expect(await message({ wasmUrl: new URL('page.wasm', url) })).toContain('is an HTML page')
      writeFileSync(join(folder, 'empty.wasm'), '')
      expect(await message({ wasmUrl: new URL('empty.wasm', url) })).toContain('is empty')
      writeFileSync(join(folder, 'cut.wasm'), new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99]))
      expect(await message({ wasmUrl: new URL('cut.wasm', url) })).toContain('does not compile')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('over HTTP', async () => {
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/missing') === true) response.writeHead(404).end('no')
      else if (request.url?.startsWith('/typed') === true)
        response.writeHead(200, { 'content-type': 'application/wasm' }).end('<html>')
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const base = `http://127.0.0.1:${address.port}`
    try {
      expect(await message({ wasmUrl: `${base}/missing` })).toContain('gives 404')
      expect(await message({ wasmUrl: `${base}/page` })).toContain('is an HTML page')
      expect(await message({ wasmUrl: `${base}/typed` })).toContain('does not compile')
    } finally {
      server.close()
    }
    expect(await message({ wasmUrl: `${base}/gone` })).toContain('can not be fetched')
  })
})
