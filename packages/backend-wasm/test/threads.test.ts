// What threads must not do: hang, leak, or give other results the second time.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hasCode } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { CONTROL_WORDS } from '../src/threads/control.ts'
import type { Command } from '../src/threads/control.ts'
import { Crew } from '../src/threads/crew.ts'
import { evaluate, floats, randoms } from './kit.ts'
import type { Call } from './kit.ts'

/** A module with the commands `loop`, which never returns, and `trap`, which throws; its memory is imported, and shared. */
const FAULTY = new Uint8Array(
  [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    [1, 7, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0],
    [2, 18, 1, 3, ...Buffer.from('env'), 6, ...Buffer.from('memory'), 2, 3, 16, 0x80, 0x80, 4],
    [3, 3, 2, 0, 0],
    [7, 15, 2, 4, ...Buffer.from('loop'), 0, 0, 4, ...Buffer.from('trap'), 0, 1],
    [10, 13, 2, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b, 3, 0, 0, 0x0b],
  ].flat(),
)

/** A crew of one worker with a faulty module; the main thread's part takes so long that the worker gets the other one. */
async function faultyCrew(commands: readonly string[], patience?: number): Promise<Crew> {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true })
  const control = new Int32Array(memory.buffer, 0, CONTROL_WORDS)
  const idle = new Int32Array(new SharedArrayBuffer(4))
  const slow: Command = () => void Atomics.wait(idle, 0, 0, 300)
  const start = { module: await WebAssembly.compile(FAULTY), memory, control: 0, commands }
  return Crew.start(
    1,
    control,
    commands.map(() => slow),
    start,
    patience,
  )
}

const still = { sum: () => 0 }

function lost(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (!hasCode(error, 'E_BACKEND_LOST')) throw error
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('threads', () => {
  test('info says how many compute', async () => {
    const backend = await wasm({ threads: 3 })
    expect(backend.info.threads).toBe(3)
    await backend.dispose()
    await expect(wasm({ threads: 0 })).rejects.toMatchObject({ code: 'E_VALUE' })
    await expect(wasm({ threads: 1000 })).rejects.toMatchObject({ code: 'E_VALUE' })
  })

  test('the same number of threads gives the same bits, whoever does which part', async () => {
    const call: Call = {
      op: 'recurrentForward',
      inputs: [
        floats([9, 7, 96], randoms(1, 9 * 7 * 96)),
        floats([24, 96], randoms(2, 24 * 96)),
        null,
        null,
        null,
        null,
        null,
      ],
      outputs: [floats([9, 7, 24], []), floats([9, 24], []), floats([9, 24], []), null],
      attributes: { cell: 'lstm', reverse: false, timeMajor: false },
    }
    const backend = await wasm({ threads: 2, grain: 1 })
    const first = evaluate(backend, call)
    for (let i = 0; i < 200; i++) expect(evaluate(backend, call)).toEqual(first)
    await backend.dispose()
  })

  test('work on memory that has grown since the workers started', async () => {
    const backend = await wasm({ threads: 2, grain: 1 })
    const far = backend.allocate(2 ** 30, 'transient')
    const count = 100_003
    const values = randoms(3, count)
    const [squared] = evaluate(backend, {
      op: 'unary',
      inputs: [floats([count], values)],
      outputs: [floats([count], [])],
      attributes: { kind: 'square' },
    })
    expect(squared).toEqual(values.map((x) => x * x))
    backend.release(far)
    await backend.dispose()
  })

  test('workers that sleep wake up for the next op', async () => {
    const backend = await wasm({ threads: 2, grain: 1 })
    const x = floats([1000], randoms(1, 1000))
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const [y] = evaluate(backend, {
        op: 'unary',
        inputs: [x],
        outputs: [floats([1000], [])],
        attributes: { kind: 'negate' },
      })
      expect(y![999]).toBe(-x.values[999]!)
    }
    await backend.dispose()
  })

  test('a worker that throws in the middle of an op is an error, then and ever after', async () => {
    const crew = await faultyCrew(['trap'])
    expect(lost(() => crew.run(0, 0, 2, 'matmul', still))).toContain('matmul: a worker thread has failed')
    expect(lost(() => crew.run(0, 0, 2, 'unary', still))).toContain('dispose of this backend')
    await crew.end()
  })

  test('a worker that never comes back is an error, not a hang', async () => {
    const crew = await faultyCrew(['loop'], 300)
    expect(lost(() => crew.run(0, 0, 2, 'matmul', still))).toContain('no progress for 0.3 s')
    await crew.end()
  })

  test('a worker that works on is waited for', async () => {
    const crew = await faultyCrew(['loop'], 300)
    let looks = 0
    const moving = { sum: () => Math.min(20, ++looks) }
    const start = performance.now()
    lost(() => crew.run(0, 0, 2, 'matmul', moving))
    // Twenty looks 50 ms apart, and the patience after the last that showed progress.
    expect(performance.now() - start).toBeGreaterThan(1000)
    await crew.end()
  })

  test('a worker that can not start is an error that says why', async () => {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true })
    const control = new Int32Array(memory.buffer, 0, CONTROL_WORDS)
    const module = await WebAssembly.compile(FAULTY)
    // A memory that is not shared doesn't fit the module's import.
    const start = { module, memory: new WebAssembly.Memory({ initial: 1 }), control: 0, commands: [] }
    const failure = Crew.start(1, control, [], { ...start, memory: { buffer: memory.buffer } as WebAssembly.Memory })
    await expect(failure).rejects.toMatchObject({ code: 'E_BACKEND_LOST' })
    await expect(failure).rejects.toThrow(/could not start \(.*memory.*\); see that worker\.js/)
  })

  test('a program ends although it has not disposed of its backend', () => {
    const script = fileURLToPath(new URL('programs/leaves-threads.ts', import.meta.url))
    const { status, stdout } = spawnSync(process.execPath, ['--conditions=@rnn/source', script], {
      timeout: 20_000,
      encoding: 'utf8',
    })
    expect(stdout).toBe('2 threads\n')
    expect(status).toBe(0)
  })
})
