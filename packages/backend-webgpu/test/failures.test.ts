// What users hear when there is no device, when it is too small, refuses something, or goes away.

import { hasCode, matmul, tensor, type BufferHandle, type OpCall } from '@rnn/core'
import { expect, test, vi } from 'vitest'
import { webgpu, type WebgpuBackend, type WebgpuOptions } from '@rnn/backend-webgpu'
import { dawn, makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()
const remark = absent === undefined ? '' : `: ${absent}`

/** The rejection of a promise, as an error with a code. */
async function errorOf(promise: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Error && 'code' in error) return { code: String(error.code), message: error.message }
  throw new Error(`expected an error with a code, got ${String(error)}`)
}

/** A GPU whose only adapter is this, or that has none. */
function gpuWith(adapter: object | null): GPU {
  return { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU
}

test('a browser without WebGPU', async () => {
  vi.stubGlobal('process', undefined)
  const attempt = webgpu()
  vi.unstubAllGlobals()
  const { code, message } = await errorOf(attempt)
  expect(code).toBe('E_UNSUPPORTED')
  expect(message).toMatch(/no navigator\.gpu.*https.*@rnn\/backend-wasm/)
})

test('WebGPU without an adapter', async () => {
  const { code, message } = await errorOf(webgpu({ gpu: gpuWith(null) }))
  expect(code).toBe('E_UNSUPPORTED')
  expect(message).toMatch(/no adapter.*driver.*@rnn\/backend-wasm/)
})

test.each([
  [
    'storage buffers',
    { maxStorageBuffersPerShaderStage: 4, maxComputeWorkgroupStorageSize: 16384 },
    /offers 4 storage buffers.*8/,
  ],
  [
    'workgroup memory',
    { maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 8192 },
    /8192 bytes of workgroup memory.*16384/,
  ],
])('an adapter of too few or too little: %s', async (_, limits, said) => {
  const info = { vendor: 'tiny', architecture: 'one', device: '', description: '', isFallbackAdapter: false }
  const { code, message } = await errorOf(webgpu({ gpu: gpuWith({ limits, info, features: new Set() }) }))
  expect(code).toBe('E_UNSUPPORTED')
  expect(message).toMatch(/tiny one/)
  expect(message).toMatch(said)
  expect(message).toMatch(/@rnn\/backend-wasm/)
})

/** A backend whose device can be made to fail. */
interface Fragile {
  readonly backend: WebgpuBackend
  readonly device: GPUDevice
  /** The next error scope that closes says so. */
  refuse(message: string): void
}

async function makeFragile(options: WebgpuOptions = {}): Promise<Fragile> {
  const root = await dawn()
  let device: GPUDevice | undefined
  let refusal: string | undefined
  const gpu = {
    root,
    async requestAdapter(asked?: GPURequestAdapterOptions) {
      const adapter = await root.requestAdapter(asked)
      return {
        limits: adapter!.limits,
        features: adapter!.features,
        info: adapter!.info,
        async requestDevice(descriptor?: GPUDeviceDescriptor) {
          device = await adapter!.requestDevice(descriptor)
          const pop = device.popErrorScope.bind(device)
          device.popErrorScope = async () => {
            const error = await pop()
            if (refusal === undefined) return error
            const message = refusal
            refusal = undefined
            return { message } as GPUError
          }
          return device
        },
      }
    },
  } as unknown as GPU
  const backend = await webgpu({ ...options, gpu })
  return { backend, device: device!, refuse: (message) => (refusal = message) }
}

const fill = (buffer: BufferHandle, shape: readonly number[], value = 1): OpCall => ({
  op: 'fill',
  inputs: [],
  outputs: [{ buffer, byteOffset: 0, shape, dtype: 'float32' }],
  attributes: { value },
})

test.skipIf(absent)(`a tensor larger than the device binds${remark}`, async () => {
  const backend = await makeWebgpu()
  let caught: unknown
  try {
    backend.allocate(2 ** 40, 'transient')
  } catch (error) {
    caught = error
  }
  expect(hasCode(caught, 'E_OUT_OF_MEMORY')).toBe(true)
  expect(String(caught)).toMatch(/1099511627776 bytes.*at most \d+ \(maxStorageBufferBindingSize\).*@rnn\/backend-wasm/)
  expect(backend.stats().liveBuffers).toBe(0)
  await backend.dispose()
})

test.skipIf(absent)(`a buffer that the device refuses${remark}`, async () => {
  const { backend, refuse } = await makeFragile()
  refuse('not enough memory left')
  const buffer = backend.allocate(4096, 'parameter')
  const { code, message } = await errorOf(backend.read([{ buffer, byteOffset: 0, byteLength: 4 }]))
  expect(code).toBe('E_OUT_OF_MEMORY')
  expect(message).toMatch(
    /refused 4096 bytes beside the 4096 that live: not enough memory left.*smaller batch.*@rnn\/backend-wasm/,
  )
  await backend.dispose()
})

test.skipIf(absent)(
  `a submission that the device refuses: the span of its ops, or the op itself${remark}`,
  async () => {
    const span = /refused one of 2 dispatches from fill {2}→ \[2, 3\] to fill {2}→ \[5\]: broken.*debug: true/
    const one = /refused fill {2}→ \[2, 3\]: broken/
    for (const [debug, said] of [
      [false, span],
      [true, one],
    ] as const) {
      const { backend, refuse } = await makeFragile({ debug })
      const buffer = backend.allocate(64, 'transient')
      backend.run(fill(buffer, [16]))
      await backend.sync() // the pipeline is there
      refuse('broken')
      backend.run(fill(buffer, [2, 3]))
      backend.run(fill(buffer, [5]))
      const { code, message } = await errorOf(backend.sync())
      expect(code).toBe('E_UNSUPPORTED')
      expect(message).toMatch(said)
      // The error has been heard of: what comes after it works.
      backend.run(fill(buffer, [1], 7))
      const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: 4 }])
      expect(new Float32Array(bytes!.buffer)[0]).toBe(7)
      await backend.dispose()
    }
  },
)

