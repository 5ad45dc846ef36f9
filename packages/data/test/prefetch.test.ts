/** Prefetching: the source's order, a bounded lead, errors at their place, a clean stop. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefetch, textDataset } from '../src/index.ts'
import type { Batch, BatchSource } from '../src/index.ts'
import { failure } from './failure.ts'

type Numbered = BatchSource<number, number>

const batch = (number: number): Batch<number, number> => ({ inputs: number, targets: number, size: 1 })
const macrotask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** A source that notes which batches were made and whether it was closed. */
function watched(
  count: number,
  { async = false, failAt = -1 } = {},
): { source: Numbered; made: number[]; closed: () => number } {
  const made: number[] = []
  let closings = 0
  const make = (number: number): Batch<number, number> => {
    if (number === failAt) throw new Error(`batch ${number} is broken`)
    made.push(number)
    return batch(number)
  }
  function* now(start: number): Generator<Batch<number, number>> {
    try {
      for (let i = start; i < count; i++) yield make(i)
    } finally {
      closings += 1
    }
  }
  async function* later(start: number): AsyncGenerator<Batch<number, number>> {
    try {
      for (let i = start; i < count; i++) {
        await macrotask()
        yield make(i)
      }
    } finally {
      closings += 1
    }
  }
  const source: Numbered = {
    batchCount: count,
    sampleCount: count,
    batches: (_, start = 0) => (async ? later(start) : now(start)),
  }
  return { source, made, closed: () => closings }
}

describe.each([{ async: false }, { async: true }])('prefetch of a source with async: $async', ({ async }) => {
  it('gives the batches of the source in their order, from any start', async () => {
    const { source, closed } = watched(7, { async })
    for (const start of [0, 3, 7]) {
      const seen: number[] = []
      for await (const { inputs } of prefetch(source, 3).batches(0, start)) seen.push(inputs)
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6].slice(start))
    }
    expect(closed()).toBe(3)
  })

  it('makes batches ahead while the consumer is busy, and never more than the depth', async () => {
    const { source, made } = watched(10, { async })
    const iterator = prefetch(source, 2).batches(0)[Symbol.asyncIterator]()
    await iterator.next()
    for (let i = 0; i < 20; i++) await macrotask()
    expect(made).toEqual([0, 1, 2])
    await iterator.next()
    for (let i = 0; i < 20; i++) await macrotask()
    expect(made).toEqual([0, 1, 2, 3])
    await iterator.return?.()
  })

  it('hands on an error after the batches before it, then ends', async () => {
    const { source, closed } = watched(5, { async, failAt: 2 })
    const iterator = prefetch(source, 4).batches(0)[Symbol.asyncIterator]()
    expect((await iterator.next()).value?.inputs).toBe(0)
    for (let i = 0; i < 5; i++) await macrotask()
    expect((await iterator.next()).value?.inputs).toBe(1)
    await expect(iterator.next()).rejects.toThrow('batch 2 is broken')
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(closed()).toBe(1)
  })

  it('stops and closes the source when the consumer breaks out of the loop', async () => {
    const { source, made, closed } = watched(100, { async })
    for await (const { inputs } of prefetch(source, 2).batches(0)) if (inputs === 3) break
    expect(closed()).toBe(1)
    const soFar = made.length
    expect(soFar).toBeLessThanOrEqual(6)
    for (let i = 0; i < 5; i++) await macrotask()
    expect(made.length).toBe(soFar)
  })

  it('answers calls of next that do not wait for one another in order', async () => {
    const { source } = watched(3, { async })
    const iterator = prefetch(source, 1).batches(0)[Symbol.asyncIterator]()
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
    expect(results.map(({ value }) => value?.inputs)).toEqual([0, 1, 2, undefined])
    expect(results.at(-1)?.done).toBe(true)
  })

  it('ends a waiting call when it is stopped, and stays ended', async () => {
    const { source } = watched(3, { async })
    const iterator = prefetch(source, 1).batches(0)[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    await waiting
    expect((await iterator.next()).done).toBe(true)
    expect((await iterator.return?.())?.done).toBe(true)
  })
})

describe('prefetch', () => {
  it('gives what the source gives, for any data set, depth and pace of the consumer', async () => {
    const pace = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        pace,
        async (count, depth, pauses) => {
          const ids = Array.from({ length: count }, (_, i) => [i + 1])
          const set = textDataset({ ids, labels: ids.map(() => 0), batchSize: 3, seed: count })
          const seen: unknown[] = []
          for await (const next of prefetch(set, depth).batches(2)) {
            if (pauses[seen.length % pauses.length] === true) await macrotask()
            seen.push(next)
          }
          expect(seen).toEqual([...set.batches(2)])
        },
      ),
      { numRuns: 30 },
    )
  })

  it('makes nothing before it is asked', async () => {
    const { source, made } = watched(3)
    prefetch(source).batches(0)
    await macrotask()
    expect(made).toEqual([])
  })

  it('lets timers run while it fills up', async () => {
    const { source, made } = watched(50)
    const iterator = prefetch(source, 50).batches(0)[Symbol.asyncIterator]()
    await iterator.next()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(made.length).toBeLessThan(10)
    await iterator.return?.()
  })

  it('refuses a depth of 0 and a position that is not there', () => {
    const { source } = watched(3)
    expect(failure(() => prefetch(source, 0)).message).toBe('depth is 0, expected a whole number of at least 1')
    expect(failure(() => prefetch(source).batches(0, 4)).code).toBe('E_ARGUMENT')
  })
})
