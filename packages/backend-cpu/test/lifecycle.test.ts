// Buffers: contents, counts, reuse by a steady loop, and clear errors for misuse.

import { hasCode } from '@rnn/core'
import type { Backend, BufferHandle, ErrorCode, Operand, Shape } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { cpu } from '../src/index.ts'
import { Memory } from '../src/memory.ts'

function codeOf(action: () => unknown): ErrorCode | undefined {
  try {
    action()
  } catch (error) {
    return (['E_VALUE', 'E_DISPOSED', 'E_BACKEND_DISPOSED', 'E_OUT_OF_MEMORY'] as const).find((code) =>
      hasCode(error, code),
    )
  }
  return undefined
}

const whole = (buffer: BufferHandle, byteLength: number) => ({ buffer, byteOffset: 0, byteLength })

describe('buffers', () => {
  test('write copies, at any offset and from any view; read copies as of its call', async () => {
    const backend = await cpu()
    const buffer = backend.allocate(12, 'transient')
    const source = new Float32Array([0, 1, 2, 3])
    backend.write(buffer, source.subarray(1))
    source.fill(9)
    backend.write(buffer, new Int16Array([7]), 8)
    const early = backend.read([whole(buffer, 8), { buffer, byteOffset: 8, byteLength: 2 }])
    backend.write(buffer, new Float32Array(3))
    backend.release(buffer)
    const [floats, shorts] = await early
    expect([...new Float32Array(floats!.buffer)]).toEqual([1, 2])
    expect(new Int16Array(shorts!.buffer)[0]).toBe(7)
  })

  test('liveBuffers and liveBytes are exact for both roles and for empty buffers', async () => {
    const backend = await cpu()
    const buffers = [
      backend.allocate(0, 'transient'),
      backend.allocate(4, 'parameter'),
      backend.allocate(100, 'transient'),
    ]
    expect(backend.stats()).toMatchObject({ liveBuffers: 3, liveBytes: 104 })
    expect(backend.stats().reservedBytes).toBeGreaterThanOrEqual(104)
    expect(backend.readSync!(whole(buffers[0]!, 0)).byteLength).toBe(0)
    for (const buffer of buffers) backend.release(buffer)
    expect(backend.stats()).toMatchObject({ liveBuffers: 0, liveBytes: 0 })
  })

  test('released handles and those of another backend are refused', async () => {
    const [backend, other] = [await cpu(), await cpu()]
    const released = backend.allocate(8, 'transient')
    backend.release(released)
    for (const buffer of [released, other.allocate(8, 'transient')]) {
      const operand: Operand = { buffer, byteOffset: 0, shape: [2], dtype: 'float32' }
      expect(codeOf(() => backend.release(buffer))).toBe('E_DISPOSED')
      expect(codeOf(() => backend.write(buffer, new Float32Array(2)))).toBe('E_DISPOSED')
      expect(codeOf(() => backend.readSync!(whole(buffer, 8)))).toBe('E_DISPOSED')
      const fill = { op: 'fill', inputs: [], outputs: [operand], attributes: { value: 1 } } as const
      expect(codeOf(() => backend.run(fill))).toBe('E_DISPOSED')
      await expect(backend.read([whole(buffer, 8)])).rejects.toMatchObject({ code: 'E_DISPOSED' })
    }
  })

  test('ranges outside a buffer are refused, though its block may be larger', async () => {
    const backend = await cpu()
    const buffer = backend.allocate(12, 'transient')
    expect(codeOf(() => backend.write(buffer, new Float32Array(4)))).toBe('E_VALUE')
    expect(codeOf(() => backend.write(buffer, new Float32Array(1), 12))).toBe('E_VALUE')
    expect(codeOf(() => backend.readSync!({ buffer, byteOffset: 8, byteLength: 8 }))).toBe('E_VALUE')
    expect(codeOf(() => backend.allocate(-1, 'transient'))).toBe('E_VALUE')
    await expect(cpu({ poolBytes: -1 })).rejects.toMatchObject({ code: 'E_VALUE' })
  })

  test('too much memory is an error that says how much was asked and lives', async () => {
    const backend = await cpu()
    backend.allocate(100, 'transient')
    for (const bytes of [2 ** 50, backend.info.limits.maxBufferBytes + 4]) {
      expect(codeOf(() => backend.allocate(bytes, 'parameter'))).toBe('E_OUT_OF_MEMORY')
      expect(() => backend.allocate(bytes, 'transient')).toThrow(
        `${bytes} bytes asked with 100 bytes live in 1 buffers`,
      )
    }
    expect(backend.stats().liveBuffers).toBe(1)
  })
})

describe('pool', () => {
  test('a steady loop takes nothing new from the system, whatever the order of its releases', () => {
    const memory = new Memory()
    const step = (turn: number): void => {
      const sizes = [4, 1000, 1000, 70_000, 512, 0]
      const handles = sizes.map((size) => memory.allocate(size + ((turn * 4) % 60), 'transient'))
      for (const handle of turn % 2 ? handles : handles.toReversed()) memory.release(handle)
    }
    for (let turn = 0; turn < 30; turn++) step(turn)
    const { blocksTaken, reservedBytes } = memory
    for (let turn = 0; turn < 300; turn++) step(turn)
    expect(memory.blocksTaken).toBe(blocksTaken)
    expect(memory.reservedBytes).toBe(reservedBytes)
  })

  test('at most a quarter of a large block is slack', () => {
    for (let bytes = 1000; bytes < 1e7; bytes = Math.ceil(bytes * 1.37)) {
      const memory = new Memory()
      memory.allocate(bytes, 'transient')
      expect(memory.reservedBytes).toBeGreaterThanOrEqual(bytes)
      expect(memory.reservedBytes).toBeLessThan(bytes * 1.25 + 8)
    }
  })

  test('is bounded: sizes no longer used give way', () => {
    const memory = new Memory(1_000_000)
    for (let i = 0; i < 200; i++) memory.release(memory.allocate(10_000 + i * 1000, 'transient'))
    expect(memory.reservedBytes).toBeLessThanOrEqual(1_000_000)
    const { blocksTaken } = memory
    memory.release(memory.allocate(209_000, 'transient'))
    expect(memory.blocksTaken).toBe(blocksTaken)
  })

  test('parameters are exact and given back at once', () => {
    const memory = new Memory()
    const handle = memory.allocate(1_000_008, 'parameter')
    expect(memory.reservedBytes).toBe(1_000_008)
    memory.release(handle)
    expect(memory.reservedBytes).toBe(0)
  })
})

