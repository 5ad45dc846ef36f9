/** The real corpus, where it is at hand: counts of its files, and batches of all of it. */
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildVocabulary, decodeText, encodeTexts, readParallelTexts, translationDataset, words } from '../src/index.ts'
import { subwordCodec } from '../src/subwords.ts'

const folder = join(process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared'), 'data/multi30k')
const atHand = existsSync(folder)
if (!atHand) console.log(`Multi30k is not at hand (no ${folder}; set RNN_SHARED): its tests are left out.`)

const file = (name: string): AsyncIterable<string> => decodeText(createReadStream(join(folder, name)), { name })

describe.skipIf(!atHand)('Multi30k (left out where the data are not at hand)', () => {
  it('is read as 29,000 pairs of files packed with gzip, and batched with little padding', async () => {
    const { pairs, pairCount, warnings } = await readParallelTexts(file('train.de.gz'), file('train.en.gz'))
    expect(pairCount).toBe(29_000)
    expect(warnings).toEqual([])
    const ids = (['source', 'target'] as const).map((side) => {
      const texts = pairs.map((pair) => pair[side])
      const tokens = texts.map(words().tokenize)
      return encodeTexts(texts, words(), buildVocabulary(tokens, { minFrequency: 2, specialTokens: ['<s>', '</s>'] }))
    })
    const set = translationDataset({ sourceIds: ids[0]!, targetIds: ids[1]!, startId: 2, endId: 3, batchSize: 128 })
    let places = 0
    for (const { inputs } of set.batches(0)) places += inputs.source.data.length + inputs.target.data.length
    expect((set.sourceTokens + set.targetTokens) / places).toBeGreaterThan(0.9)
  })

  it('gives 8000 subwords in seconds, which give every sentence back', async () => {
    const { pairs } = await readParallelTexts(file('train.de.gz'), file('train.en.gz'))
    const texts = pairs.flatMap(({ source, target }) => [source, target])
    const codec = subwordCodec(texts, { size: 8000, normalization: 'none' })
    expect(codec.size).toBe(8000)
    expect(texts.findIndex((text) => codec.decode(codec.encode(text)) !== text)).toBe(-1)
  })
})
