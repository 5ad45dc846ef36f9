// What goes wrong in a worker is heard of, once and in words, and nothing waits for ever.

import { hasCode, type Backend, type OpCall, type Operand } from '@rnn/core'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { remote, type RemoteOptions } from '../src/index.ts'
import { spawn } from './spawn.ts'
import type { Faults } from './workers/faulty.ts'

const open: Backend[] = []

async function faulty(faults: Faults, options: RemoteOptions = {}): Promise<Backend> {
  const backend = await remote(spawn('faulty'), { options: faults, ...options })
  open.push(backend)
  return backend
}

afterEach(async () => {
  for (const backend of open.splice(0)) await backend.dispose().catch(() => {})
})

/** What a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('did not reject')
}

function failure(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('did not throw')
}

/** A vector on a buffer of its own, with these values. */
function vector(backend: Backend, values: readonly number[]): Operand {
  const buffer = backend.allocate(values.length * 4, 'transient')
  backend.write(buffer, Float32Array.from(values))
  return { buffer, byteOffset: 0, shape: [values.length], dtype: 'float32' }
}

async function valuesOf(backend: Backend, { buffer, shape }: Operand): Promise<number[]> {
  const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: shape[0]! * 4 }])
  return Array.from(new Float32Array(bytes!.buffer))
}

const unary = (x: Operand, out: Operand, kind: 'negate' | 'tanh' = 'negate'): OpCall => ({
  op: 'unary',
  inputs: [x],
  outputs: [out],
  attributes: { kind },
})

/** Asks for row 9 of 4. */
function badGather(backend: Backend): OpCall {
  const table = { ...vector(backend, [0, 1, 2, 3, 4, 5, 6, 7]), shape: [4, 2] }
  const buffer = backend.allocate(8, 'transient')
  backend.write(buffer, Int32Array.of(0, 9))
  const indices: Operand = { buffer, byteOffset: 0, shape: [2], dtype: 'int32' }
  const out = { ...vector(backend, [0, 0, 0, 0]), shape: [2, 2] }
  return { op: 'gather', inputs: [table, indices], outputs: [out], attributes: {} }
}

describe('a worker that does not start', () => {
  test('throws when its file loads: E_BACKEND_LOST with what it threw', async () => {
    const error = await errorOf(remote(spawn('throws-at-load')))
    expect(error).toMatchObject({ code: 'E_BACKEND_LOST', operation: 'remote' })
    expect(String(error)).toContain('this file is broken')
  })

  test('can not make its backend: the very error, with code, operation, problem and fix', async () => {
    expect(await errorOf(remote(spawn('throws-at-start')))).toMatchObject({
      code: 'E_UNSUPPORTED',
      operation: 'wasm',
      problem: 'no SIMD here',
      fix: 'use cpu()',
      message: 'wasm: no SIMD here; use cpu()',
    })
  })

  test('has no such file: E_BACKEND_LOST', async () => {
    expect(await errorOf(remote(spawn('no-such-file')))).toMatchObject({ code: 'E_BACKEND_LOST' })
  })

  test('never calls serve: E_BACKEND_LOST after startTimeout, and the worker is ended', async () => {
    const worker = spawn('silent')
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const error = await errorOf(remote(worker, { startTimeout: 300 }))
    expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
    expect(String(error)).toMatch(/did not answer for 300 ms; its file must call serve/)
    await ended
  })

  test('speaks another version of the protocol: both versions are named', async () => {
    const error = await errorOf(remote(spawn('other-version')))
    expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
    expect(String(error)).toMatch(/version 99 of the protocol, this side version 1: install one version/)
  })

  test('is asked in another version: it refuses with E_UNSUPPORTED', async () => {
    const worker = spawn('cpu')
    try {
      const answer = new Promise((resolve) => {
        worker.on('message', (message: { type: string }) => message.type === 'refused' && resolve(message))
      })
      worker.once('online', () => worker.postMessage({ rnn: 99, type: 'start', options: undefined }, []))
      expect(await answer).toMatchObject({
        error: { details: { code: 'E_UNSUPPORTED', problem: expect.stringContaining('version 99') } },
      })
    } finally {
      await worker.terminate()
    }
  })

  test('is no longer wanted: E_ABORTED, and the worker is ended', async () => {
    const worker = spawn('silent')
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const abort = new AbortController()
    const starting = errorOf(remote(worker, { signal: abort.signal }))
    abort.abort()
    expect(await starting).toMatchObject({ code: 'E_ABORTED' })
    await ended
    expect(await errorOf(remote(spawn('cpu'), { signal: abort.signal }))).toMatchObject({ code: 'E_ABORTED' })
  })

  test('is given options that can not be cloned: E_VALUE', async () => {
    expect(await errorOf(remote(spawn('cpu'), { options: { poolBytes: () => 1 } }))).toMatchObject({ code: 'E_VALUE' })
  })

  test('may have been up for long before remote is called', async () => {
    const worker = spawn('cpu')
    await new Promise((resolve) => worker.once('message', resolve))
    const backend = await remote(worker, { options: { poolBytes: 0 } })
    expect(backend.name).toBe('worker(cpu)')
    await backend.dispose()
  })
})

