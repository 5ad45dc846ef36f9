// Sampling: against the probabilities that the model gives.

import { cpu } from '@rnn/backend-cpu'
import { sample, type DecodingInput, type EncoderDecoder, type Hypothesis } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { BATCH, KINDS, translator, TARGET_WORDS } from './support/translators.ts'

const [START, END] = [2, 3]
const { source, sourceLengths } = BATCH
const INPUT: DecodingInput = { source, sourceLengths }
const [, TIME = 0] = source.shape
const ALL = { startId: START, endId: END, maxLength: 3 }

async function make(kind: string): Promise<EncoderDecoder> {
  return translator((KINDS[kind] as () => object)()).init(await cpu(), { seed: 7 })
}

const wordsOf = (hypotheses: readonly Hypothesis[]): number[][] => hypotheses.map(({ words }) => Array.from(words))

describe('sampling', () => {
  const draws = 4000

  /** How often each word came first, as shares. */
  async function firstWords(options: object, given?: EncoderDecoder): Promise<{ shares: number[]; exact: number[] }> {
    const model = given ?? (await make('additive, before'))
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

  test('many words: the likeliest few are found without sorting all', async () => {
    const model = await make('additive, before')
    // Two likely words, and a bias that keeps the others far below what makes nine tenths.
    model.output.bias.assign(
      Float32Array.from({ length: TARGET_WORDS }, (_, word) => (word === 5 ? 6 : word === 6 ? 5 : -4)),
    )
    const { shares, exact } = await firstWords({ topP: 0.9 }, model)
    const kept = (exact[5] ?? 0) + (exact[6] ?? 0)
    expectShares(
      shares,
      exact.map((p, word) => (word === 5 || word === 6 ? p / kept : 0)),
    )
  })

  test('words that are never written leave their probability to the others', async () => {
    const { exact } = await firstWords({})
    const never = [1, 4]
    const left = 1 - (exact[1] ?? 0) - (exact[4] ?? 0)
    for (const options of [{}, { topK: 8 }, { topP: 1 - 1e-9 }])
      expectShares(
        (await firstWords({ ...options, never })).shares,
        exact.map((p, word) => (never.includes(word) ? 0 : p / left)),
      )
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
