// Greedy decoding and beam search: against all hypotheses that there are.

import { cpu } from '@rnn/backend-cpu'
import {
  beamSearch,
  dotAttention,
  embedding,
  greedy,
  gru,
  sample,
  type DecodingInput,
  type EncoderDecoder,
  type Hypothesis,
} from '@rnn/layers'
import { describe, expect, test, vi } from 'vitest'
import { BATCH, KINDS, translator, TARGET_WORDS } from './support/translators.ts'

const [START, END] = [2, 3]
const { source, sourceLengths } = BATCH
const INPUT: DecodingInput = { source, sourceLengths }
const [SOURCES = 0, TIME = 0] = source.shape
const ALL = { startId: START, endId: END, maxLength: 3 }

async function make(kind: string): Promise<EncoderDecoder> {
  return translator((KINDS[kind] as () => object)()).init(await cpu(), { seed: 7 })
}

interface Scored {
  readonly words: readonly number[]
  readonly logProbability: number
}

/** A model over four words, of which two are neither start nor end. */
async function makeTiny(): Promise<EncoderDecoder> {
  const target = embedding({ vocabularySize: 4, units: 6 })
  const model = translator({
    target,
    attention: dotAttention(),
    attend: 'after',
    inputFeeding: true,
    decoder: gru({ units: 8 }),
  })
  await model.init(await cpu(), { seed: 3 })
  // Kernels as they start make all words about as likely as one another; so that hypotheses differ:
  for (const { path, variable } of model.parameters())
    if (!path.startsWith('encoder'))
      variable.assign(((await variable.value.data()) as Float32Array).map((value) => 3 * value))
  return model
}

/** ln p of each next word after every beginning of at most `maxLength` words, by teacher forcing. Keys are the words with commas between them. */
async function everyBeginning(model: EncoderDecoder, row: number, maxLength: number): Promise<Map<string, number[]>> {
  const { vocabularySize } = model.target.options
  const others = Array.from({ length: vocabularySize }, (_, id) => id).filter((id) => id !== END)
  let beginnings: readonly (readonly number[])[] = [[]]
  for (let length = 0; length < maxLength; length++)
    beginnings = beginnings.flatMap((words) => others.map((word) => [...words, word]))
  const steps = maxLength + 1
  const repeated = Int32Array.from(
    { length: beginnings.length * TIME },
    (_, i) => source.data[row * TIME + (i % TIME)] ?? 0,
  )
  const { data } = await model.predict({
    source: { data: repeated, shape: [beginnings.length, TIME] },
    sourceLengths: {
      data: new Int32Array(beginnings.length).fill(sourceLengths.data[row] ?? 0),
      shape: [beginnings.length],
    },
    target: {
      data: Int32Array.from(beginnings.flatMap((words) => [START, ...words])),
      shape: [beginnings.length, steps],
    },
  })
  const found = new Map<string, number[]>()
  beginnings.forEach((words, i) => {
    for (let t = 0; t < steps; t++) {
      const at = (i * steps + t) * vocabularySize
      const logits = Array.from(data.subarray(at, at + vocabularySize))
      const largest = Math.max(...logits)
      const total = logits.reduce((all, logit) => all + Math.exp(logit - largest), 0)
      found.set(
        words.slice(0, t).join(),
        logits.map((logit) => logit - largest - Math.log(total)),
      )
    }
  })
  return found
}

/** ln p of every target of at most `maxLength` words with its end: the best first. */
async function everyTarget(model: EncoderDecoder, row: number, maxLength: number): Promise<Scored[]> {
  const beginnings = await everyBeginning(model, row, maxLength)
  const targets = Array.from(beginnings.keys(), (key) => (key === '' ? [] : key.split(',').map(Number)))
  const scored = targets.map((words) => ({
    words,
    logProbability: [...words, END].reduce(
      (sum, word, t) => sum + (beginnings.get(words.slice(0, t).join())?.[word] ?? Number.NaN),
      0,
    ),
  }))
  return scored.toSorted((a, b) => b.logProbability - a.logProbability)
}

