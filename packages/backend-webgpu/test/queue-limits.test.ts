// What a program meets that records more than its device keeps up with, or whose device fails at an awkward moment. On a GPU that computes nothing: no adapter is needed.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { hasCode, type BufferHandle, type OpCall } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { webgpu, type WebgpuBackend } from '@rnn/backend-webgpu'
import { Pipelines } from '../src/pipelines.ts'
import type { Dispatch } from '../src/commands.ts'
import { Queue } from '../src/queue.ts'
import { fakeGpu, type FakeGpu } from './fake-gpu.ts'

const fill = (buffer: BufferHandle, shape: readonly number[] = [4]): OpCall => ({
  op: 'fill',
  inputs: [],
  outputs: [{ buffer, byteOffset: 0, shape, dtype: 'float32' }],
  attributes: { value: 1 },
})

interface Setting {
  readonly fake: FakeGpu
  readonly backend: WebgpuBackend
  readonly buffer: BufferHandle
}

/** A backend whose pipeline for fills is there. */
async function begin(): Promise<Setting> {
  const fake = fakeGpu()
  const backend = await webgpu({ gpu: fake.gpu })
  const buffer = backend.allocate(64, 'parameter')
  backend.run(fill(buffer))
  await backend.sync()
  return { fake, backend, buffer }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )

