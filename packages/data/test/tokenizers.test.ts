/** What each tokeniser makes of texts in many scripts, and that it survives JSON. */
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { characters, tokenizerFromJSON, whitespace, words } from '../src/index.ts'
import type { Tokenizer } from '../src/index.ts'
import { failure } from './failure.ts'

/** A user's own tokeniser. */
const commas = (options: object): Tokenizer => ({
  name: 'commas',
  options,
  tokenize: (text) => text.split(','),
})

describe('words', () => {
  const cases: readonly (readonly [title: string, text: string, tokens: string])[] = [
    ['keeps contractions and negation', "It isn't bad, not at all: don't!", "it isn't bad , not at all : don't !"],
    ['writes the typographic apostrophe as a plain one', 'don’t', "don't"],
    [
      'leaves text alone that was tokenised before',
      'How far is it from Denver to Aspen ?',
      'how far is it from denver to aspen ?',
    ],
    [
      'keeps clitics that were cut off before',
      "What 's the dog 's name ? I 'll ask .",
      "what 's the dog 's name ? i 'll ask .",
    ],
    ['parts quotes from words', '\'quoted\' "words"', '\' quoted \' " words "'],
    ['takes the quotation marks of treebanks as one token each', "`` here '' ''there", "`` here '' '' there"],
    ['parts a plural possessive', "dogs' names", "dogs ' names"],
    ['keeps numbers whole', 'It cost $1,000.50 at 10:30, or 1.5kg.', 'it cost $ 1,000.50 at 10:30 , or 1.5 kg .'],
    [
      'keeps abbreviations of letters whole',
      'the U.S.A or U.S. of J.R.R.Tolkien, e.g. this.',
      'the u.s.a or u.s. of j.r.r. tolkien , e.g. this .',
    ],
    ['parts the last letter from its full stop', 'I, said I.', 'i , said i .'],
    ['cuts at hyphens', 'a well-known e-mail', 'a well - known e - mail'],
    ['keeps an ellipsis, parts other marks', 'well... no?!!', 'well ... no ? ! !'],
    ['joins letters and combining accents', 'nai\u0308ve Stra\u00dfe', 'na\u00efve stra\u00dfe'],
    ['keeps digits within words', '3rd x_1 4x4', '3rd x_1 4x4'],
    ['takes emoji as one token each', 'ok👍🏽👨‍👩‍👧🇩🇪🇫🇷❤️', 'ok 👍🏽 👨‍👩‍👧 🇩🇪 🇫🇷 ❤️'],
    ['reads Korean by its spaces', '안녕하세요 세계', '안녕하세요 세계'],
    ['reads Cyrillic and Greek', 'Привет, мир; Γειά σου', 'привет , мир ; γειά σου'],
    ['reads Hindi with its marks', 'नमस्ते दुनिया', 'नमस्ते दुनिया'],
    ['reads Persian with its joiners', 'می‌خواهم بروم', 'می‌خواهم بروم'],
    ['segments Chinese', '我喜欢音乐。', '我 喜欢 音乐 。'],
    ['segments Chinese beside Latin letters and numbers', '音乐3个iPhone手机, ok?', '音乐 3 个 iphone 手机 , ok ?'],
    ['segments Japanese with its long vowel mark', '東京タワーへ行きました。', '東京タワー へ 行き ま した 。'],
    ['segments Thai', 'ฉันรักดนตรี', 'ฉัน รัก ดนตรี'],
    ['keeps a variation selector with its Han character', '葛\u{e0100}', '葛\u{e0100}'],
  ]
  it.each(cases)('%s', (_, text, tokens) => {
    expect(words().tokenize(text)).toEqual(tokens.split(' '))
  })

  it('finds no token in white space, of any kind', () => {
    expect(words().tokenize('')).toEqual([])
    expect(words().tokenize(' \t\n\u00a0\u3000')).toEqual([])
  })

  it('reads texts as long as a book, in any script', () => {
    expect(words().tokenize('ok '.repeat(200_000) + '音乐').length).toBe(200_001)
  })

  it('keeps capitals where asked to', () => {
    expect(words({ lowerCase: false }).tokenize('The U.S. Don’t')).toEqual(['The', 'U.S.', "Don't"])
  })

  it('folds full-width forms with NFKC only', () => {
    expect(words({ normalization: 'NFKC' }).tokenize('ＡＢＣ１２')).toEqual(['abc12'])
    expect(words().tokenize('ＡＢＣ')).toEqual(['ａｂｃ'])
  })

  it('lowers capitals by the rules of a language that is given', () => {
    expect(words({ locale: 'tr' }).tokenize('ILIK')).toEqual(['ılık'])
    expect(words().tokenize('ILIK')).toEqual(['ilik'])
  })

  it('drops nothing but white space, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const kept = words({ lowerCase: false }).tokenize(text).join('')
        expect(kept.replace(/\s/gu, '')).toBe(text.normalize('NFC').replaceAll('’', "'").replace(/\s/gu, ''))
      }),
    )
  })

  it('finds its own tokens again when they are joined by spaces', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}('[a-z]{1,3})?$/)
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.constantFrom('.', ',', '?', '!', '-', '...'))), (tokens) => {
        expect(words().tokenize(tokens.join(' '))).toEqual(tokens)
      }),
    )
  })

  it('refuses an unknown normalisation', () => {
    const normalization = 'NFX' as 'NFC'
    expect(failure(() => words({ normalization })).message).toBe(
      'normalization is "NFX", expected one of "NFC", "NFKC", "none"',
    )
  })
})