describe('a call that fails in the worker', () => {
  test('comes out of the next read with its code, operation and shapes, and of no later one', async () => {
    const backend = await faulty({})
    const x = vector(backend, [1, 2])
    backend.run(badGather(backend))
    const error = await errorOf(valuesOf(backend, x))
    expect(error).toMatchObject({ code: 'E_INDEX_RANGE', operation: 'gather' })
    expect(String(error)).toContain('(in gather [4, 2], int32 [2] → [2, 2])')
    expect(await valuesOf(backend, x)).toEqual([1, 2])
    await backend.sync()
  })

  test('makes every call skipped until the page has heard of it', async () => {
    const backend = await faulty({})
    const [x, y] = [vector(backend, [1, 2]), vector(backend, [0, 0])]
    backend.run(badGather(backend))
    backend.run(unary(x, y))
    backend.write(x.buffer, Float32Array.of(8, 9))
    const first = errorOf(valuesOf(backend, y))
    // Called before the first answer is there: the page could not know.
    backend.run(unary(x, y))
    const second = errorOf(backend.sync())
    expect(await first).toMatchObject({ code: 'E_INDEX_RANGE' })
    expect(await second).toMatchObject({ code: 'E_INDEX_RANGE' })
    expect(await valuesOf(backend, x)).toEqual([1, 2])
    expect(await valuesOf(backend, y)).toEqual([0, 0])
    backend.run(unary(x, y))
    expect(await valuesOf(backend, y)).toEqual([-1, -2])
  })

  test('does not hide the next failure', async () => {
    const backend = await faulty({ throwIn: 'unary' })
    const x = vector(backend, [1, 2])
    backend.run(badGather(backend))
    const late = errorOf(backend.sync())
    expect(await errorOf(backend.sync())).toMatchObject({ code: 'E_INDEX_RANGE' })
    backend.run(unary(x, vector(backend, [0, 0]), 'tanh'))
    expect(await late).toMatchObject({ code: 'E_INDEX_RANGE' })
    expect(String(await errorOf(backend.sync()))).toContain('kernels are broken (in unary [2] → [2])')
    await backend.sync()
  })

  test('keeps the name of an error that is not ours, and the stack of the worker', async () => {
    const backend = await faulty({ throwIn: 'unary' })
    const x = vector(backend, [1])
    backend.run(unary(x, vector(backend, [0])))
    const error = await errorOf(backend.sync())
    expect(error).toMatchObject({ name: 'TypeError' })
    expect((error as { cause: Error }).cause.stack).toMatch(/in the worker: [^]*faulty\.ts/)
  })

  test('leaks nothing: what was allocated and released around it is counted right', async () => {
    const backend = await faulty({})
    await backend.sync()
    const before = backend.stats().liveBuffers
    const call = badGather(backend)
    const x = vector(backend, [1])
    backend.run(call)
    const y = vector(backend, [2])
    for (const operand of [...call.inputs, ...call.outputs, x, y]) backend.release(operand!.buffer)
    await errorOf(backend.sync())
    await backend.sync()
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('an allocation that fails says so with what it says; freed of it the backend goes on', async () => {
    const backend = await faulty({ maxBytes: 1000 })
    const x = vector(backend, [1, 2])
    const large = backend.allocate(1001, 'transient')
    backend.run(unary(x, { ...x, buffer: large }))
    const error = await errorOf(backend.sync())
    expect(error).toMatchObject({ code: 'E_OUT_OF_MEMORY', problem: '1001 bytes asked', fix: 'free tensors' })
    backend.run(unary(x, { ...x, buffer: large }))
    const again = await errorOf(backend.sync())
    expect(again).toMatchObject({ code: 'E_OUT_OF_MEMORY', operation: 'unary' })
    expect(String(again)).toContain('was never allocated: allocate: 1001 bytes asked')
    backend.release(large)
    expect(await valuesOf(backend, x)).toEqual([1, 2])
  })

  test('a read that fails by itself fails alone', async () => {
    const backend = await faulty({})
    const x = vector(backend, [1, 2])
    const outside = errorOf(backend.read([{ buffer: x.buffer, byteOffset: 0, byteLength: 12 }]))
    const inside = valuesOf(backend, x)
    expect(await outside).toMatchObject({ code: 'E_VALUE', operation: 'read' })
    expect(await inside).toEqual([1, 2])
  })

  test('a fused op that the page was wrongly told of is an error, not another path', async () => {
    const backend = await faulty({ maxSteps: 4 }, { supports: () => true })
    const at = (shape: readonly number[]): Operand => ({
      buffer: backend.allocate(
        shape.reduce((a, b) => a * b, 4),
        'transient',
      ),
      byteOffset: 0,
      shape,
      dtype: 'float32',
    })
    backend.run({
      op: 'linearScanForward',
      inputs: [at([1, 5, 2]), at([1, 5, 2]), null],
      outputs: [at([1, 5, 2])],
      attributes: { reverse: false },
    })
    const error = await errorOf(backend.sync())
    expect(error).toMatchObject({ code: 'E_UNSUPPORTED', operation: 'linearScanForward' })
    expect(String(error)).toContain('5 steps are more than 4')
  })
})

describe('supports', () => {
  const call = {
    op: 'sumOfSquares',
    inputs: [{ shape: [1, 5], dtype: 'float32' }],
    outputs: [{ shape: [], dtype: 'float32' }],
    attributes: {},
  } as const

  test('says yes to what the backend lists in alwaysFused', async () => {
    const backend = await faulty({})
    expect(backend.supports(call)).toBe(true)
  })

  test('says no, and why, where the backend decides by shape', async () => {
    const backend = await faulty({ maxSteps: 4 })
    expect(backend.supports(call)).toEqual({ reason: expect.stringContaining('remote(worker, { supports })') })
  })

  test("asks the page's own function, with the info of the backend", async () => {
    const backend = await faulty(
      { maxSteps: 4 },
      { supports: ({ op }, info) => ({ reason: `${op} on ${info.threads}` }) },
    )
    expect(backend.supports(call)).toEqual({ reason: 'sumOfSquares on 1' })
  })
})

describe('a worker that dies', () => {
  test('in the middle of a read: all that wait are rejected, and all that come later', async () => {
    const backend = await faulty({ dieIn: 'read' })
    const x = vector(backend, [1])
    const waiting = [errorOf(valuesOf(backend, x)), errorOf(backend.sync()), errorOf(backend.prepare!([]))]
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: 'E_BACKEND_LOST' })
      expect(String(error)).toContain('exit code 3')
    }
    expect(await errorOf(backend.sync())).toMatchObject({ code: 'E_BACKEND_LOST', operation: 'sync' })
    expect(await errorOf(backend.read([]))).toMatchObject({ code: 'E_BACKEND_LOST', operation: 'read' })
    expect(failure(() => backend.run(unary(x, x)))).toMatchObject({ code: 'E_BACKEND_LOST', operation: 'run' })
    expect(failure(() => backend.allocate(4, 'transient'))).toMatchObject({ code: 'E_BACKEND_LOST' })
    expect(failure(() => backend.write(x.buffer, new Uint8Array(4)))).toMatchObject({ code: 'E_BACKEND_LOST' })
    // Cleaning up after it is no second failure.
    backend.release(x.buffer)
    await backend.dispose()
    expect(failure(() => backend.release(x.buffer))).toMatchObject({ code: 'E_BACKEND_DISPOSED' })
  })

  test('in the middle of an op', async () => {
    const backend = await faulty({ dieIn: 'run' })
    const x = vector(backend, [1])
    backend.run(unary(x, x))
    expect(await errorOf(backend.sync())).toMatchObject({ code: 'E_BACKEND_LOST' })
  })

  test('while nothing waits: the next call says so', async () => {
    const worker: Worker = spawn('cpu')
    const backend = await remote(worker)
    await worker.terminate()
    expect(failure(() => backend.allocate(4, 'transient'))).toMatchObject({ code: 'E_BACKEND_LOST' })
    await backend.dispose()
  })

  test('by terminate, while a sync waits', async () => {
    const worker: Worker = spawn('cpu')
    const backend = await remote(worker)
    const waiting = errorOf(backend.sync())
    await worker.terminate()
    expect(await waiting).toMatchObject({ code: 'E_BACKEND_LOST', operation: 'sync' })
    await backend.dispose()
  })

  test('while it is being disposed of: it is disposed of', async () => {
    const backend = await faulty({ dieIn: 'dispose' })
    await backend.dispose()
    expect(await errorOf(backend.sync())).toMatchObject({ code: 'E_BACKEND_DISPOSED' })
  })

  test('because a call could not be sent: lost, with the reason', async () => {
    const backend = await faulty({})
    const x = vector(backend, [1])
    const attributes = { kind: 'negate', extra: () => {} } as const
    backend.run({ ...unary(x, x), attributes } as OpCall)
    const error = await errorOf(backend.sync())
    expect(hasCode(error, 'E_BACKEND_LOST')).toBe(true)
    expect(String(error)).toContain('calls could not be sent')
  })
})

test('dispose answers the reads before it, ends the worker, and all later calls fail', async () => {
  const worker = spawn('cpu')
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  const backend = await remote(worker)
  const x = vector(backend, [1, 2])
  const reading = valuesOf(backend, x)
  await backend.dispose()
  expect(await reading).toEqual([1, 2])
  await ended
  expect(failure(() => backend.stats())).toMatchObject({ code: 'E_BACKEND_DISPOSED' })
})