/** Beam search as a textbook has it: no early end, nothing batched, every word looked at. */
function textbookBeam(
  beginnings: ReadonlyMap<string, readonly number[]>,
  { width, maxLength, lengthPenalty }: { width: number; maxLength: number; lengthPenalty: number },
): Scored[] {
  const ended: (Scored & { score: number })[] = []
  const scoreOf = (logProbability: number, length: number): number => logProbability / penalty(length, lengthPenalty)
  let live: Scored[] = [{ words: [], logProbability: 0 }]
  for (let length = 0; length <= maxLength; length++) {
    const next = live
      .flatMap(({ words, logProbability }) =>
        (beginnings.get(words.join()) ?? []).map((log, word) => ({
          words: [...words, word],
          logProbability: logProbability + log,
        })),
      )
      .toSorted((a, b) => b.logProbability - a.logProbability)
    live = []
    for (const { words, logProbability } of next) {
      if (live.length === width) break
      if (words.at(-1) !== END) live.push({ words, logProbability })
      else ended.push({ words: words.slice(0, -1), logProbability, score: scoreOf(logProbability, length + 1) })
    }
  }
  return ended.toSorted((a, b) => b.score - a.score)
}

const wordsOf = (hypotheses: readonly Hypothesis[]): number[][] => hypotheses.map(({ words }) => Array.from(words))
const penalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha

describe.each(['no attention', 'additive, before', 'concat, after, fed', 'heads, before'])('%s', (kind) => {
  test('a beam as wide as there are hypotheses finds the best of all, in their order', async () => {
    const model = await make(kind)
    for (const lengthPenalty of [0, 1, 2.5, -1]) {
      const found = await beamSearch(model, INPUT, { ...ALL, width: 400, nBest: 7, lengthPenalty })
      for (let row = 0; row < SOURCES; row++) {
        const ranked = (await everyTarget(model, row, ALL.maxLength))
          .map((each) => ({ ...each, score: each.logProbability / penalty(each.words.length + 1, lengthPenalty) }))
          .toSorted((a, b) => b.score - a.score)
        expect(wordsOf(found[row] ?? [])).toEqual(ranked.slice(0, 7).map(({ words }) => words))
        found[row]?.forEach(({ score, logProbability, ended }, i) => {
          expect(ended).toBe(true)
          // Sums of four logarithms of softmax over eight words in float32.
          expect(Math.abs(score - (ranked[i]?.score ?? Number.NaN))).toBeLessThan(1e-5)
          expect(Math.abs(logProbability - (ranked[i]?.logProbability ?? Number.NaN))).toBeLessThan(1e-5)
        })
      }
    }
  })

  test('a narrow beam finds what the search of a textbook finds, though it stops when nothing better can come', async () => {
    const model = await make(kind)
    const tables = await Promise.all(Array.from({ length: SOURCES }, (_, row) => everyBeginning(model, row, 4)))
    for (const width of [1, 2, 3, 5]) {
      for (const lengthPenalty of [0, 0.6, 1, -0.5]) {
        const options = { width, lengthPenalty, maxLength: 4 }
        const found = await beamSearch(model, INPUT, { ...ALL, ...options, nBest: width })
        tables.forEach((table, row) => {
          const expected = textbookBeam(table, options).slice(0, width)
          const hypotheses = found[row] ?? []
          expect(wordsOf(hypotheses.filter(({ ended }) => ended))).toEqual(expected.map(({ words }) => words))
          // Those that the length cut off come after them, each once.
          expect(new Set(hypotheses.map(({ words }) => words.join())).size).toBe(hypotheses.length)
          expect(hypotheses.slice(expected.length).every(({ words, ended }) => !ended && words.length === 4)).toBe(true)
        })
      }
    }
  })

  test('greedy is a beam of one without penalty, also among other sources', async () => {
    const model = await make(kind)
    const options = { ...ALL, maxLength: 6, attention: true }
    const together = await greedy(model, INPUT, options)
    const beam = await beamSearch(model, INPUT, { ...options, width: 1, lengthPenalty: 0 })
    expect(together).toEqual(beam.flat())
    for (let row = 0; row < SOURCES; row++) {
      const one = {
        source: { data: source.data.slice(row * TIME, (row + 1) * TIME), shape: [1, TIME] },
        sourceLengths: { data: sourceLengths.data.slice(row, row + 1), shape: [1] },
      }
      expect(wordsOf(await greedy(model, one, options))).toEqual(wordsOf(together.slice(row, row + 1)))
    }
    const live = model.backend.stats().liveBuffers
    await beamSearch(model, INPUT, { ...options, width: 3 })
    expect(model.backend.stats().liveBuffers).toBe(live)
  })
})

