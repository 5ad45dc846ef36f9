// Decoders of CTC outputs against every alignment written out, and the label error rate.

import { cpu } from '@rnn/backend-cpu'
import { hostUniform, key, scope, tensor, type Backend, type Tensor } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ctcBeamSearch, ctcGreedy, editDistance, labelErrorRate } from '../src/index.ts'
import { MetricTotals } from '../src/metrics/metric-totals.ts'
import { allPaths, collapse, enumerateLabels, logSoftmax } from './ctc-reference.ts'
import { backends } from './vectors.ts'

function outputsOf(rows: readonly (readonly (readonly number[])[])[]): HostArray<Float32Array> {
  const shape = [rows.length, rows[0]?.length ?? 0, rows[0]?.[0]?.length ?? 0]
  return { data: Float32Array.from(rows.flat(2)), shape }
}

function randomRows(batch: number, frames: number, classes: number, seed: number): number[][][] {
  const next = hostUniform(key(seed))
  const row = (): number[] => Array.from({ length: classes }, () => Math.fround(4 * next() - 2))
  return Array.from({ length: batch }, () => Array.from({ length: frames }, row))
}

/** All label sequences by their probability, best first. */
function bestFirst(logits: readonly (readonly number[])[], blank: number): [string, number][] {
  return [...enumerateLabels(logits, blank)].toSorted(([, a], [, b]) => b - a)
}

const rows = randomRows(6, 5, 3, 1)

describe.each([0, 2])('blank %i', (blank) => {
  test('ctcGreedy reads the labels of the likeliest alignment', () => {
    const found = ctcGreedy(outputsOf(rows), { blank })
    rows.forEach((logits, i) => {
      const scores = logits.map(logSoftmax)
      const of = (path: readonly number[]): number => path.reduce((sum, symbol, t) => sum + scores[t]![symbol]!, 0)
      const best = allPaths(5, 3).reduce((a, b) => (of(b) > of(a) ? b : a))
      expect(found[i]!.labels).toEqual(collapse(best, blank))
      expect(found[i]!.logProbability).toBeCloseTo(of(best), 10)
    })
  })

  test('ctcBeamSearch without a limit finds every label sequence with its probability', () => {
    const found = ctcBeamSearch(outputsOf(rows), { blank, beamWidth: Infinity })
    rows.forEach((logits, i) => {
      const expected = bestFirst(logits, blank)
      expect(found[i]!.map(({ labels }) => labels.join())).toEqual(expected.map(([labels]) => labels))
      found[i]!.forEach(({ logProbability, score }, j) => {
        expect(logProbability).toBeCloseTo(Math.log(expected[j]![1]), 9)
        expect(score).toBe(logProbability)
      })
    })
  })

  test('a beam of 8 finds the best labels of frames that say something, and gives none more than they have', () => {
    const clear = rows.map((logits) => logits.map((frame) => frame.map((x) => 3 * x)))
    for (const [each, given] of [clear, rows].entries()) {
      const found = ctcBeamSearch(outputsOf(given), { blank, beamWidth: 8 })
      given.forEach((logits, i) => {
        const all = enumerateLabels(logits.map((frame) => frame.map(Math.fround)), blank) // prettier-ignore
        expect(found[i]!.length).toBe(8)
        for (const { labels, logProbability } of found[i]!) {
          expect(logProbability).toBeLessThanOrEqual(Math.log(all.get(labels.join())!) + 1e-9)
        }
        const best = each === 0 ? bestFirst(logits, blank)[0]![0] : found[i]![0]!.labels.join()
        expect(found[i]![0]!.labels.join()).toBe(best)
      })
    }
  })
})

test('many weak alignments beat the strongest one: greedy reads nothing, the beam a label (Graves 2012, figure 7.5)', () => {
  const frame = [Math.log(0.6), Math.log(0.4)]
  const outputs = outputsOf([[frame, frame]])
  expect(ctcGreedy(outputs)[0]!.labels).toEqual([]) // 0.36
  const [best, second] = ctcBeamSearch(outputs)[0]!
  expect(best!.labels).toEqual([1]) // 0.16 + 0.24 + 0.24
  expect(best!.logProbability).toBeCloseTo(Math.log(0.64), 6)
  expect(second!.labels).toEqual([])
})

test('a language model decides, asked once for each prefix and label', () => {
  const asked = new Set<string>()
  const weights: Readonly<Record<string, number>> = { '1': -1, '2': 0.5, '1,2': -3, '2,1': 2, '2,2': -0.25 }
  const score = (prefix: readonly number[], label: number): number => {
    const text = [...prefix, label].join()
    expect(asked.has(text)).toBe(false)
    asked.add(text)
    return weights[text] ?? -0.5
  }
  const bonus = (labels: readonly number[]): number =>
    labels.reduce((sum, _, i) => sum + (weights[labels.slice(0, i + 1).join()] ?? -0.5), 0)
  const logits = rows[0]!
  const [found] = ctcBeamSearch(outputsOf([logits]), { beamWidth: Infinity, score })
  const expected = [...enumerateLabels(logits, 0)]
    .map(([text, probability]) => {
      const labels = text === '' ? [] : text.split(',').map(Number)
      return { labels, score: Math.log(probability) + bonus(labels) }
    })
    .toSorted((a, b) => b.score - a.score)
  expect(found!.map(({ labels }) => labels)).toEqual(expected.map(({ labels }) => labels))
  found!.forEach((each, i) => expect(each.score).toBeCloseTo(expected[i]!.score, 9))
})

