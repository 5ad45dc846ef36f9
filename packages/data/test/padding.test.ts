/** Padding and cutting ragged rows. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { padSequences } from '../src/index.ts'
import { failure } from './failure.ts'

const rows = [[1, 2, 3, 4], [5], [6, 7]]

describe('padSequences', () => {
  it('pads at the end with 0 to the longest row', () => {
    expect(padSequences(rows)).toEqual({
      ids: Int32Array.of(1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 0, 0),
      shape: [3, 4],
      lengths: Int32Array.of(4, 1, 2),
    })
  })

  it('pads at the start, with another id, where asked to', () => {
    expect([...padSequences(rows, { side: 'start', paddingId: 9 }).ids]).toEqual([1, 2, 3, 4, 9, 9, 9, 5, 9, 9, 6, 7])
  })

  it('cuts long rows at their end or at their start', () => {
    expect(padSequences(rows, { maxLength: 2 })).toEqual({
      ids: Int32Array.of(1, 2, 5, 0, 6, 7),
      shape: [3, 2],
      lengths: Int32Array.of(2, 1, 2),
    })
    expect([...padSequences(rows, { maxLength: 2, truncate: 'start' }).ids]).toEqual([3, 4, 5, 0, 6, 7])
  })

  it('rounds the time axis up to a multiple', () => {
    expect(padSequences([[1], [2, 3]], { multipleOf: 8 }).shape).toEqual([2, 8])
    expect(padSequences([[1], [2, 3]], { multipleOf: 2 }).shape).toEqual([2, 2])
  })

  it('makes nothing of no rows', () => {
    expect(padSequences([]).shape).toEqual([0, 0])
  })

  it('keeps every id that is not cut, in its order, for any rows and options', () => {
    const anyRows = fc.array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 }), {
      maxLength: 8,
    })
    const side = fc.constantFrom('end' as const, 'start' as const)
    const size = fc.integer({ min: 1, max: 15 })
    fc.assert(
      fc.property(anyRows, side, side, size, size, (list, padAt, truncate, maxLength, multipleOf) => {
        const { ids, shape, lengths } = padSequences(list, { side: padAt, truncate, maxLength, multipleOf })
        const [batch, time] = shape
        expect(ids.length).toBe(batch * time)
        expect(time % multipleOf).toBe(0)
        for (const [i, row] of list.entries()) {
          const length = lengths[i]!
          const from = i * time + (padAt === 'end' ? 0 : time - length)
          const expected = truncate === 'end' ? row.slice(0, maxLength) : row.slice(-maxLength)
          expect([...ids.subarray(from, from + length)]).toEqual(expected)
          const padding = ids.subarray(i * time, (i + 1) * time).filter((id) => id === 0)
          expect(padding.length).toBe(time - length)
        }
      }),
    )
  })

  it('refuses an empty row, by its line or its number', () => {
    const error = failure(() => padSequences([[1], []], { file: 'a.tsv', lines: [2, 5] }))
    expect(error).toMatchObject({ code: 'E_EMPTY_ROW', line: 5, row: 1 })
    expect(error.message).toBe('a.tsv, line 5: a sequence of no ids; leave it out, or give it an <unk>')
    expect(failure(() => padSequences([[1], []])).message).toMatch(/^row 1: /)
  })

  it.each([0, -1, 1.5, NaN])('refuses the maximum length %s', (maxLength) => {
    expect(failure(() => padSequences(rows, { maxLength })).code).toBe('E_ARGUMENT')
  })
})
