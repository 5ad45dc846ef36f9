/** A normal series, oddities to plant in it, and the picture of what was found: the surroundings of the example `anomaly`. */

import type { PictureSpec } from 'app-kit/picture'
import { seriesOf, type HostArray, type RandomStream, type Series } from '@rnn/data'

/** Steps of a stretch. */
export const STEPS = 48

const shares = (random: RandomStream): number => random.uint32() / 2 ** 32

/** A pulse: beats of about 24 steps, two bumps each, no two of the same height or length, and noise. */
export function pulse(count: number, random: RandomStream): Series {
  const values = new Float32Array(count)
  const bump = (at: number, width: number): number => Math.exp(-(at * at) / (2 * width * width))
  for (let start = 0; start < count;) {
    const [length, height] = [23 + random.below(3), 0.85 + 0.3 * shares(random)]
    for (let i = 0; i < length && start + i < count; i++) {
      const at = (24 * i) / length
      values[start + i] = height * (bump(at - 6, 1.5) + 0.45 * bump(at - 15, 3)) + 0.03 * (2 * shares(random) - 1)
    }
    start += length
  }
  return seriesOf({ pulse: values })
}

/** Makes a stretch odd, in one of five ways. Only the first two show in its farthest value. */
export function plant(stretch: Float32Array, random: RandomStream): void {
  const from = 4 + random.below(12)
  const part = stretch.subarray(from, from + 28)
  const before = Float32Array.from(part)
  const ways: readonly ((value: number, i: number) => number)[] = [
    (value, i) => (i === 14 ? value + (value > 0 ? -4 : 4) : value), // a spike
    (value) => 1.8 * value, // louder
    () => before[0]!, // stuck
    (_, i) => before[before.length - 1 - i]!, // backwards
    (_, i) => before[(2 * i) % before.length]!, // twice as fast
  ]
  const way = ways[random.below(ways.length)]!
  for (const [i, value] of before.entries()) part[i] = way(value, i)
}

/** The first stretches, one after another, with what the network made of them; the odd ones shaded, those found underlined. */
export function drawing(
  stretches: HostArray<Float32Array>,
  unfolded: HostArray<Float32Array>,
  odd: readonly boolean[],
  flagged: readonly boolean[],
): PictureSpec {
  const shown = Math.min(24, odd.length)
  const lines = Array.from({ length: shown * STEPS }, (_, step) => [
    { step, value: stretches.data[step], line: 'series' },
    { step, value: unfolded.data[step], line: 'unfolded' },
  ]).flat()
  const bands = (which: readonly boolean[]): readonly { from: number; to: number }[] =>
    which.slice(0, shown).flatMap((is, i) => (is ? [{ from: i * STEPS, to: (i + 1) * STEPS }] : []))
  return {
    width: 1100,
    height: 200,
    title: 'shaded: odd; underlined: found',
    layer: [
      {
        data: { values: [...bands(odd)] },
        mark: { type: 'rect', color: '#f3d9b1' },
        encoding: { x: { field: 'from', type: 'quantitative', title: 'time' }, x2: { field: 'to' } },
      },
      {
        data: { values: [...bands(flagged)] },
        mark: { type: 'rule', color: '#c0392b', strokeWidth: 5 },
        encoding: { x: { field: 'from', type: 'quantitative' }, x2: { field: 'to' }, y: { value: 198 } },
      },
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1 },
        encoding: {
          x: { field: 'step', type: 'quantitative' },
          y: { field: 'value', type: 'quantitative', title: 'scaled' },
          color: { field: 'line', type: 'nominal', title: null },
        },
      },
    ],
  }
}