test('four words, up to five of them: width enough for all finds the best of all 364', async () => {
  const model = await makeTiny()
  const ranked = await Promise.all(Array.from({ length: SOURCES }, (_, row) => everyTarget(model, row, 5)))
  for (const lengthPenalty of [0, 0.8]) {
    const found = await beamSearch(model, INPUT, { ...ALL, maxLength: 5, width: 243, nBest: 20, lengthPenalty })
    ranked.forEach((targets, row) => {
      expect(targets).toHaveLength(364)
      const best = targets.toSorted(
        (a, b) =>
          b.logProbability / penalty(b.words.length + 1, lengthPenalty) -
          a.logProbability / penalty(a.words.length + 1, lengthPenalty),
      )
      expect(wordsOf(found[row] ?? [])).toEqual(best.slice(0, 20).map(({ words }) => [...words]))
    })
  }
})

test('attention comes back with each word and the end, over the places of the source', async () => {
  const model = await make('additive, before')
  const found = await beamSearch(model, INPUT, { ...ALL, width: 4, nBest: 2, attention: true })
  found.forEach((hypotheses, row) => {
    for (const { words, ended, attention } of hypotheses) {
      expect(attention).toHaveLength(words.length + Number(ended))
      for (const weights of attention ?? []) {
        expect(weights).toHaveLength(sourceLengths.data[row] ?? 0)
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5)
      }
    }
  })
  const without = await make('no attention')
  expect((await greedy(without, INPUT, { ...ALL, attention: true }))[0]?.attention).toBeUndefined()
})

test('lengths keep to their limits, and words that are never to be written are not', async () => {
  const model = await make('additive, before')
  const never = [0, 1, START]
  const options = { ...ALL, minLength: 2, maxLength: 4, never }
  const [beam, greedily, drawn] = await Promise.all([
    beamSearch(model, INPUT, { ...options, width: 5, nBest: 5 }),
    greedy(model, INPUT, options),
    sample(model, INPUT, { ...options, seed: 1, samples: 20 }),
  ])
  for (const { words } of [...beam.flat(), ...greedily, ...drawn.flat()]) {
    expect(words.length).toBeGreaterThanOrEqual(2)
    expect(words.length).toBeLessThanOrEqual(4)
    expect([...words].some((word) => never.includes(word) || word === END)).toBe(false)
  }
  // A target that can't end yet is cut off.
  const [cut] = await greedy(model, INPUT, { ...ALL, minLength: 3, maxLength: 3, never: [0, 1, 2, 4, 5, 6] })
  expect(cut?.words.length).toBe(3)
})

