/** Labels and class numbers, and the error for a label that is not known. */
import { describe, expect, it } from 'vitest'
import { labelIndex, labelIndexFromJSON } from '../src/index.ts'
import { failure } from './failure.ts'

describe('labelIndex', () => {
  it('numbers distinct labels in code-point order, or as given', () => {
    expect(labelIndex(['b', 'a', 'B', 'b']).labels).toEqual(['B', 'a', 'b'])
    expect(labelIndex(['b', 'a', 'B', 'b'], { order: 'given' }).labels).toEqual(['b', 'a', 'B'])
  })

  it('turns labels into int32 class numbers and back', () => {
    const index = labelIndex(['spam', 'ham'])
    expect(index.encode(['spam', 'ham', 'spam'])).toEqual(Int32Array.of(1, 0, 1))
    expect(index.label(1)).toBe('spam')
    expect(index.has('eggs')).toBe(false)
    expect(index.size).toBe(2)
  })

  it('names an unknown label, its line and the known labels', () => {
    const index = labelIndex(['LOC', 'HUM'])
    const error = failure(() => index.encode(['LOC', 'LCO'], { file: 'test.tsv', lines: [2, 3] }))
    expect(error.message).toBe(
      'test.tsv, line 3: unknown label "LCO", known: "HUM", "LOC"; correct the label, or train with it',
    )
    expect(error).toMatchObject({
      code: 'E_UNKNOWN_LABEL',
      file: 'test.tsv',
      line: 3,
      row: 1,
      got: 'LCO',
      expected: ['HUM', 'LOC'],
    })
    expect(failure(() => index.encode(['x'])).message).toMatch(/^row 0: unknown label "x"/)
    expect(failure(() => index.id('x')).message).toMatch(/^unknown label "x"/)
  })

  it('lists only the first of many known labels', () => {
    const index = labelIndex(Array.from({ length: 50 }, (_, i) => `label-${i}`))
    expect(failure(() => index.id('x')).message).toContain('… (50 in all)')
  })

  it('refuses an empty label and a class that is not there', () => {
    expect(failure(() => labelIndex(['a', ' '])).code).toBe('E_EMPTY_LABEL')
    expect(failure(() => labelIndex(['a']).label(1)).message).toBe('class 1 is not one of 1 labels')
  })
})

describe('labelIndexFromJSON', () => {
  it('restores what JSON.stringify saved, in its order', () => {
    const index = labelIndex(['b', 'a'], { order: 'given' })
    const restored = labelIndexFromJSON(JSON.parse(JSON.stringify(index)))
    expect(restored.labels).toEqual(['b', 'a'])
  })

  const good = { format: 'rnn-labels', version: 1, labels: ['a', 'b'] }
  it.each([
    [undefined, 'not a saved label index: format is undefined, expected "rnn-labels"'],
    [{ ...good, version: 9 }, 'not a saved label index: version is 9, this release reads version 1'],
    [{ ...good, labels: 'ab' }, 'not a saved label index: labels is not a list'],
    [{ ...good, labels: ['a', 'a'] }, 'not a saved label index: label 1 is "a", expected distinct strings'],
    [{ ...good, labels: ['a', null] }, 'not a saved label index: label 1 is null, expected distinct strings'],
    [{ ...good, labels: [''] }, 'a label is empty'],
  ])('says what is wrong with %j', (json, problem) => {
    const error = failure(() => labelIndexFromJSON(json, 'labels.json'))
    expect(error).toMatchObject({ code: 'E_JSON', message: `labels.json: ${problem}` })
  })
})
