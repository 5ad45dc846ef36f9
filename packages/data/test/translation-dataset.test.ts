/** Pair batches: what they hold for teacher forcing, how they are cut, and that an epoch can be resumed in its middle. */
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { randomStream, translationDataset } from '../src/index.ts'
import type { BatchSource, HostArray, TranslationBatch, TranslationInputs } from '../src/index.ts'
import { failure } from './failure.ts'

const random = randomStream(3)
const row = (): number[] => Array.from({ length: 1 + random.below(12) }, () => 4 + random.below(50))
const sourceIds = Array.from({ length: 101 }, row)
const targetIds = sourceIds.map(row)
const base = { sourceIds, targetIds, startId: 2, endId: 3 }

/** Row `i` of a `[batch, time]` array. */
const rowOf = ({ data, shape }: HostArray<Int32Array>, i: number): number[] => [
  ...data.subarray(i * shape[1]!, (i + 1) * shape[1]!),
]
const padded = (ids: readonly number[], time: number, padding: number): number[] =>
  Array.from({ length: time }, (_, t) => ids[t] ?? padding)

/** Checks a batch against the pairs that it was made of. */
function checkBatch({ inputs, targets, size, rows, ...counts }: TranslationBatch, paddingId = 0): void {
  const { source, sourceLengths, target, targetLengths } = inputs
  const [, sourceTime] = source.shape as [number, number]
  const [, targetTime] = target.shape as [number, number]
  expect([source.shape[0], target.shape[0], rows.length]).toEqual([size, size, size])
  expect(targets.shape).toEqual(target.shape)
  for (const [i, pair] of rows.entries()) {
    expect(rowOf(source, i)).toEqual(padded(sourceIds[pair]!, sourceTime, paddingId))
    expect(rowOf(target, i)).toEqual(padded([2, ...targetIds[pair]!], targetTime, paddingId))
    expect(rowOf(targets, i)).toEqual(padded([...targetIds[pair]!, 3], targetTime, -1))
    expect(sourceLengths.data[i]).toBe(sourceIds[pair]!.length)
    expect(targetLengths.data[i]).toBe(targetIds[pair]!.length + 1)
  }
  expect(counts.sourceTokens).toBe(sourceLengths.data.reduce((a, b) => a + b, 0))
  expect(counts.targetTokens).toBe(targetLengths.data.reduce((a, b) => a + b, 0))
  expect('lengths' in counts).toBe(false)
}