test.each([
  ['a beam of zero', (model: EncoderDecoder) => beamSearch(model, INPUT, { ...ALL, width: 0 }), /width is 0/],
  [
    'more than the beam holds',
    (model: EncoderDecoder) => beamSearch(model, INPUT, { ...ALL, width: 2, nBest: 3 }),
    /nBest is 3, width 2/,
  ],
  [
    'lengths that exclude one another',
    (model: EncoderDecoder) => greedy(model, INPUT, { ...ALL, minLength: 5 }),
    /minLength is 5, maxLength 3/,
  ],
  ['no end', (model: EncoderDecoder) => greedy(model, INPUT, { ...ALL, never: [END] }), /never has the end/],
  [
    'a temperature of zero',
    (model: EncoderDecoder) => sample(model, INPUT, { ...ALL, seed: 1, temperature: 0 }),
    /temperature is 0/,
  ],
  ['a share above one', (model: EncoderDecoder) => sample(model, INPUT, { ...ALL, seed: 1, topP: 1.5 }), /topP is 1.5/],
])('%s is refused', async (_, decode, said) => {
  const model = await make('no attention')
  await expect(decode(model)).rejects.toThrow(said)
  await expect(decode(model)).rejects.toMatchObject({ code: 'E_VALUE' })
})

test.each([
  ['an end that is no word', { endId: TARGET_WORDS }, /endId is 8, but the target vocabulary has 8 words/],
  ['a start that is no word', { startId: -1 }, /startId is -1/],
  ['words that are none', { never: [0, 9] }, /never has 9/],
])('%s is refused', async (_, options, said) => {
  const model = await make('no attention')
  const live = model.backend.stats().liveBuffers
  await expect(greedy(model, INPUT, { ...ALL, ...options })).rejects.toThrow(said)
  await expect(greedy(model, INPUT, { ...ALL, ...options })).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
  expect(model.backend.stats().liveBuffers).toBe(live)
})

test('sources that are none, and lengths past their end, are refused', async () => {
  const model = await make('additive, before')
  const lengths = (...data: number[]): DecodingInput => ({
    source,
    sourceLengths: { data: Int32Array.from(data), shape: [data.length] },
  })
  await expect(greedy(model, lengths(4, 5, 3), ALL)).rejects.toThrow(/source 1 has length 5, but 4 steps/)
  await expect(greedy(model, lengths(4, 2), ALL)).rejects.toMatchObject({ code: 'E_SHAPE' })
  const flat = { source: { data: source.data, shape: [source.data.length] } }
  await expect(greedy(model, flat, ALL)).rejects.toThrow(/source is \[12\] with 12 lengths/)
  const unknown = { source: { data: Int32Array.of(1, 77), shape: [1, 2] } }
  await expect(greedy(model, unknown, ALL)).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
})

test('weights that have become NaN are named as the reason', async () => {
  const model = await make('additive, before')
  model.output.bias.assign(new Float32Array(TARGET_WORDS).fill(Number.NaN))
  const live = model.backend.stats().liveBuffers
  for (const decode of [
    () => greedy(model, INPUT, ALL),
    () => beamSearch(model, INPUT, { ...ALL, width: 3 }),
    () => sample(model, INPUT, { ...ALL, seed: 1 }),
  ]) {
    await expect(decode()).rejects.toThrow(/step 1 gives NaN or infinite logits for source 0; look for NaN/)
    await expect(decode()).rejects.toMatchObject({ code: 'E_NOT_FINITE' })
  }
  expect(model.backend.stats().liveBuffers).toBe(live)
})

test('a search that is decided takes no more steps, and sources that are done take no more part', async () => {
  const model = await make('no attention')
  // The end is nearly certain after any word.
  model.output.bias.assign(Float32Array.from({ length: TARGET_WORDS }, (_, word) => (word === END ? 12 : 0)))
  const rows: number[] = []
  const start = model.decoding.bind(model)
  vi.spyOn(model, 'decoding').mockImplementation((input) => {
    const decoding = start(input)
    const step = decoding.step.bind(decoding)
    vi.spyOn(decoding, 'step').mockImplementation((words) => {
      rows.push(words instanceof Int32Array ? words.length : words.size)
      return step(words)
    })
    return decoding
  })
  await beamSearch(model, INPUT, { ...ALL, width: 4, maxLength: 50 })
  expect(rows).toEqual([SOURCES])
})

test('decoding can be aborted', async () => {
  const model = await make('no attention')
  await expect(greedy(model, INPUT, { ...ALL, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_ABORTED',
  })
})