test.skipIf(absent)(`a device that is lost: reads that wait, and all that comes after${remark}`, async () => {
  const { backend, device } = await makeFragile()
  const buffer = backend.allocate(64, 'transient')
  backend.run(fill(buffer, [16]))
  const waiting = errorOf(backend.read([{ buffer, byteOffset: 0, byteLength: 64 }]))
  device.destroy()
  const { code, message } = await waiting
  expect(code).toBe('E_BACKEND_LOST')
  expect(message).toMatch(/device was lost.*new backend.*checkpoint/)
  expect(() => backend.run(fill(buffer, [16]))).toThrow(/device was lost/)
  expect((await errorOf(backend.sync())).code).toBe('E_BACKEND_LOST')
  backend.release(buffer)
  await backend.dispose()
})

test.skipIf(absent)(`however much is recorded, few submissions are under way${remark}`, async () => {
  const backend = await makeWebgpu()
  const buffer = backend.allocate(64, 'transient')
  backend.run(fill(buffer, [16]))
  await backend.sync()
  let most = 0
  for (let i = 0; i < 20_000; i++) {
    backend.run(fill(buffer, [16], i))
    most = Math.max(most, backend.stats().submissionsUnderWay)
  }
  expect(most).toBeGreaterThan(4)
  expect(most).toBeLessThanOrEqual(16)
  const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: 64 }])
  expect([...new Float32Array(bytes!.buffer)]).toEqual(new Array(16).fill(19_999))
  expect(backend.stats().submissions).toBeGreaterThan(150)
  await backend.dispose()
})

test.skipIf(absent)(`several ranges come back in one read${remark}`, async () => {
  const backend = await makeWebgpu()
  const [one, other] = [backend.allocate(16, 'transient'), backend.allocate(40, 'transient')]
  backend.run(fill(one, [4], 1))
  backend.run(fill(other, [10], 2))
  const before = backend.stats()
  const bytes = await backend.read([
    { buffer: one, byteOffset: 4, byteLength: 8 },
    { buffer: other, byteOffset: 0, byteLength: 12 },
    { buffer: one, byteOffset: 0, byteLength: 4 },
  ])
  expect(bytes.map((each) => [...new Float32Array(each.buffer)])).toEqual([[1, 1], [2, 2, 2], [1]])
  expect(backend.stats().reads).toBe(before.reads + 1)
  expect(backend.stats().submissions).toBe(before.submissions + 1)
  await backend.dispose()
})

test.skipIf(absent)(`an error leaves no float16 copy behind that was never made${remark}`, async () => {
  const { backend, refuse } = await makeFragile({ float16: true })
  const weights = tensor(
    Float32Array.from({ length: 64 }, (_, i) => i),
    {
      backend,
      shape: [8, 8],
      role: 'parameter',
    },
  )
  const x = tensor([[1, 0, 0, 0, 0, 0, 0, 0]], { backend })
  refuse('no room')
  const refused = backend.allocate(4096, 'parameter')
  matmul(x, weights).dispose() // waits with the copy that it needs, and is skipped with it
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect((await errorOf(backend.sync())).code).toBe('E_OUT_OF_MEMORY')
  backend.release(refused)
  expect(Array.from(await matmul(x, weights).data())).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await backend.dispose()
})
