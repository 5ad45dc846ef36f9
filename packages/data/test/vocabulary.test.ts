/** Vocabularies: order, cuts, special tokens, round trips, malformed JSON. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildVocabulary, characters, vocabularyFromJSON } from '../src/index.ts'
import { compareCodePoints } from '../src/text/code-points.ts'
import { failure } from './failure.ts'

const corpus = [['b', 'a', 'c'], ['a', 'c', 'd'], ['a']]

describe('buildVocabulary', () => {
  it('numbers padding 0, unknown 1, then by falling frequency, then by code point', () => {
    const vocabulary = buildVocabulary(corpus)
    expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', 'a', 'c', 'b', 'd'])
    expect(vocabulary).toMatchObject({ size: 6, paddingId: 0, unknownId: 1, specialTokens: ['<pad>', '<unk>'] })
  })

  it('leaves out rare tokens and whatever exceeds the size', () => {
    expect(buildVocabulary(corpus, { minFrequency: 2 }).tokens).toEqual(['<pad>', '<unk>', 'a', 'c'])
    expect(buildVocabulary(corpus, { maxSize: 3 }).tokens).toEqual(['<pad>', '<unk>', 'a'])
    expect(buildVocabulary(corpus, { maxSize: 2 }).tokens).toEqual(['<pad>', '<unk>'])
  })

  it('numbers further special tokens after these two, in their order, wherever they occur in the corpus', () => {
    const vocabulary = buildVocabulary([['a', '<eos>', '<unk>', '<eos>']], { specialTokens: ['<bos>', '<eos>'] })
    expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', '<bos>', '<eos>', 'a'])
    expect([...vocabulary.encode(['<bos>', 'a', '<eos>'])]).toEqual([2, 4, 3])
  })

  it('takes other names for padding and unknown', () => {
    expect(buildVocabulary([], { paddingToken: '_', unknownToken: '?' }).tokens).toEqual(['_', '?'])
  })

  it('serves characters as it serves words', () => {
    const vocabulary = buildVocabulary([characters().tokenize('hello')])
    expect(vocabulary.decode(vocabulary.encode(characters().tokenize('hole'))).join('')).toBe('hole')
  })

  it('knows names that every object has', () => {
    const vocabulary = buildVocabulary([['constructor']])
    expect(vocabulary.id('constructor')).toBe(2)
    expect(vocabulary.id('__proto__')).toBe(1)
    expect(vocabulary.has('toString')).toBe(false)
  })

  it('does not depend on the order of the corpus', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ maxLength: 2 }))), (lists) => {
        expect(buildVocabulary(lists.toReversed()).tokens).toEqual(buildVocabulary(lists).tokens)
      }),
    )
  })

  it('refuses options that make no sense, and texts that were not tokenised', () => {
    expect(failure(() => buildVocabulary(corpus, { minFrequency: 0 })).message).toBe(
      'minFrequency is 0, expected a whole number of at least 1',
    )
    expect(failure(() => buildVocabulary(corpus, { maxSize: 1 })).code).toBe('E_ARGUMENT')
    expect(failure(() => buildVocabulary(corpus, { specialTokens: ['<pad>'] })).message).toBe(
      'the vocabulary has the token "<pad>" twice, as 0 and 2',
    )
    expect(failure(() => buildVocabulary(['not tokenised'])).message).toBe(
      'buildVocabulary got the text "not tokenised", expected a list of tokens; tokenise it first: texts.map(tokenizer.tokenize)',
    )
  })
})

describe('Vocabulary', () => {
  it('decodes what it encoded, for tokens that it has', () => {
    const token = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(fc.array(token)), (lists) => {
        const vocabulary = buildVocabulary(lists)
        for (const list of lists) expect(vocabulary.decode(vocabulary.encode(list))).toEqual(list)
      }),
    )
  })

  it('reads an unknown token as <unk>', () => {
    const vocabulary = buildVocabulary(corpus)
    expect(vocabulary.encode(['a', 'zebra'])).toEqual(Int32Array.of(2, 1))
    expect(vocabulary.decode([2, 1, 0])).toEqual(['a', '<unk>', '<pad>'])
    expect(vocabulary.decode([2, 1, 0], { skipSpecial: true })).toEqual(['a'])
  })

  it.each([-1, 6, 1.5, NaN])('has no token for the id %s', (id) => {
    const error = failure(() => buildVocabulary(corpus).decode([id]))
    expect(error.code).toBe('E_ID')
    expect(error.message).toBe(`id ${id} is not in a vocabulary of 6 tokens; was this encoded by another vocabulary?`)
  })

  it('cannot be changed', () => {
    const { tokens } = buildVocabulary(corpus)
    expect(() => (tokens as string[]).push('x')).toThrow(TypeError)
  })
})

describe('vocabularyFromJSON', () => {
  it('restores what JSON.stringify saved', () => {
    const vocabulary = buildVocabulary(corpus, { specialTokens: ['<bos>'] })
    const restored = vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)))
    expect(restored.tokens).toEqual(vocabulary.tokens)
    expect(restored.specialTokens).toEqual(vocabulary.specialTokens)
    expect(JSON.stringify(restored)).toBe(JSON.stringify(vocabulary))
  })

  const good = { format: 'rnn-vocabulary', version: 1, specialCount: 2, tokens: ['<pad>', '<unk>', 'a'] }
  it.each([
    [null, 'format is undefined, expected "rnn-vocabulary"'],
    ['text', 'format is undefined, expected "rnn-vocabulary"'],
    [{ ...good, format: 'rnn-labels' }, 'format is "rnn-labels", expected "rnn-vocabulary"'],
    [{ ...good, version: 2 }, 'version is 2, this release reads version 1'],
    [{ ...good, tokens: undefined }, 'tokens is not a list'],
    [{ ...good, tokens: ['<pad>', '<unk>', 3] }, 'token 2 is 3, expected a string'],
    [{ ...good, specialCount: 4 }, 'specialCount is 4, expected 2 to 3'],
    [{ ...good, specialCount: 1 }, 'specialCount is 1, expected 2 to 3'],
  ])('says what is wrong with %j', (json, problem) => {
    const error = failure(() => vocabularyFromJSON(json, 'vocabulary.json'))
    expect(error.code).toBe('E_JSON')
    expect(error.message).toBe(`vocabulary.json: not a saved vocabulary: ${problem}`)
  })

  it('refuses a token that is there twice', () => {
    const error = failure(() => vocabularyFromJSON({ ...good, tokens: ['<pad>', '<unk>', 'a', 'a'] }, 'v.json'))
    expect(error.message).toBe('v.json: the vocabulary has the token "a" twice, as 2 and 3')
  })
})

const points = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) as number)

describe('compareCodePoints', () => {
  it('orders as the arrays of code points would', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 4 }), (a, b) => {
        const [x, y] = [points(a), points(b)]
        const first = x.findIndex((point, i) => point !== y[i])
        const expected = first >= 0 && first < y.length ? x[first]! - y[first]! : x.length - y.length
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(expected))
      }),
    )
  })

  it('puts characters past U+FFFF last, unlike <', () => {
    expect(compareCodePoints('\u{10000}', '\uffff')).toBeGreaterThan(0)
    expect(['\uffff', '\u{10000}'].toSorted()).toEqual(['\u{10000}', '\uffff'])
  })
})