test('rows end at their lengths; forbidden symbols are never read', () => {
  const lengths = [5, 3, 0, 1, 2, 4]
  const cut = ctcGreedy(outputsOf(rows), { lengths })
  const beams = ctcBeamSearch(outputsOf(rows), {
    lengths: { data: Int32Array.from(lengths), shape: [6] },
    beamWidth: 3,
  })
  lengths.forEach((length, i) => {
    const alone = { data: Float32Array.from(rows[i]!.slice(0, length).flat()), shape: [1, length, 3] }
    expect(cut[i]).toEqual(ctcGreedy(alone)[0])
    expect(beams[i]).toEqual(ctcBeamSearch(alone, { beamWidth: 3 })[0])
  })
  expect(cut[2]).toEqual({ labels: [], logProbability: 0 })
  expect(beams[2]).toEqual([{ labels: [], logProbability: 0, score: 0 }])
  const forbidden = outputsOf([rows[0]!.map(([a = 0, , c = 0]) => [a, -Infinity, c])])
  expect(ctcBeamSearch(forbidden)[0]!.flatMap(({ labels }) => labels)).not.toContain(1)
})

test('decoders say what does not fit', () => {
  const outputs = outputsOf(rows)
  expect(() => ctcGreedy({ data: outputs.data, shape: [6, 15] })).toThrow(
    'ctcGreedy: outputs have 90 elements and shape [6, 15], expected [batch, time, classes]',
  )
  expect(() => ctcGreedy(outputs, { blank: 3 })).toThrow('with a blank, 3')
  expect(() => ctcGreedy(outputs, { lengths: [1] })).toThrow('1 lengths for 6 rows')
  expect(() => ctcGreedy(outputs, { lengths: [1, 2, 3, 4, 5, 6] })).toThrow('row 5 has length 6, expected 0 … 5')
  for (const beamWidth of [0, 1.5, Number.NaN]) {
    expect(() => ctcBeamSearch(outputs, { beamWidth })).toThrow(`beamWidth ${beamWidth}; use a whole number from 1 on`)
  }
  expect(() => ctcBeamSearch(outputsOf([[[0, Number.NaN]]]))).toThrow('the logits of row 0, time step 0, hold NaN')
  expect(() => ctcGreedy(outputsOf([[[0, Infinity]]]))).toThrow('time step 0, are Infinity at most')
  expect(() => ctcBeamSearch(outputs, { score: () => Number.NaN })).toThrow('the score of 1 after [] is NaN')
})

test('the edit distance is the least number of changes', () => {
  const words = (text: string): number[] => [...text].map((letter) => letter.codePointAt(0)!)
  const cases = [['kitten', 'sitting', 3], ['', 'abc', 3], ['abc', '', 3], ['flaw', 'lawn', 2], ['same', 'same', 0], ['ab', 'ba', 2]] as const // prettier-ignore
  for (const [a, b, distance] of cases) {
    expect(editDistance(words(a), words(b))).toBe(distance)
    expect(editDistance(words(b), words(a))).toBe(distance)
  }
})

describe.each(backends)('labelErrorRate, %s', (_, make) => {
  const targets = [[1, 2], [2], [1, 1, 2], [], [2, 1], [1]] // prettier-ignore
  const ids = (values: readonly number[], shape: readonly number[], backend: Backend): Tensor =>
    tensor(Int32Array.from(values), { backend, shape })

  test('is the edit distance of best paths over the labels, whatever the batches', async () => {
    const backend = await make()
    const lengths = [5, 4, 5, 2, 3, 1]
    const found = ctcGreedy(outputsOf(rows), { lengths })
    const errors = targets.map((row, i) => editDistance(row, found[i]!.labels)).reduce((a, b) => a + b)
    const expected = errors / targets.flat().length
    for (const sizes of [[6], [1, 4, 1], [2, 2, 2]]) {
      const totals = new MetricTotals([labelErrorRate()])
      let from = 0
      for (const size of sizes) {
        const own = targets.slice(from, from + size)
        const longest = Math.max(...own.map(({ length }) => length))
        const padded = own.flatMap((row) => Array.from({ length: longest }, (_, i) => row[i] ?? -1))
        scope(backend, () =>
          totals.add(
            backend,
            tensor(rows.slice(from, from + size), { backend }),
            ids(padded, [size, longest], backend),
            {
              lengths: ids(lengths.slice(from, from + size), [size], backend),
            },
          ),
        )
        from += size
      }
      expect((await totals.values())['labelErrorRate']).toBeCloseTo(expected, 12)
      totals.reset()
    }
  })

  test('takes lengths beside the labels', async () => {
    const backend = await make()
    const outputs = tensor([[[0, 3, 0], [0, 3, 0], [3, 0, 0], [0, 3, 0]]], { backend }) // prettier-ignore
    const metric = labelErrorRate({ name: 'ler' })
    const given = { labels: ids([1, 1, 2, 2], [1, 4], backend), lengths: ids([3], [1], backend) }
    const counts = metric.count(outputs, given, {})
    expect(metric.value(await counts.data(), counts.shape)).toBeCloseTo(1 / 3, 12)
  })
})

test('labelErrorRate says what does not fit', async () => {
  const backend = await cpu()
  const outputs = tensor(rows, { backend })
  expect(() => labelErrorRate({ blank: 0.5 })).toThrow('labelErrorRate: blank 0.5')
  expect(() => labelErrorRate().count(tensor([[1]], { backend }), tensor([[1]], { backend }), {})).toThrow(
    'expected [batch, time, classes]',
  )
  const labels = tensor(Int32Array.of(1, 2), { backend, shape: [2, 1] })
  expect(() => labelErrorRate().count(outputs, labels, {})).toThrow(
    'labelErrorRate: labels have shape [2, 1], expected [6, labels]',
  )
})
