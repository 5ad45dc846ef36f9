/** Bucketing by length: a permutation, reproducible, with little padding and still random. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketByLength, randomStream } from '../src/index.ts'
import { failure } from './failure.ts'

const random = randomStream(1)
const lengths = Array.from({ length: 1000 }, () => 1 + random.below(40))
const sorted = (batches: readonly Int32Array[]): number[] =>
  batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)
const padding = (batches: readonly Int32Array[]): number =>
  batches.reduce((sum, batch) => {
    const longest = Math.max(...Array.from(batch, (row) => lengths[row]!))
    return sum + Array.from(batch, (row) => longest - lengths[row]!).reduce((a, b) => a + b, 0)
  }, 0)

/** The rows that no batch of an epoch holds, with dropLast. */
const dropped = (epoch: number): number[] => {
  const kept = new Set(sorted(bucketByLength(lengths, { batchSize: 64, dropLast: true, epoch })))
  expect(kept.size).toBe(1000 - (1000 % 64))
  return lengths.map((_, i) => i).filter((i) => !kept.has(i))
}

describe('bucketByLength', () => {
  it('has each row in exactly one batch, for any lengths and options', () => {
    const anyLengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 })
    const size = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(
        anyLengths,
        size,
        size,
        fc.boolean(),
        fc.nat(),
        fc.nat(5),
        (list, batchSize, pool, shuffle, seed, epoch) => {
          const batches = bucketByLength(list, { batchSize, pool, shuffle, seed, epoch })
          expect(sorted(batches)).toEqual(list.map((_, i) => i))
          expect(batches.length).toBe(Math.ceil(list.length / batchSize))
          expect(batches.filter((batch) => batch.length !== batchSize).length).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('leaves out a random remainder, and only that, with dropLast', () => {
    expect(dropped(0)).not.toEqual(dropped(1))
    const mean = dropped(0).reduce((sum, i) => sum + lengths[i]!, 0) / (1000 % 64)
    // 40 lengths, uniform over 1 … 40: mean 20.5, standard error 11.5 / √40 = 1.8; five of those.
    expect(Math.abs(mean - 20.5)).toBeLessThan(9.1)
  })

  it('gives the same batches for the same seed and epoch, others for others', () => {
    const options = { batchSize: 32, seed: 5, epoch: 2 }
    expect(bucketByLength(lengths, options)).toEqual(bucketByLength(lengths, options))
    expect(bucketByLength(lengths, options)).not.toEqual(bucketByLength(lengths, { ...options, epoch: 3 }))
    expect(bucketByLength(lengths, options)).not.toEqual(bucketByLength(lengths, { ...options, seed: 6 }))
  })

  it('pads a tenth of what random batches pad', () => {
    const bucketed = padding(bucketByLength(lengths, { batchSize: 32 }))
    const unsorted = padding(bucketByLength(lengths, { batchSize: 32, pool: 1 }))
    expect(bucketed).toBeLessThan(unsorted / 10)
  })

  it('does not run from short to long when it shuffles', () => {
    const firsts = bucketByLength(lengths, { batchSize: 32 }).map((batch) => lengths[batch[0]!]!)
    expect(firsts).not.toEqual(firsts.toSorted((a, b) => a - b))
  })

  it('sorts by length, ties in the order of the data, without shuffling', () => {
    expect(bucketByLength([3, 1, 3, 1, 2], { batchSize: 2, shuffle: false }).map((batch) => [...batch])).toEqual([
      [1, 3],
      [4, 0],
      [2],
    ])
  })

  it('makes no batch of no rows', () => {
    expect(bucketByLength([], { batchSize: 4 })).toEqual([])
  })

  it.each([
    { batchSize: 0 },
    { batchSize: 2.5 },
    { batchSize: 2, pool: 0 },
    { batchSize: 2, epoch: -1 },
    { batchSize: 2, seed: 0.1 },
  ])('refuses %j', (options) => {
    expect(failure(() => bucketByLength([1, 2], options)).code).toBe('E_ARGUMENT')
  })
})
