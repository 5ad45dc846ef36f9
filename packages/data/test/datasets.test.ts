/** Data sets: what their batches hold, that orders are reproducible, and that an epoch can be resumed in its middle. */
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { arrayDataset, buildVocabulary, hostArray, labelIndex, mapBatches, textDataset, words } from '../src/index.ts'
import type { BatchSource, HostArray, TextDatasetOptions } from '../src/index.ts'
import { failure } from './failure.ts'

const ids = Array.from({ length: 23 }, (_, i) => Array.from({ length: 1 + (i % 7) }, () => i + 2))
const labels = ids.map((_, i) => i % 3)

const order = (seed: number, epoch: number): number[] =>
  [...textDataset({ ids, labels, batchSize: 4, seed }).batches(epoch)].flatMap(({ rows }) => [...rows])

describe('textDataset', () => {
  it('gives int32 ids, lengths and targets of the same rows, padded to the longest of the batch', () => {
    const set = textDataset({ ids, labels, batchSize: 4, seed: 1 })
    expect(set).toMatchObject({ batchCount: 6, sampleCount: 23 })
    const seen: number[] = []
    for (const { inputs, lengths, targets, size, rows } of set.batches(0)) {
      const [batch, time] = inputs.shape as [number, number]
      expect(batch).toBe(size)
      expect(targets.shape).toEqual([size])
      expect(lengths?.shape).toEqual([size])
      expect(time).toBe(Math.max(...lengths!.data))
      for (const [i, row] of rows.entries()) {
        const length = lengths!.data[i]!
        expect([...inputs.data.subarray(i * time, i * time + length)]).toEqual(ids[row])
        expect(inputs.data.subarray(i * time + length, (i + 1) * time).every((id) => id === 0)).toBe(true)
        expect(targets.data[i]).toBe(labels[row])
        seen.push(row)
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(ids.map((_, i) => i))
  })

  it('has for each seed and epoch an order of its own, always the same', () => {
    expect(order(1, 0)).toEqual(order(1, 0))
    expect(order(1, 1)).not.toEqual(order(1, 0))
    expect(order(2, 0)).not.toEqual(order(1, 0))
  })

  it('resumes in the middle of an epoch with the batches that would have come', () => {
    const options = fc.record({
      batchSize: fc.integer({ min: 1, max: 30 }),
      shuffle: fc.boolean(),
      bucketing: fc.boolean(),
      dropLast: fc.boolean(),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(options, fc.nat(3), fc.nat(30), (chosen, epoch, start) => {
        fc.pre(!chosen.dropLast || chosen.batchSize <= ids.length)
        const set = textDataset({ ids, labels, ...chosen })
        const all = [...set.batches(epoch)]
        expect(all.length).toBe(set.batchCount)
        expect(all.reduce((sum, { size }) => sum + size, 0)).toBe(set.sampleCount)
        fc.pre(start <= set.batchCount)
        expect([...set.batches(epoch, start)]).toEqual(all.slice(start))
      }),
    )
  })

  it('can be iterated over again and again', () => {
    const epoch = textDataset({ ids, labels }).batches(0)
    expect([...epoch]).toEqual([...epoch])
  })

  it('keeps the order of the data without shuffling and bucketing', () => {
    const set = textDataset({ ids, labels, batchSize: 10, shuffle: false, bucketing: false })
    expect([...set.batches(5)].flatMap(({ rows }) => [...rows])).toEqual(ids.map((_, i) => i))
  })

  it('cuts long rows, and buckets by what is left of them', () => {
    const set = textDataset({
      ids: [[1, 2, 3], [4, 5], [6]],
      labels: [0, 0, 0],
      maxLength: 2,
      truncate: 'start',
      shuffle: false,
    })
    const [batch] = set.batches(0)
    expect([...batch!.rows]).toEqual([2, 0, 1])
    expect([...batch!.inputs.data]).toEqual([6, 0, 2, 3, 4, 5])
    expect([...batch!.lengths!.data]).toEqual([1, 2, 2])
  })

  it('gives no lengths where the padding is at the start, since layers would mask the wrong end', () => {
    const [batch] = textDataset({ ids: [[1, 2], [3]], labels: [0, 1], side: 'start', shuffle: false }).batches(0)
    expect([...batch!.inputs.data]).toEqual([0, 3, 1, 2])
    expect(batch).not.toHaveProperty('lengths')
  })

  it('takes texts with tokeniser, vocabulary and label index', () => {
    const texts = ['Good film !', 'Bad .']
    const tokenizer = words()
    const vocabulary = buildVocabulary(texts.map(tokenizer.tokenize))
    const index = labelIndex(['pos', 'neg'])
    const set = textDataset({ texts, tokenizer, vocabulary, labels: ['pos', 'neg'], labelIndex: index, shuffle: false })
    const [batch] = set.batches(0)
    expect(vocabulary.decode(batch!.inputs.data)).toEqual(['bad', '.', '<pad>', 'good', 'film', '!'])
    expect([...batch!.targets.data]).toEqual([0, 1])
  })

  const tokenizer = words()
  const vocabulary = buildVocabulary([['a']])
  const places = { file: 'test.tsv', lines: [2, 3] }
  const wrong: readonly (readonly [string, TextDatasetOptions, string])[] = [
    [
      'an empty row',
      { ids: [[1], []], labels: [0, 1], ...places },
      'test.tsv, line 3: a sequence of no ids; leave it out, or give it an <unk>',
    ],
    [
      'a text of no words',
      { texts: ['a', ' \t'], tokenizer, vocabulary, labels: [0, 1], ...places },
      'test.tsv, line 3: a text of no words: " \\t"; fill it in or remove it',
    ],
    [
      'an unknown label',
      { ids: [[1], [1]], labels: ['x', 'z'], labelIndex: labelIndex(['x', 'y']), ...places },
      'test.tsv, line 3: unknown label "z", known: "x", "y"; correct the label, or train with it',
    ],
    ['other counts of texts and labels', { ids: [[1], [2]], labels: [0] }, '2 texts but 1 labels'],
    [
      'a class that is no whole number',
      { ids: [[1], [2]], labels: [0, 0.5] },
      'row 1: label 0.5 is not a class number',
    ],
    ['a negative class', { ids: [[1]], labels: [-1] }, 'row 0: label -1 is not a class number'],
    ['no samples', { ids: [], labels: [] }, '0 samples make no batch of 32'],
    [
      'fewer samples than a full batch',
      { ids: [[1]], labels: [0], dropLast: true },
      '1 samples make no batch of 32; make batchSize smaller, or leave out dropLast',
    ],
    [
      'an id that is no whole number',
      { ids: [[1], [2, NaN]], labels: [0, 0], ...places },
      'test.tsv, line 3: the id at position 1 is NaN; encode texts with a vocabulary first',
    ],
    [
      'a maximum length of 0',
      { ids: [[1]], labels: [0], maxLength: 0 },
      'maxLength is 0, expected a whole number of at least 1',
    ],
    ['a pool of 0', { ids: [[1]], labels: [0], pool: 0 }, 'pool is 0, expected a whole number of at least 1'],
    ['a seed that is no whole number', { ids: [[1]], labels: [0], seed: 0.5 }, 'seed is 0.5, expected a whole number'],
    [
      'a batch size of 0',
      { ids: [[1]], labels: [0], batchSize: 0 },
      'batchSize is 0, expected a whole number of at least 1',
    ],
  ]
  it.each(wrong)('refuses %s', (_, options, message) => {
    expect(failure(() => textDataset(options)).message).toBe(message)
  })

  it('refuses labels that need an index but have none', () => {
    const options = { ids: [[1]], labels: ['a'] } as unknown as TextDatasetOptions
    expect(failure(() => textDataset(options)).message).toBe(
      'row 0: label "a" is not a class number; give labelIndex as well',
    )
  })

  it.each([
    [-1, 0, 'epoch is -1, expected a whole number of at least 0'],
    [0, 7, 'start is 7, but an epoch has 6 batches; is this position of another data set or batch size?'],
  ])('refuses the position epoch %s, batch %s at once, not in the loop', (epoch, start, message) => {
    const set = textDataset({ ids, labels, batchSize: 4 })
    expect(failure(() => set.batches(epoch, start)).message).toBe(message)
  })
})

describe('arrayDataset', () => {
  const inputs = hostArray(
    Float32Array.from({ length: 10 }, (_, i) => i),
    [5, 2],
  )
  const targets = hostArray(Int32Array.of(0, 1, 2, 3, 4), [5])

  it('keeps the rows of inputs, targets and lengths together', () => {
    const lengths = hostArray(Int32Array.of(10, 11, 12, 13, 14), [5])
    const set = arrayDataset({ inputs, targets, lengths, batchSize: 2, seed: 3 })
    expect(set).toMatchObject({ batchCount: 3, sampleCount: 5 })
    const seen = [...set.batches(1)].flatMap((batch) => {
      for (const [i, row] of batch.rows.entries()) {
        expect([...batch.inputs.data.subarray(2 * i, 2 * i + 2)]).toEqual([2 * row, 2 * row + 1])
        expect(batch.targets.data[i]).toBe(row)
        expect(batch.lengths?.data[i]).toBe(10 + row)
      }
      expect(batch.inputs.shape).toEqual([batch.size, 2])
      return [...batch.rows]
    })
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4])
  })

  it('takes records of named arrays', () => {
    const set = arrayDataset({ inputs: { left: inputs, right: inputs }, targets: { next: targets }, shuffle: false })
    const [batch] = set.batches(0)
    expect(batch!.inputs.left.shape).toEqual([5, 2])
    expect(batch!.targets.next.data).toEqual(targets.data)
    expectTypeOf(batch!.inputs).toEqualTypeOf<{
      left: HostArray<Float32Array<ArrayBuffer>>
      right: HostArray<Float32Array<ArrayBuffer>>
    }>()
  })

  it('leaves out lengths where there are none, and the last batch where asked to', () => {
    const set = arrayDataset({ inputs, targets, batchSize: 2, dropLast: true })
    expect(set).toMatchObject({ batchCount: 2, sampleCount: 4 })
    const batches = [...set.batches(0)]
    expect(batches).toHaveLength(2)
    expect('lengths' in batches[0]!).toBe(false)
  })

  it('refuses arrays of different numbers of rows', () => {
    const short = hostArray(Int32Array.of(1, 2), [2])
    expect(failure(() => arrayDataset({ inputs, targets: short }))).toMatchObject({
      code: 'E_SHAPE',
      message: 'targets has 2 rows, inputs has 5; the first axis of every array is the samples',
    })
    const scalar = hostArray(Int32Array.of(1), [])
    expect(failure(() => arrayDataset({ inputs: { a: inputs, b: scalar }, targets })).message).toMatch(
      /^inputs\.b has no rows, inputs\.a has 5/,
    )
  })

  it('refuses NaN, with its row', () => {
    const bad = hostArray(Float32Array.of(1, 2, NaN), [3, 1])
    expect(failure(() => arrayDataset({ inputs: bad, targets: bad }))).toMatchObject({ code: 'E_NOT_FINITE', row: 2 })
  })

  it('refuses an array that does not fit its shape', () => {
    expect(failure(() => arrayDataset({ inputs: { data: new Float32Array(3), shape: [2, 2] }, targets })).message).toBe(
      'inputs: shape [2, 2] does not fit 3 elements',
    )
  })
})

describe('the contract with a trainer', () => {
  it('is met in structure, by every data set', () => {
    expectTypeOf(textDataset({ ids, labels })).toExtend<BatchSource>()
    const x = hostArray(new Float32Array(1), [1])
    expectTypeOf(arrayDataset({ inputs: x, targets: x })).toExtend<BatchSource>()
  })
})

describe('mapBatches', () => {
  it('changes each batch, from the position asked for on', async () => {
    const source = textDataset({ ids, labels, batchSize: 4 })
    const mapped = mapBatches(source, async (batch) => ({ ...batch, inputs: batch.size }))
    expect(mapped).toMatchObject({ batchCount: 6, sampleCount: 23 })
    const sizes: number[] = []
    for await (const { inputs } of mapped.batches(0, 2)) sizes.push(inputs)
    expect(sizes).toEqual([...source.batches(0, 2)].map(({ size }) => size))
  })
})