describe('characters', () => {
  it('cuts into what people call characters, and keeps white space', () => {
    expect(characters().tokenize('ne\u0301 👍🏽\r\nx')).toEqual(['n', 'é', ' ', '👍🏽', '\r\n', 'x'])
    expect(characters().tokenize('To be\n')).toEqual(['T', 'o', ' ', 'b', 'e', '\n'])
    expect(characters({ lowerCase: true }).tokenize('ÀB')).toEqual(['à', 'b'])
    expect(characters().tokenize('')).toEqual([])
  })

  it('gives the text back when its tokens are joined', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(characters({ normalization: 'none' }).tokenize(text).join('')).toBe(text)
      }),
    )
  })

  it('cuts ASCII as the segmenter would', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(characters().tokenize(text)).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment))
      }),
    )
  })
})

describe('whitespace', () => {
  it('cuts at white space and nowhere else', () => {
    expect(whitespace().tokenize('  the <unk> of\tN\u00a0years.\n')).toEqual(['the', '<unk>', 'of', 'N', 'years.'])
    expect(whitespace({ lowerCase: true }).tokenize('A b')).toEqual(['a', 'b'])
    expect(whitespace().tokenize(' ')).toEqual([])
  })
})

describe('a runtime without Intl.Segmenter', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('still reads spaced scripts, and says what is missing for the others', () => {
    vi.stubGlobal('Intl', {})
    expect(words().tokenize('not bad')).toEqual(['not', 'bad'])
    expect(characters().tokenize('abc')).toEqual(['a', 'b', 'c'])
    expect(failure(() => words().tokenize('音乐')).code).toBe('E_NO_SEGMENTER')
    expect(failure(() => characters().tokenize('é')).code).toBe('E_NO_SEGMENTER')
  })
})

describe('tokenizerFromJSON', () => {
  it.each([
    words(),
    words({ lowerCase: false, locale: 'tr', normalization: 'NFKC' }),
    characters({ lowerCase: true }),
    whitespace(),
  ])('restores %o', (tokenizer) => {
    const saved = JSON.stringify(tokenizer)
    const restored = tokenizerFromJSON(JSON.parse(saved))
    expect(JSON.stringify(restored)).toBe(saved)
    const text = 'IT isn’t ＢＡＤ é'
    expect(restored.tokenize(text)).toEqual(tokenizer.tokenize(text))
  })

  it("restores a user's own by a factory", () => {
    const restored = tokenizerFromJSON(JSON.parse(JSON.stringify(commas({}))), { commas })
    expect(restored.tokenize('a,b')).toEqual(['a', 'b'])
  })

  it.each([
    [null, 'not a saved tokeniser: "null"'],
    [{ name: 'words' }, 'not a saved tokeniser: "{\\"name\\":\\"words\\"}"'],
    [
      { name: 'wordz', options: {} },
      'unknown tokeniser "wordz", known: "words", "characters", "whitespace"; give tokenizerFromJSON a factory for it',
    ],
    [
      { name: 'toString', options: {} },
      'unknown tokeniser "toString", known: "words", "characters", "whitespace"; give tokenizerFromJSON a factory for it',
    ],
    [
      { name: 'words', options: { lowerCase: 'yes' } },
      'option "lowerCase" of the tokeniser "words" is "yes", expected a boolean',
    ],
    [{ name: 'words', options: { stem: true } }, 'the tokeniser "words" has no option "stem"'],
    [
      { name: 'characters', options: { normalization: 'x' } },
      'normalization is "x", expected one of "NFC", "NFKC", "none"',
    ],
  ])('says what is wrong with %j', (json, message) => {
    expect(failure(() => tokenizerFromJSON(json)).message).toBe(message)
  })
})