describe('translationDataset', () => {
  it('gives source ids, start and target ids, target ids and end, −1 past the end', () => {
    const set = translationDataset({ ...base, batchSize: 8, paddingId: 1 })
    expectTypeOf(set).toExtend<BatchSource<TranslationInputs, HostArray<Int32Array>>>()
    const batches = [...set.batches(0)]
    for (const batch of batches) checkBatch(batch, 1)
    expect(batches.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual(sourceIds.map((_, i) => i))
    expect(set).toMatchObject({ batchCount: 13, sampleCount: 101, skipped: { empty: 0, tooLong: 0 } })
    expect(batches.reduce((total, { sourceTokens }) => total + sourceTokens, 0)).toBe(set.sourceTokens)
    expect(batches.reduce((total, { targetTokens }) => total + targetTokens, 0)).toBe(set.targetTokens)
  })

  it('encodes pairs of texts by two codecs', () => {
    const codec = (offset: number, paddingId: number) => ({
      encode: (text: string) => Int32Array.from(text, (letter) => letter.charCodeAt(0) - 97 + offset),
      paddingId,
      startId: 1,
      endId: 2,
    })
    const pairs = [
      { source: 'ab', target: 'c', line: 1 },
      { source: 'c', target: 'ab', line: 2 },
    ]
    const set = translationDataset({
      pairs,
      sourceCodec: codec(10, 9),
      targetCodec: codec(20, 8),
      shuffle: false,
      bucketing: false,
    })
    const [batch] = set.batches(0)
    expect([...batch!.inputs.source.data]).toEqual([10, 11, 12, 9])
    expect([...batch!.inputs.target.data]).toEqual([1, 22, 8, 1, 20, 21])
    expect([...batch!.targets.data]).toEqual([22, 2, -1, 20, 21, 2])
  })

  it('leaves out and counts pairs of no ids and of too many', () => {
    const set = translationDataset({
      sourceIds: [[4], [], [4, 5, 6], [4], [7, 8], []],
      targetIds: [[5], [5], [5], [5, 6, 7], [5], []],
      startId: 2,
      endId: 3,
      maxLength: 2,
      shuffle: false,
    })
    expect(set.skipped).toEqual({ empty: 2, tooLong: 2 })
    expect(set.sampleCount).toBe(2)
    expect([...set.batches(0)].flatMap(({ rows }) => [...rows])).toEqual([0, 4])
  })

  it('resumes in the middle of an epoch with the batches that would have come, with any options', () => {
    const options = fc.record({
      batchSize: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
      tokensPerBatch: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
      multipleOf: fc.integer({ min: 1, max: 4 }),
      shuffle: fc.boolean(),
      bucketing: fc.boolean(),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(options, fc.nat(3), fc.nat(130), ({ batchSize, tokensPerBatch, ...chosen }, epoch, start) => {
        fc.pre(tokensPerBatch === undefined || !chosen.shuffle || chosen.bucketing)
        const set = translationDataset({
          ...base,
          ...chosen,
          ...(batchSize !== undefined && { batchSize }),
          ...(tokensPerBatch !== undefined && { tokensPerBatch }),
        })
        const all = [...set.batches(epoch)]
        expect(all.length).toBe(set.batchCount)
        expect(all.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual(sourceIds.map((_, i) => i))
        for (const { size, inputs } of all) {
          expect(size).toBeLessThanOrEqual(batchSize ?? (tokensPerBatch === undefined ? 32 : Infinity))
          const times = [inputs.source.shape[1]!, inputs.target.shape[1]!]
          const time = Math.max(...times)
          expect(times.map((each) => each % chosen.multipleOf)).toEqual([0, 0])
          expect(size === 1 || size * time <= (tokensPerBatch ?? Infinity)).toBe(true)
        }
        fc.pre(start <= set.batchCount)
        expect([...set.batches(epoch, start)]).toEqual(all.slice(start))
      }),
      { numRuns: 60 },
    )
  })

  it('has for each seed and epoch an order of its own, always the same', () => {
    for (const limit of [{ batchSize: 8 }, { tokensPerBatch: 100 }]) {
      const order = (seed: number, epoch: number): number[] =>
        [...translationDataset({ ...base, ...limit, seed }).batches(epoch)].flatMap(({ rows }) => [...rows])
      expect(order(1, 0)).toEqual(order(1, 0))
      expect(order(1, 1)).not.toEqual(order(1, 0))
      expect(order(2, 0)).not.toEqual(order(1, 0))
    }
  })

  it('pads little on both sides where there are many pairs', () => {
    const length = (): number => 5 + random.below(20)
    const many = Array.from({ length: 6400 }, () => new Int32Array(length()).fill(4))
    const others = many.map(({ length: like }) => new Int32Array(Math.max(1, like - 3 + random.below(7))).fill(4))
    const share = (options: object): number => {
      const set = translationDataset({ sourceIds: many, targetIds: others, startId: 2, endId: 3, ...options })
      const sizes = [...set.batches(0)].map(({ inputs }) => inputs.source.data.length + inputs.target.data.length)
      return 1 - (set.sourceTokens + set.targetTokens) / sizes.reduce((a, b) => a + b, 0)
    }
    // Lengths 5 … 24 on average 14.5: unsorted batches of 64 are nearly all 24 (and 27 + 1) long.
    expect(share({ batchSize: 64, bucketing: false })).toBeGreaterThan(0.35)
    expect(share({ batchSize: 64 })).toBeLessThan(0.05)
    expect(share({ tokensPerBatch: 1024 })).toBeLessThan(0.05)
  })

  it('leaves out the last, smaller batch with dropLast', () => {
    const set = translationDataset({ ...base, batchSize: 10, dropLast: true })
    expect(set).toMatchObject({ batchCount: 10, sampleCount: 100 })
    expect([...set.batches(0)].map(({ size }) => size)).toEqual(Array.from({ length: 10 }, () => 10))
  })

  it.each([
    [{ targetIds: [[4]] }, 'E_SHAPE'],
    [{ sourceIds: [[-1]], targetIds: [[4]] }, 'E_ID'],
    [{ sourceIds: [[4]], targetIds: [[4.5]] }, 'E_ID'],
    [{ sourceIds: [[]], targetIds: [[4]] }, 'E_ARGUMENT'],
    [{ sourceIds: [], targetIds: [] }, 'E_ARGUMENT'],
    [{ startId: -1 }, 'E_ARGUMENT'],
    [{ endId: 0.5 }, 'E_ARGUMENT'],
    [{ batchSize: 0 }, 'E_ARGUMENT'],
    [{ tokensPerBatch: 0 }, 'E_ARGUMENT'],
    [{ tokensPerBatch: 10, batchSize: 0 }, 'E_ARGUMENT'],
    [{ tokensPerBatch: 10, dropLast: true }, 'E_ARGUMENT'],
    [{ tokensPerBatch: 10, bucketing: false }, 'E_ARGUMENT'],
    [{ maxLength: 0 }, 'E_ARGUMENT'],
    [{ seed: 0.5 }, 'E_ARGUMENT'],
  ])('refuses %j with %s', (options, code) => {
    expect(failure(() => translationDataset({ ...base, ...options })).code).toBe(code)
  })
})
