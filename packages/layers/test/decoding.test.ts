// Greedy decoding, beam search and sampling: against all hypotheses that there are, and against probabilities.

import { cpu } from '@rnn/backend-cpu'
import { beamSearch, greedy, sample, type DecodingInput, type EncoderDecoder, type Hypothesis } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
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

/** ln p of every target of at most `maxLength` words with its end, by teacher forcing: the best first. */
async function everyTarget(model: EncoderDecoder, row: number, maxLength: number): Promise<Scored[]> {
  const others = Array.from({ length: TARGET_WORDS }, (_, id) => id).filter((id) => id !== END)
  let longest: readonly (readonly number[])[] = [[]]
  const targets: (readonly number[])[] = [[]]
  for (let length = 0; length < maxLength; length++) {
    longest = longest.flatMap((words) => others.map((word) => [...words, word]))
    targets.push(...longest)
  }
  const steps = maxLength + 1
  const fed = new Int32Array(targets.length * steps)
  targets.forEach((words, i) => fed.set([START, ...words], i * steps))
  const repeated = Int32Array.from(
    { length: targets.length * TIME },
    (_, i) => source.data[row * TIME + (i % TIME)] ?? 0,
  )
  const { data } = await model.predict({
    source: { data: repeated, shape: [targets.length, TIME] },
    sourceLengths: {
      data: new Int32Array(targets.length).fill(sourceLengths.data[row] ?? 0),
      shape: [targets.length],
    },
    target: { data: fed, shape: [targets.length, steps] },
  })
  const scored = targets.map((words, i) => ({
    words,
    logProbability: [...words, END].reduce((sum, word, t) => {
      const at = (i * steps + t) * TARGET_WORDS
      const logits = Array.from(data.subarray(at, at + TARGET_WORDS))
      const largest = Math.max(...logits)
      const total = logits.reduce((all, logit) => all + Math.exp(logit - largest), 0)
      return sum + (logits[word] ?? Number.NaN) - largest - Math.log(total)
    }, 0),
  }))
  return scored.toSorted((a, b) => b.logProbability - a.logProbability)
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

  test('greedy is a beam of one without penalty, also among other sources', async () => {
    const model = await make(kind)
    const options = { ...ALL, maxLength: 6, attention: true }
    const together = await greedy(model, INPUT, options)
    const beam = await beamSearch(model, INPUT, { ...options, width: 1, lengthPenalty: 0 })
    expect(wordsOf(together)).toEqual(wordsOf(beam.flat()))
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

describe('sampling', () => {
  const draws = 4000

  /** How often each word came first, as shares. */
  async function firstWords(options: object): Promise<{ shares: number[]; exact: number[] }> {
    const model = await make('additive, before')
    const one = {
      source: { data: source.data.slice(0, TIME), shape: [1, TIME] },
      sourceLengths: { data: sourceLengths.data.slice(0, 1), shape: [1] },
    }
    const hypotheses = await sample(model, one, { ...ALL, maxLength: 1, seed: 3, samples: draws, ...options })
    const shares = new Array<number>(TARGET_WORDS).fill(0)
    for (const { words } of hypotheses.flat()) shares[words[0] ?? END]! += 1 / draws
    const { data } = await model.predict({
      ...one,
      target: { data: Int32Array.of(START), shape: [1, 1] },
    })
    const { temperature = 1 } = options as { temperature?: number }
    const powers = Array.from(data, (logit) => Math.exp(logit / temperature))
    const sum = powers.reduce((a, b) => a + b, 0)
    return { shares, exact: powers.map((power) => power / sum) }
  }

  /** A share of n draws has the deviation √(p(1−p)/n); five of them are passed by one word in two million. */
  function expectShares(shares: readonly number[], expected: readonly number[]): void {
    shares.forEach((share, word) => {
      const p = expected[word] ?? 0
      expect(Math.abs(share - p), `word ${word}`).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / draws) + 1e-9)
    })
  }

  test.each([1, 0.5, 2])('draws words by their probabilities, temperature %s', async (temperature) => {
    const { shares, exact } = await firstWords({ temperature })
    expectShares(shares, exact)
  })

  test('top-k and top-p draw from the likeliest words alone', async () => {
    const { exact } = await firstWords({})
    const order = exact.map((_, word) => word).toSorted((a, b) => exact[b]! - exact[a]!)
    const restricted = (kept: readonly number[]): number[] => {
      const sum = kept.reduce((all, word) => all + exact[word]!, 0)
      return exact.map((p, word) => (kept.includes(word) ? p / sum : 0))
    }
    expectShares((await firstWords({ topK: 3 })).shares, restricted(order.slice(0, 3)))
    const share = order.slice(0, 4).reduce((sum, word) => sum + exact[word]!, 0) - 0.01
    expectShares((await firstWords({ topP: share })).shares, restricted(order.slice(0, 4)))
    expectShares((await firstWords({ topP: 1e-9 })).shares, restricted(order.slice(0, 1)))
  })

  test('a seed draws the same, whatever stands beside a source', async () => {
    const model = await make('additive, before')
    const options = { ...ALL, maxLength: 6, seed: 5, samples: 3 }
    const all = await sample(model, INPUT, options)
    expect(await sample(model, INPUT, options)).toEqual(all)
    const first = {
      source: { data: source.data.slice(0, TIME), shape: [1, TIME] },
      sourceLengths: { data: sourceLengths.data.slice(0, 1), shape: [1] },
    }
    expect(wordsOf((await sample(model, first, options))[0] ?? [])).toEqual(wordsOf(all[0] ?? []))
    expect(await sample(model, INPUT, { ...options, seed: 6 })).not.toEqual(all)
  })
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

test('decoding can be aborted', async () => {
  const model = await make('no attention')
  await expect(greedy(model, INPUT, { ...ALL, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_ABORTED',
  })
})