/** A small training step of an LSTM, with its memory. */
function trainingStep(backend: Backend, B: number, T: number): void {
  const [I, H] = [5, 6]
  const made: BufferHandle[] = []
  const place = (shape: Shape): Operand => {
    const byteLength = shape.reduce((product, length) => product * length, 4)
    const buffer = backend.allocate(byteLength, 'transient')
    backend.write(buffer, new Float32Array(byteLength / 4).fill(0.1))
    made.push(buffer)
    return { buffer, byteOffset: 0, shape, dtype: 'float32' }
  }
  const plain = { transposeA: false, transposeB: false, accumulate: false }
  const [x, kernel, recurrent, projected] = [
    place([B * T, I]),
    place([I, 4 * H]),
    place([H, 4 * H]),
    place([B, T, 4 * H]),
  ]
  const flat = { ...projected, shape: [B * T, 4 * H] }
  backend.run({ op: 'matmul', inputs: [x, kernel, null], outputs: [flat], attributes: plain })
  const [sequence, hidden, cell, reserve] = [place([B, T, H]), place([B, H]), place([B, H]), place([B, T, 5 * H])]
  const attributes = { cell: 'lstm', reverse: false, timeMajor: false } as const
  const inputs = [projected, recurrent, null, null, null, null, null] as const
  backend.run({ op: 'recurrentForward', inputs, outputs: [sequence, hidden, cell, reserve], attributes })
  const gradients = place([B, T, 4 * H])
  backend.run({
    op: 'recurrentBackward',
    inputs: [null, hidden, null, sequence, reserve, recurrent, null, null, null, null],
    outputs: [gradients, null, null, null],
    attributes,
  })
  const gradKernel = place([I, 4 * H])
  const tall = { ...gradients, shape: [B * T, 4 * H] }
  backend.run({
    op: 'matmul',
    inputs: [x, tall, null],
    outputs: [gradKernel],
    attributes: { ...plain, transposeA: true },
  })
  for (const buffer of made) backend.release(buffer)
}

describe('backend', () => {
  test('a steady training loop reserves nothing new and leaves nothing behind', async () => {
    const backend = await cpu()
    for (let i = 0; i < 3; i++) for (const T of [4, 7, 9]) trainingStep(backend, 3, T)
    const { reservedBytes } = backend.stats()
    for (let i = 0; i < 30; i++) for (const T of [9, 4, 7]) trainingStep(backend, 3, T)
    expect(backend.stats()).toMatchObject({ liveBuffers: 0, liveBytes: 0, reservedBytes })
  })

  test('stats count runs and dispatches by op, and are a snapshot', async () => {
    const backend = await cpu()
    const before = backend.stats()
    trainingStep(backend, 2, 3)
    expect(before.runs).toEqual({})
    const expected = { matmul: 2, recurrentForward: 1, recurrentBackward: 1 }
    expect(backend.stats().runs).toEqual(expected)
    expect(backend.stats().dispatches).toEqual(expected)
  })

  test('info is for people, and every fused op is supported', async () => {
    const { info, name, supports } = await cpu()
    expect(name).toBe('cpu')
    expect(info.device).toMatch(/^JavaScript/)
    expect(info).toMatchObject({ threads: 1, software: false })
    expect(
      supports({ op: 'sumOfSquares', inputs: [], outputs: [{ shape: [], dtype: 'float32' }], attributes: {} }),
    ).toBe(true)
  })

  test('an op it does not know is named', async () => {
    const backend = await cpu()
    const call = { op: 'conjure', inputs: [], outputs: [], attributes: {} } as unknown as Parameters<Backend['run']>[0]
    expect(() => backend.run(call)).toThrow('conjure: no such op')
  })

  test('after dispose every call is refused, with the reason', async () => {
    const backend = await cpu()
    const buffer = backend.allocate(8, 'transient')
    await backend.dispose()
    const calls: (() => unknown)[] = [
      () => backend.allocate(8, 'transient'),
      () => backend.release(buffer),
      () => backend.write(buffer, new Float32Array(2)),
      () =>
        backend.run({
          op: 'concat',
          inputs: [],
          outputs: [{ buffer, byteOffset: 0, shape: [0], dtype: 'float32' }],
          attributes: { axis: 0 },
        }),
      () => backend.readSync!(whole(buffer, 8)),
      () => backend.stats(),
    ]
    for (const call of calls) expect(codeOf(call)).toBe('E_BACKEND_DISPOSED')
    for (const call of [() => backend.read([]), () => backend.sync(), () => backend.dispose()]) {
      await expect(call()).rejects.toMatchObject({ code: 'E_BACKEND_DISPOSED' })
    }
  })
})
