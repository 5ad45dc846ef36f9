// Writes, runs and reads take effect in the order in which they were called, whatever the device is doing.

import { expect, test } from 'vitest'
import type { BufferHandle } from '@rnn/core'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

const fillOne = (buffer: BufferHandle, at: number, value: number) =>
  ({
    op: 'fill',
    inputs: [],
    outputs: [{ buffer, byteOffset: at * 4, shape: [1], dtype: 'float32' }],
    attributes: { value },
  }) as const

test.skipIf(absent)(`a write overtakes no fill, and no fill a write${absent ? `: ${absent}` : ''}`, async () => {
  const backend = await makeWebgpu()
  const buffer = backend.allocate(12, 'transient')
  const range = { buffer, byteOffset: 0, byteLength: 12 }
  backend.write(buffer, new Float32Array([1, 2, 3]))
  const first = backend.read([range])
  backend.run(fillOne(buffer, 1, 20))
  backend.write(buffer, new Float32Array([30]), 8)
  backend.run(fillOne(buffer, 0, 10))
  const second = backend.read([range])
  backend.release(buffer)
  const values = (bytes: Uint8Array[]): number[] => [...new Float32Array(bytes[0]!.buffer)]
  expect(values(await first)).toEqual([1, 2, 3])
  expect(values(await second)).toEqual([10, 20, 30])
  expect(backend.stats()).toMatchObject({ liveBuffers: 0, liveBytes: 0, pipelinesCreated: 1, reads: 2 })
  await backend.dispose()
})

test.skipIf(absent)('more dispatches than one submission holds', async () => {
  const backend = await makeWebgpu()
  const buffer = backend.allocate(4000, 'transient')
  for (let at = 0; at < 1000; at++) backend.run(fillOne(buffer, at, at))
  const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: 4000 }])
  expect([...new Float32Array(bytes!.buffer)]).toEqual(Array.from({ length: 1000 }, (_, at) => at))
  expect(backend.stats().submissions).toBeLessThan(12)
  await backend.dispose()
})
