/** What timings rest on: batches of short runs, and a probe that computes what it says. */

import { describe, expect, test } from 'vitest'
import { timeRuns } from '../src/process/time-runs.ts'
import { ACCUMULATORS, probeModule, READ_BYTES } from '../src/subjects/probe/module.ts'

describe('timing', () => {
  const busy = (ms: number): void => {
    const end = performance.now() + ms
    while (performance.now() < end);
  }

  test('runs of microseconds are timed in batches, each giving the mean of its runs', async () => {
    let runs = 0
    const runner = { run: () => void (runs++, busy(0.01)) }
    const times = await timeRuns(runner, { minimumMs: 10, minimumRuns: 3, maximumMs: 1000 })
    expect(times.length).toBeGreaterThanOrEqual(3)
    expect(runs).toBeGreaterThan(20 * times.length)
    for (const time of times) expect(time).toBeGreaterThanOrEqual(0.01)
    expect(Math.min(...times)).toBeLessThan(1)
  })

  test('runs that can be queued are, many for each wait', async () => {
    const batches: number[] = []
    const repeat = async (times: number): Promise<void> => {
      batches.push(times)
      busy(0.1 * times)
    }
    const times = await timeRuns({ run: () => repeat(1), repeat }, { minimumMs: 100, minimumRuns: 2, maximumMs: 1000 })
    expect(batches.at(-1)).toBeGreaterThanOrEqual(10)
    expect(batches.slice(-times.length).every((count) => count === batches.at(-1))).toBe(true)
    for (const time of times) expect(time).toBeGreaterThanOrEqual(0.1)
    expect(Math.min(...times)).toBeLessThan(1)
  })

  test('longer runs are timed one by one: often enough, long enough, and not too long', async () => {
    let runs = 0
    const runner = { run: async () => void (runs++, busy(5)) }
    expect(await timeRuns(runner, { minimumMs: 0, minimumRuns: 3, maximumMs: 1e9 })).toHaveLength(3)
    const times = await timeRuns(runner, { minimumMs: 12, minimumRuns: 1, maximumMs: 1e9 })
    const total = (some: readonly number[]): number => some.reduce((sum, time) => sum + time, 0)
    expect(total(times)).toBeGreaterThanOrEqual(12)
    expect(total(times.slice(0, -1))).toBeLessThan(12)
    expect(await timeRuns(runner, { minimumMs: 1e9, minimumRuns: 1e9, maximumMs: 0 })).toHaveLength(1)
    expect(runs).toBe(3 + times.length + 1)
  })
})

describe.each([
  ['fused', true],
  ['a multiplication and an addition', false],
])('the probe, %s', (_, fused) => {
  const bytes = probeModule(fused, 2 * READ_BYTES + 64)
  const load = async (): Promise<{
    call(name: string, turns: number, address: number): void
    values: Float32Array
  }> => {
    const { instance } = await WebAssembly.instantiate(bytes)
    const { memory, ...functions } = instance.exports as { memory: WebAssembly.Memory } & Record<string, Function>
    return { call: (name, ...args) => void functions[name]?.(...args), values: new Float32Array(memory.buffer) }
  }
  const RESULT = 8

  test('multiplies and adds as often as it is told', async () => {
    const { call, values } = await load()
    values.fill(0.5, 0, 4)
    values.fill(1, 4, 8)
    call('multiplyAdd', 3, 0)
    // 0 → 1 → 1.5 → 1.75 in every sum.
    expect(Array.from(values.subarray(RESULT, RESULT + 4))).toEqual(
      Array.from({ length: 4 }, () => 1.75 * ACCUMULATORS),
    )
  })

  test('reads every byte once', async () => {
    const { call, values } = await load()
    for (let i = 0; i < READ_BYTES / 2; i++) values[16 + i] = i
    call('read', 2, 64)
    const total = values.subarray(RESULT, RESULT + 4).reduce((sum, value) => sum + value, 0)
    const count = READ_BYTES / 2
    expect(total).toBe((count * (count - 1)) / 2)
  })
})
