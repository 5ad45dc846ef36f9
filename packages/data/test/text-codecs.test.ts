/** Codecs of words, characters and subwords: one interface, saved as tokenizer.json and restored the same. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { characterCodec, textCodecFromJSON, translationDataset, whitespace, wordCodec, words } from '../src/index.ts'
import type { TextCodec } from '../src/index.ts'
import { subwordCodec, subwordCodecFromJSON } from '../src/subwords.ts'
import { failure } from './failure.ts'

const texts = [
  'Two young dogs don’t play.',
  'Zwei junge Hunde spielen nicht!',
  'L’eau de l’été – où ?',
  'नमस्ते दुनिया',
  'Two dogs, two cats, 22 birds.',
]
const codecs: readonly (readonly [string, TextCodec])[] = [
  ['words', wordCodec(texts)],
  ['characters', characterCodec(texts)],
  ['subwords', subwordCodec(texts, { size: 300 })],
]
const readers = { BPE: subwordCodecFromJSON }
const restore = (codec: TextCodec): TextCodec => textCodecFromJSON(JSON.parse(JSON.stringify(codec)), readers)

describe.each(codecs)('a codec of %s', (unit, codec) => {
  it('has special ids of its own, and tokens by id', () => {
    expect(codec.unit).toBe(unit)
    expect([codec.paddingId, codec.unknownId, codec.startId, codec.endId]).toEqual([0, 1, 2, 3])
    expect(codec.tokens.slice(0, 4)).toEqual(['<pad>', '<unk>', '<s>', '</s>'])
    expect(codec.size).toBe(codec.tokens.length)
    expect(new Set(codec.tokens).size).toBe(codec.size)
    expect(codec.label(2)).toBe('<s>')
  })

  it('encodes without start and end, and decodes without padding, start and end', () => {
    const ids = codec.encode(texts[0]!)
    expect(ids).toBeInstanceOf(Int32Array)
    expect(ids.every((id) => id > 3 && id < codec.size)).toBe(true)
    expect(codec.decode([2, ...ids, 3, 0, 0])).toBe(codec.decode(ids))
    expect(codec.decode([])).toBe('')
    expect(codec.decode([2, 3])).toBe('')
    expect(codec.encode('')).toEqual(new Int32Array(0))
    expect(codec.decode([...ids.subarray(0, 1), 1])).toContain('<unk>')
  })

  it('shows what each id was made from, unknown words too', () => {
    for (const text of [...texts, 'Unseen ÿ']) expect(codec.pieces(text)).toHaveLength(codec.encode(text).length)
    expect(codec.pieces(texts[0]!)).toEqual(Array.from(codec.encode(texts[0]!), codec.label))
    expect(codec.pieces('Unseen').join('').toLowerCase()).toMatch(/^▁?unseen$/)
  })

  it('is the same after it was saved and restored', () => {
    const restored = restore(codec)
    expect(restored).toMatchObject({ unit, size: codec.size, tokens: codec.tokens, paddingId: 0, endId: 3 })
    expect(JSON.stringify(restored)).toBe(JSON.stringify(codec))
    for (const text of [...texts, 'Never seen: ÄÖÜ 👍🏽', '']) {
      expect(restored.encode(text)).toEqual(codec.encode(text))
      expect(restored.decode(codec.encode(text))).toBe(codec.decode(codec.encode(text)))
    }
  })

  it('refuses ids that are not its own', () => {
    expect(failure(() => codec.decode([5, codec.size])).code).toBe('E_ID')
    expect(failure(() => codec.decode([-1])).code).toBe('E_ID')
    expect(failure(() => codec.label(0.5)).code).toBe('E_ID')
  })

  it('feeds a data set of pairs', () => {
    const pairs = [{ source: texts[0]!, target: texts[1]!, line: 1 }]
    const [batch] = translationDataset({ pairs, sourceCodec: codec, targetCodec: codec }).batches(0)
    expect([...batch!.inputs.source.data]).toEqual([...codec.encode(texts[0]!)])
    expect([...batch!.targets.data]).toEqual([...codec.encode(texts[1]!), 3])
  })

  it('is a plain tokenizer.json of version 1.0 with its special tokens in their places', () => {
    expect(codec.toJSON()).toMatchObject({
      version: '1.0',
      padding: { pad_id: 0, pad_token: '<pad>' },
      added_tokens: [{ id: 0, special: true }, { id: 1 }, { id: 2 }, { id: 3, content: '</s>' }],
      post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<s>' } }, {}, {}] },
      model: { type: unit === 'subwords' ? 'BPE' : 'WordLevel', unk_token: '<unk>', vocab: { '<pad>': 0 } },
    })
  })
})

describe('wordCodec', () => {
  it('takes options of the vocabulary and any tokeniser', () => {
    const codec = wordCodec(['a b a', 'A c'], {
      tokenizer: whitespace(),
      minFrequency: 2,
      specialTokens: { end: '<eos>' },
    })
    expect(codec.tokens).toEqual(['<pad>', '<unk>', '<s>', '<eos>', 'a'])
    expect(codec.decode(codec.encode('a A a'))).toBe('a <unk> a')
    expect(restore(codec).endId).toBe(3)
    expect(wordCodec(texts, { maxSize: 6 }).size).toBe(6)
    expect(failure(() => wordCodec(texts, { maxSize: 2 })).code).toBe('E_ARGUMENT')
    expect(failure(() => wordCodec('a text')).code).toBe('E_ARGUMENT')
  })

  it('keeps the options of its tokeniser when it is restored', () => {
    const codec = wordCodec(texts, { tokenizer: words({ lowerCase: false, normalization: 'NFKC' }) })
    expect(restore(codec).encode('Two two')).toEqual(codec.encode('Two two'))
    expect(codec.encode('Two')).not.toEqual(codec.encode('two'))
  })

  it('holds tokens with names that objects have', () => {
    const codec = wordCodec(['__proto__ constructor'], { tokenizer: whitespace() })
    expect(restore(codec).decode(codec.encode('constructor __proto__'))).toBe('constructor __proto__')
  })
})

describe('characterCodec', () => {
  it('gives the text back', () => {
    const codec = characterCodec(texts)
    for (const text of texts) expect(codec.decode(codec.encode(text))).toBe(text)
    expect(codec.label(codec.encode(' ')[0]!)).toBe('▁')
  })
})

describe('subwordCodec', () => {
  const exact = subwordCodec(texts, { size: 320, normalization: 'none' })

  it('gives any text back to the letter, but for special tokens written out', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[ \n\ta'’é]*$/),
    )
    fc.assert(
      fc.property(text, (original) => {
        fc.pre(!/\p{Surrogate}/u.test(original)) // a lone surrogate has no UTF-8
        expect(exact.decode(exact.encode(original))).toBe(original)
      }),
      { numRuns: 500 },
    )
    expect(exact.encode('<unk>')).toEqual(Int32Array.of(1))
  })

  it('normalises, and lowers capitals where asked to', () => {
    const codec = subwordCodec(texts, { size: 300, lowerCase: true })
    expect(codec.decode(codec.encode('E\u0301TE\u0301'))).toBe('été')
    expect(restore(codec).encode('TWO')).toEqual(codec.encode('two'))
  })

  it('learns within words only, the first of a text like the others', () => {
    const codec = subwordCodec(['dog dog dog cat dog', 'cat'], { size: 1000, minFrequency: 1 })
    expect(Array.from(codec.encode('dog dog'), codec.label)).toEqual(['▁dog', '▁dog'])
    expect(codec.tokens.filter((token) => token.includes('Ġ')).every((token) => token.startsWith('Ġ'))).toBe(true)
  })

  it('keeps words with apostrophes, marks and digits together', () => {
    const codec = subwordCodec(["don't l’eau नमस्ते 2024"], { size: 1000, minFrequency: 1 })
    const ids = codec.encode("2024 l’eau नमस्ते don't")
    expect(Array.from(ids, (id) => codec.decode([id]))).toEqual(['2024', 'l’eau', 'नमस्ते', "don't"])
  })

  it('does not depend on the order of the texts', () => {
    expect(JSON.stringify(subwordCodec(texts.toReversed(), { size: 300 }))).toBe(
      JSON.stringify(subwordCodec(texts, { size: 300 })),
    )
  })

  it('shows parts of letters as the file does', () => {
    const codec = subwordCodec([], { size: 260 })
    expect(codec.size).toBe(260)
    expect(Array.from(codec.encode('é'), codec.label)).toEqual(['▁', 'Ã', '©'])
    expect(codec.decode(codec.encode('é'))).toBe('é')
  })

  it.each([
    { size: 259 },
    { minFrequency: 0 },
    { normalization: 'x' as 'NFC' },
    { specialTokens: { start: '<pad>' } },
    { specialTokens: { start: 'a' } },
  ])('refuses %j', (options) => {
    expect(failure(() => subwordCodec(texts, options)).code).toBe('E_ARGUMENT')
  })

  it('refuses a text in the place of texts', () => {
    expect(failure(() => subwordCodec('a text')).code).toBe('E_ARGUMENT')
  })
})

describe('a tokenizer.json of another maker', () => {
  const foreign = {
    added_tokens: [
      { id: 4, content: '[PAD]', special: true },
      { id: 5, content: '[BOS]', special: true },
      { id: 6, content: '[EOS]', special: true },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
    model: { type: 'BPE', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1, '▁': 2, '▁a': 3 }, merges: ['▁ a'] },
  }

  it('is read where it has the special tokens', () => {
    const codec = subwordCodecFromJSON(foreign)
    expect(codec).toMatchObject({ size: 7, paddingId: 4, unknownId: 0, startId: 5, endId: 6 })
    expect([...codec.encode('a ax')]).toEqual([3, 3, 0])
    expect(codec.decode([5, 3, 3, 6, 4])).toBe('a a')
    expect(codec.label(3)).toBe('▁a')
  })

  it.each([
    [null, 'the model is of type undefined'],
    [{ ...foreign, model: { ...foreign.model, type: 'Unigram' } }, 'the model is of type "Unigram", known'],
    [{ ...foreign, added_tokens: [] }, 'there is no padding token'],
    [{ ...foreign, model: { ...foreign.model, vocab: { a: 1, b: 1 } } }, 'the id of "b" is 1'],
    [{ ...foreign, model: { ...foreign.model, vocab: { a: 99 } } }, 'the id of "a" is 99'],
    [{ ...foreign, model: { ...foreign.model, vocab: [] } }, 'model.vocab is not an object'],
    [{ ...foreign, decoder: { type: 'Wordy' } }, 'Unknown Decoder type: Wordy'],
  ])('is refused with the reason: %#', (json, problem) => {
    const error = failure(() => textCodecFromJSON(json, readers, 'tokenizer.json'))
    expect(error).toMatchObject({ code: 'E_JSON', file: 'tokenizer.json' })
    expect(error.message).toContain(problem)
  })

  it('says where the reader of subwords is to be had', () => {
    expect(failure(() => textCodecFromJSON(foreign)).message).toContain('@rnn/data/subwords')
    const wordLevel = { ...foreign, model: { ...foreign.model, type: 'WordLevel' } }
    expect(failure(() => textCodecFromJSON(wordLevel)).message).toContain('model.rnn.unit is undefined')
  })
})
