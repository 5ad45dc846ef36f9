/** Character streams: what is held out, and batches that go on where the last one stopped. */
import { describe, expect, it } from 'vitest'
import { characterStream, streamDataset } from '../src/index.ts'
import { failure } from './failure.ts'

describe('characterStream', () => {
  it('holds out the tail, whose characters do not count for the vocabulary', () => {
    const text = `${'to be or not '.repeat(7)}ZZZZZZZZZ`
    const { vocabulary, train, heldOut } = characterStream(text)
    expect([train.length, heldOut.length]).toEqual([90, 10])
    expect(vocabulary.has('Z')).toBe(false)
    expect([...heldOut.subarray(1)]).toEqual(Array(9).fill(vocabulary.unknownId))
    expect(vocabulary.decode(train).join('')).toBe(text.slice(0, 90))
  })

  it('counts graphemes, not code units', () => {
    const { train } = characterStream('é👍🏽é👍🏽', { heldOut: 0 })
    expect(train).toHaveLength(4)
  })

  it('says that a text is too short, or the share none', () => {
    expect(failure(() => characterStream('ab')).code).toBe('E_SPLIT')
    expect(failure(() => characterStream('abcdefgh', { heldOut: 1 })).code).toBe('E_ARGUMENT')
  })
})

describe('streamDataset', () => {
  const ids = Int32Array.from({ length: 100 }, (_, i) => i)

  it('reads each row on from batch to batch, targets one ahead, and loses only what makes no column', () => {
    const set = streamDataset({ ids, batchSize: 3, steps: 10 })
    const batches = [...set.batches(0)]
    expect(batches.map(({ inputs }) => inputs.shape)).toEqual([
      [3, 10],
      [3, 10],
      [3, 10],
      [3, 3],
    ])
    expect([set.batchCount, set.sampleCount]).toEqual([4, 12])
    for (const row of [0, 1, 2]) {
      const read = batches.flatMap(({ inputs: { data, shape } }) => [
        ...data.subarray(row * shape[1]!, (row + 1) * shape[1]!),
      ])
      expect(read).toEqual(Array.from({ length: 33 }, (_, i) => row * 33 + i))
    }
    for (const { inputs, targets } of batches) expect([...targets.data]).toEqual([...inputs.data].map((id) => id + 1))
  })

  it('gives every epoch alike, and the rest of one', () => {
    const set = streamDataset({ ids, batchSize: 4, steps: 7 })
    expect([...set.batches(3)]).toEqual([...set.batches(0)])
    expect([...set.batches(0, 2)]).toEqual([...set.batches(0)].slice(2))
    expect([...set.batches(0, set.batchCount)]).toEqual([])
    expect(failure(() => set.batches(0, set.batchCount + 1)).code).toBe('E_ARGUMENT')
  })

  it('says that a stream is too short', () => {
    expect(failure(() => streamDataset({ ids: ids.subarray(0, 4), batchSize: 4, steps: 1 })).code).toBe('E_ARGUMENT')
    expect(streamDataset({ ids: ids.subarray(0, 5), batchSize: 4, steps: 9 }).batchCount).toBe(1)
  })
})
