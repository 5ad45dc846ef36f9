/** The reader and the tokeniser on 5952 real questions, where the folder with the data is at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  buildVocabulary,
  labelIndex,
  labelledTexts,
  parseTable,
  textDataset,
  tokenizeTexts,
  words,
} from '../src/index.ts'
import type { LabelledTexts } from '../src/index.ts'

const shared = process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared')
const folder = join(shared, 'data/trec')
const atHand = existsSync(folder)
if (!atHand) console.log(`The TREC questions are not at hand (no ${folder}; set RNN_SHARED): their tests are left out.`)

const read = (name: string): LabelledTexts => {
  const table = parseTable(readFileSync(join(folder, name), 'utf8'), { name, columns: ['label', 'text'] })
  return labelledTexts(table, { label: 'label', text: 'text' })
}

describe.skipIf(!atHand)('TREC questions (left out where the data are not at hand)', () => {
  it('are read completely, each with its line', () => {
    const train = read('train.tsv')
    expect(train.texts).toHaveLength(5452)
    expect(train.lines.at(-1)).toBe(5453)
    expect(read('test.tsv').texts).toHaveLength(500)
    expect(labelIndex(train.labels).labels).toEqual(['ABBR', 'DESC', 'ENTY', 'HUM', 'LOC', 'NUM'])
  })

  it('keep the tokens they came with where those are words, contractions or single marks, and every character anywhere', () => {
    const simple = /^(?:[\p{L}\p{N}]+(?:'\p{L}+)?|'(?:s|m|d|t|ll|re|ve)|\p{P}|``|''|\.{2,})$/u
    const { texts } = read('train.tsv')
    const tokens = tokenizeTexts(texts, words({ lowerCase: false }))
    let simpleTexts = 0
    for (const [i, text] of texts.entries()) {
      const chunks = text.trim().split(/\s+/u)
      expect(tokens[i]!.join('')).toBe(chunks.join(''))
      if (!chunks.every((chunk) => simple.test(chunk))) continue
      simpleTexts += 1
      expect(tokens[i]).toEqual(chunks)
    }
    expect(simpleTexts).toBeGreaterThan(texts.length / 2)
  })

  it('become a data set whose test labels and words are those of training', () => {
    const train = read('train.tsv')
    const tokenizer = words()
    const vocabulary = buildVocabulary(tokenizeTexts(train.texts, tokenizer), { minFrequency: 2 })
    const index = labelIndex(train.labels)
    const trainSet = textDataset({ ...train, tokenizer, vocabulary, labelIndex: index, batchSize: 32, seed: 1 })
    expect(trainSet.batchCount).toBe(171)
    const batches = [...trainSet.batches(0)]
    const slots = batches.reduce((sum, { inputs }) => sum + inputs.data.length, 0)
    const ids = batches.reduce((sum, { lengths }) => sum + Int32Array.from(lengths!.data).reduce((a, b) => a + b, 0), 0)
    expect(ids / slots).toBeGreaterThan(0.95)

    const testSet = textDataset({ ...read('test.tsv'), tokenizer, vocabulary, labelIndex: index })
    const known = [...testSet.batches(0)].flatMap(({ inputs }) => [...inputs.data].filter((id) => id !== 0))
    expect(known.filter((id) => id === vocabulary.unknownId).length / known.length).toBeLessThan(0.15)
  })
})
