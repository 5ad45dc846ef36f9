/** Splits into training and validation. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainValidationSplit } from '../src/index.ts'
import { failure } from './failure.ts'

const samples = Array.from({ length: 100 }, (_, i) => ({ id: i, label: i < 70 ? 'a' : i < 95 ? 'b' : 'c' }))
const count = (part: readonly { readonly label: string }[], label: string): number =>
  part.filter((sample) => sample.label === label).length

const ids = (seed: number): number[] => trainValidationSplit(samples, { seed }).validation.map(({ id }) => id)

describe('trainValidationSplit', () => {
  it('puts every sample in one part, in its order, and as many as asked for in validation', () => {
    const share = fc.double({ min: 0.01, max: 0.99, noNaN: true })
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 80 }),
        share,
        fc.nat(),
        fc.boolean(),
        (size, validation, seed, stratify) => {
          const list = Array.from({ length: size }, (_, i) => i)
          const options = { validation, seed, ...(stratify && { stratifyBy: (i: number) => i % 2 }) }
          fc.pre(!stratify || size >= 3)
          const split = trainValidationSplit(list, options)
          expect([...split.train, ...split.validation].sort((a, b) => a - b)).toEqual(list)
          expect(split.train).toEqual(split.train.toSorted((a, b) => a - b))
          expect(split.validation.length).toBeGreaterThanOrEqual(1)
          expect(split.train.length).toBeGreaterThanOrEqual(1)
          const wanted = Math.min(size - 1, Math.max(1, Math.round(size * validation)))
          expect(Math.abs(split.validation.length - wanted)).toBeLessThanOrEqual(stratify ? 1 : 0)
        },
      ),
    )
  })

  it('keeps the proportion of labels to within one sample', () => {
    const { validation } = trainValidationSplit(samples, { validation: 0.2, stratifyBy: ({ label }) => label })
    expect([count(validation, 'a'), count(validation, 'b'), count(validation, 'c')]).toEqual([14, 5, 1])
  })

  it('gives one split for one seed, another for another', () => {
    expect(ids(1)).toEqual(ids(1))
    expect(ids(1)).not.toEqual(ids(2))
  })

  it('leaves a label of a single sample in training', () => {
    const list = ['a', 'a', 'a', 'a', 'rare']
    for (let seed = 0; seed < 20; seed++) {
      expect(trainValidationSplit(list, { validation: 0.4, seed, stratifyBy: (label) => label }).train).toContain(
        'rare',
      )
    }
  })

  it.each([0, 1, -0.1, NaN])('refuses the share %s', (validation) => {
    expect(failure(() => trainValidationSplit([1, 2], { validation })).code).toBe('E_ARGUMENT')
  })

  it.each([[[]], [[1]]])('refuses to split %j', (list) => {
    expect(failure(() => trainValidationSplit(list)).code).toBe('E_SPLIT')
  })

  it('refuses to stratify labels of one sample each', () => {
    expect(failure(() => trainValidationSplit(['a', 'b', 'c'], { stratifyBy: (label) => label })).message).toBe(
      '3 samples cannot be split into training and validation; give more samples or a validation set of your own',
    )
  })
})