function thrownBy(body: () => void): unknown {
  try {
    body()
  } catch (error) {
    return error
  }
  return undefined
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('more calls than the device keeps up with', () => {
  test('wait in the program, are counted, and follow as it finishes', async () => {
    const { fake, backend, buffer } = await begin()
    fake.busy = true
    for (let i = 0; i < 128 * 20; i++) backend.run(fill(buffer))
    expect(backend.stats()).toMatchObject({ submissionsUnderWay: 16, dispatchesWaiting: 128 * 4 })
    fake.finish()
    await turn()
    expect(backend.stats()).toMatchObject({ submissionsUnderWay: 16, dispatchesWaiting: 128 * 3 })
    const synced = backend.sync()
    fake.busy = false
    for (let i = 0; i < 16; i++) fake.finish()
    await synced
    expect(backend.stats()).toMatchObject({ dispatchesWaiting: 0 })
    await backend.dispose()
  })

  test('three hundred thousand of them still end in one sync', async () => {
    const { fake, backend, buffer } = await begin()
    const before = backend.stats().submissions
    fake.busy = true
    for (let i = 0; i < 300_000; i++) backend.run(fill(buffer))
    fake.busy = false
    for (let i = 0; i < 16; i++) fake.finish()
    await backend.sync()
    expect(backend.stats().submissions - before).toBe(Math.ceil(300_000 / 128))
    await backend.dispose()
  })

  /** A queue of a device that is busy, with one block; and a dispatch that fills it. */
  async function small() {
    const fake = fakeGpu()
    const adapter = await fake.gpu.requestAdapter()
    const device = await adapter!.requestDevice()
    const pipelines = new Pipelines(device)
    const queue = new Queue(device, pipelines.parameters, false, { commands: 5000, bytes: 4096 })
    const program = pipelines.program('fill', () => ({ key: 'fill', reads: {}, writes: {}, parameters: {}, body: '' }))
    await pipelines.settled()
    const buffer = device.createBuffer({ size: 64, usage: 0 })
    const block = { id: 1, buffer, capacity: 64, lastCommand: 0, refused: false }
    fake.busy = true
    const dispatch: Dispatch = {
      program,
      group: {} as GPUBindGroup,
      blocks: [block],
      words: new Uint32Array(1),
      workgroups: [1, 1, 1],
      describe: () => 'fill',
    }
    const fills = (count: number): void => {
      for (let i = 0; i < count; i++) queue.dispatch(dispatch)
    }
    const finish = (): void => {
      fake.busy = false
      for (let i = 0; i < 16; i++) fake.finish()
    }
    return { fake, queue, block, fills, finish }
  }

  test('a loop that never awaits hears of it before memory is full, and can go on after a sync', async () => {
    const { queue, fills, finish } = await small()
    fills(16 * 128 + 5000)
    const error = thrownBy(() => fills(1))
    expect(hasCode(error, 'E_OUT_OF_MEMORY')).toBe(true)
    expect(String(error)).toMatch(/5000 calls wait for the device.*await backend\.sync\(\)/)
    finish()
    await queue.read([])
    fills(100)
    await queue.read([])
    expect(queue.waiting).toBe(0)
  })

  test('so does one that only writes to what waiting calls use', async () => {
    const { fake, queue, block, fills, finish } = await small()
    fills(16 * 128 + 1)
    for (let i = 0; i < 64; i++) queue.write(block, 0, new Uint8Array(64))
    const error = thrownBy(() => queue.write(block, 0, new Uint8Array(64)))
    expect(hasCode(error, 'E_OUT_OF_MEMORY')).toBe(true)
    expect(String(error)).toMatch(/writes of 4096 bytes wait/)
    finish()
    await queue.read([])
    fake.asked.length = 0
    queue.write(block, 0, new Uint8Array(64)) // nothing waits: it goes to the device at once
    expect(fake.asked).toEqual(['write'])
  })

  test('a buffer that no waiting call uses is destroyed at once, one in use after its call', async () => {
    const { fake, backend, buffer } = await begin()
    backend.run(fill(buffer))
    const unused = backend.allocate(4096, 'parameter')
    backend.release(unused)
    expect(fake.asked).toContain('destroy 4096')
    backend.release(buffer)
    expect(fake.asked).not.toContain('destroy 64')
    await backend.sync()
    expect(fake.asked).toContain('destroy 64')
    await backend.dispose()
  })
})

describe('an error', () => {
  test('is for the first read after the failed call, not for an earlier one that still waits', async () => {
    const { fake, backend, buffer } = await begin()
    const range = { buffer, byteOffset: 0, byteLength: 16 }
    fake.holdMaps = true
    backend.run(fill(buffer))
    const earlier = codeOf(backend.read([range]))
    fake.refuse('validation', 'broken')
    backend.run(fill(buffer))
    const [later, last] = [codeOf(backend.read([range])), codeOf(backend.read([range]))]
    await turn()
    fake.releaseMaps()
    // The last one was called before anyone had heard: what it would read is not what was meant.
    expect(await Promise.all([earlier, later, last])).toEqual(['none', 'E_UNSUPPORTED', 'E_UNSUPPORTED'])
    fake.holdMaps = false
    expect(await codeOf(backend.read([range]))).toBe('none')
    await backend.dispose()
  })

  test('is for the right read also where all of them waited for the device', async () => {
    const { fake, backend, buffer } = await begin()
    const range = { buffer, byteOffset: 0, byteLength: 16 }
    fake.busy = true
    for (let i = 0; i < 128 * 16; i++) backend.run(fill(buffer))
    const earlier = codeOf(backend.read([range]))
    fake.refuse('out-of-memory', 'none left')
    backend.allocate(4096, 'transient')
    const later = codeOf(backend.read([range]))
    await turn()
    fake.busy = false
    for (let i = 0; i < 16; i++) fake.finish()
    expect(await Promise.all([earlier, later])).toEqual(['none', 'E_OUT_OF_MEMORY'])
    await backend.dispose()
  })

  test('of memory is told by its kind, not by its words', async () => {
    const { fake, backend, buffer } = await begin()
    for (const [kind, message, code] of [
      ['out-of-memory', 'no room', 'E_OUT_OF_MEMORY'],
      ['validation', 'workgroup memory is too large', 'E_UNSUPPORTED'],
    ] as const) {
      fake.refuse(kind, message)
      backend.run(fill(buffer, [2, 2]))
      const error: unknown = await backend.sync().catch((reason: unknown) => reason)
      expect(hasCode(error, code)).toBe(true)
      expect(String(error)).toMatch(/refused fill {2}→ \[2, 2\].*@rnn\/backend-wasm/)
    }
    await backend.dispose()
  })

  test('of a refused buffer does not come back with the next tensor of that size', async () => {
    const { fake, backend } = await begin()
    fake.refuse('out-of-memory', 'none left')
    const refused = backend.allocate(4096, 'transient')
    expect(await codeOf(backend.sync())).toBe('E_OUT_OF_MEMORY')
    backend.release(refused)
    fake.asked.length = 0
    backend.allocate(4096, 'transient')
    expect(fake.asked).toEqual(['destroy 4096', 'create 4096'])
    await backend.dispose()
  })
})

describe('a device that goes away', () => {
  test('is a lost backend, also where the reads fail before the news arrives', async () => {
    const { fake, backend, buffer } = await begin()
    fake.breakMaps('A valid external Instance reference no longer exists.')
    const read = codeOf(backend.read([{ buffer, byteOffset: 0, byteLength: 16 }]))
    await turn()
    fake.lose('the driver was reset')
    expect(await read).toBe('E_BACKEND_LOST')
    const error = thrownBy(() => backend.run(fill(buffer)))
    expect(hasCode(error, 'E_BACKEND_LOST')).toBe(true)
    expect(String(error)).toMatch(/the driver was reset.*await webgpu\(\).*@rnn\/backend-wasm.*snapshots/)
    backend.release(buffer)
    await backend.dispose()
  })

  test('takes with it all that waits in the program', async () => {
    const { fake, backend, buffer } = await begin()
    fake.busy = true
    for (let i = 0; i < 128 * 20; i++) backend.run(fill(buffer))
    const read = codeOf(backend.sync())
    fake.lose('gone')
    expect(await read).toBe('E_BACKEND_LOST')
    expect(backend.stats().dispatchesWaiting).toBe(0)
    await backend.dispose()
  })

  test('a read that fails while the device lives is an error of its own', async () => {
    const { fake, backend } = await begin()
    fake.breakMaps('mapping failed')
    const error: unknown = await backend.sync().catch((reason: unknown) => reason)
    expect(hasCode(error, 'E_UNSUPPORTED')).toBe(true)
    expect(String(error)).toMatch(/mapping failed/)
    await backend.dispose()
  })
})

describe('no device', () => {
  const failing = (part: object): Promise<WebgpuBackend> =>
    webgpu({ gpu: { requestAdapter: () => Promise.resolve(part) } as unknown as GPU })

  test('an adapter that opens none says why, and what to use', async () => {
    const adapter = await fakeGpu().gpu.requestAdapter()
    const error: unknown = await failing({
      ...adapter,
      requestDevice: () => Promise.reject(new Error('adapter is consumed')),
    }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'E_UNSUPPORTED')).toBe(true)
    expect(String(error)).toMatch(/'fake' opens no device: adapter is consumed.*@rnn\/backend-wasm/)
  })

  test('a GPU object that fails to look for an adapter', async () => {
    const gpu = { requestAdapter: () => Promise.reject(new Error('blocked')) } as unknown as GPU
    const error: unknown = await webgpu({ gpu }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'E_UNSUPPORTED')).toBe(true)
    expect(String(error)).toMatch(/blocked.*@rnn\/backend-wasm/)
  })

  test('Node without the package webgpu', () => {
    const program = `
      import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) { if (name === 'webgpu') throw new Error('not installed'); return next(name, context) } })
      const { webgpu } = await import('@rnn/backend-webgpu')
      await webgpu().catch(({ code, message }) => console.log(code, message))`
    const conditions = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']
    const { stdout } = spawnSync(process.execPath, [...conditions, '--input-type=module', '--eval', program], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '..'),
    })
    expect(stdout).toMatch(/^E_UNSUPPORTED .*'webgpu' can't be loaded; npm install webgpu.*@rnn\/backend-wasm/)
  })
})
