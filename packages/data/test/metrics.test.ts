/**
 * Scores of texts. The expected values of `sacrebleu/examples.json` are what sacrebleu 2.6.0 gives for the same examples
 * (`sacrebleu/examples.py` wrote them); two are worked out by hand below.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bleu, chrF, exactMatch, perplexity } from '../src/index.ts'
import type { BleuOptions, ChrFOptions } from '../src/index.ts'
import { failure } from './failure.ts'

interface Example {
  readonly metric: 'bleu' | 'chrF'
  readonly title: string
  readonly hypotheses: readonly string[]
  readonly references: readonly (readonly string[])[]
  readonly options: BleuOptions & ChrFOptions
  readonly score: number
  readonly text: string
}
const file = join(import.meta.dirname, 'sacrebleu/examples.json')
const examples = JSON.parse(readFileSync(file, 'utf8')) as readonly Example[]

describe('agreement with sacrebleu 2.6.0', () => {
  it.each(examples)('$metric, $title', ({ metric, hypotheses, references, options, score, text }) => {
    const own = (metric === 'bleu' ? bleu : chrF)(hypotheses, references, options)
    // Both work in float64; a few dozen roundings of 1.1e-16 in a number up to 100.
    expect(Math.abs(own.score - score)).toBeLessThan(1e-11)
    expect(own.text.replace('version:2.6.0-rnn', 'version:2.6.0')).toBe(text)
  })
})

describe('bleu', () => {
  it('is the geometric mean of precisions times the penalty for being short', () => {
    // Tokens (13a): the cat sat on mat . — 6; the cat sat on the mat . — 7.
    // 1-grams: all 6 of 6. 2-grams: the+cat, cat+sat, sat+on, mat+. — 4 of 5, without on+mat.
    // 3-grams: the+cat+sat, cat+sat+on — 2 of 4. 4-grams: the+cat+sat+on — 1 of 3.
    const { score, ...rest } = bleu(['the cat sat on mat.'], ['the cat sat on the mat.'])
    const penalty = Math.exp(1 - 7 / 6)
    const mean = (1 * (4 / 5) * (2 / 4) * (1 / 3)) ** (1 / 4)
    expect(Math.abs(score - 100 * penalty * mean)).toBeLessThan(1e-11) // 51.15
    expect(rest).toEqual({
      precisions: [100, 80, 50, 100 / 3],
      matches: [6, 4, 2, 1],
      totals: [6, 5, 4, 3],
      brevityPenalty: penalty,
      hypothesisLength: 6,
      referenceLength: 7,
      signature: 'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0-rnn',
      text: expect.stringContaining(' = 51.15 100.0/80.0/50.0/33.3 (BP = 0.846 ratio = 0.857 hyp_len = 6 ref_len = 7)'),
    })
  })

  it('halves the missing match again for each order without one', () => {
    // 1-grams: 1 of 5; then ½ of 4, ¼ of 3, ⅛ of 2; lengths are equal.
    const mean = ((1 / 5) * (1 / 2 / 4) * (1 / 4 / 3) * (1 / 8 / 2)) ** (1 / 4)
    expect(Math.abs(bleu(['the cat x y z'], ['the dog a b c']).score - 100 * mean)).toBeLessThan(1e-11)
  })

  it('is 100 for equal texts of four tokens and more, and never past it', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '.'), { minLength: 1, maxLength: 9 })
      .map((list) => list.join(' '))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (pairs) => {
        const [hypotheses, references] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)]
        const { score } = bleu(hypotheses, references)
        expect(score >= 0 && score <= 100 + 1e-11).toBe(true)
        expect(Math.abs(bleu(references, references, { effectiveOrder: true }).score - 100)).toBeLessThan(1e-11)
      }),
    )
  })

  it('refuses counts that differ, and says how references are given', () => {
    const error = failure(() => bleu(['a', 'b'], [['a', 'b']]))
    expect(error.code).toBe('E_SHAPE')
    expect(error.message).toBe(
      'bleu: 2 hypotheses but references for 1; references[i] is the text, or the list of texts, for hypotheses[i]',
    )
    expect(failure(() => bleu([], [])).code).toBe('E_ARGUMENT')
    expect(failure(() => bleu(['a', 'b'], ['a', []]))).toMatchObject({ code: 'E_ARGUMENT', row: 1 })
  })

  it.each([{ tokenize: 'x' as '13a' }, { smoothing: 'x' as 'exp' }, { maxOrder: 0 }])('refuses %j', (options) => {
    expect(failure(() => bleu(['a'], ['a'], options)).code).toBe('E_ARGUMENT')
  })
})

describe('chrF', () => {
  it('is the F-score of the mean precision and recall of character n-grams', () => {
    // "ab c" is abc: 3, 2, 1 n-grams; "abd" has a, b, d, ab, bd, abd. Matches: 2, 1, 0; precision and recall are equal.
    const mean = (2 / 3 + 1 / 2 + 0) / 3
    expect(Math.abs(chrF(['ab c'], ['abd']).score - 100 * mean)).toBeLessThan(1e-11)
    // "abcd" has 4, 3, 2, 1; "ab" has 2 and 1. Precision 2/4 and 1/3, recall 1 and 1: orders 3 and 4 don't count.
    const precision = (2 / 4 + 1 / 3) / 2
    const score = (100 * 5 * precision) / (4 * precision + 1)
    expect(Math.abs(chrF(['abcd'], ['ab']).score - score)).toBeLessThan(1e-11)
  })

  it('refuses counts that differ and options that make no sense', () => {
    expect(failure(() => chrF(['a'], [])).code).toBe('E_SHAPE')
    for (const options of [{ characterOrder: 0 }, { wordOrder: -1 }, { beta: 0 }, { beta: NaN }])
      expect(failure(() => chrF(['a'], ['a'], options)).code).toBe('E_ARGUMENT')
  })
})

describe('exactMatch', () => {
  it('is the share of texts that are the same, the amount of white space aside', () => {
    expect(exactMatch(['a b', ' a  b ', 'a c', 'A b'], ['a b', 'a b', 'a b', 'a b'])).toBe(0.5)
    expect(exactMatch(['A b'], ['a B'], { lowercase: true })).toBe(1)
    expect(exactMatch(['b', ''], [['a', 'b'], ['']])).toBe(1)
    expect(failure(() => exactMatch(['a'], ['a', 'b'])).code).toBe('E_SHAPE')
  })
})

describe('perplexity', () => {
  it('is e to the mean negative log-likelihood', () => {
    expect(perplexity(Math.log(8))).toBeCloseTo(8, 12)
    expect(perplexity(1e4)).toBe(Infinity)
    expect(failure(() => perplexity(NaN)).code).toBe('E_ARGUMENT')
    expect(failure(() => perplexity(-1)).code).toBe('E_ARGUMENT')
  })
})
