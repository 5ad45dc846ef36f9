/** Splits samples into a training and a validation part, at random by a seed, and by label where wanted. */

import { DataError, shown } from '../errors.ts'
import { checkSeed, randomStream, shuffleInPlace } from '../random.ts'

/** Options of {@link trainValidationSplit}. */
export interface SplitOptions<T> {
  /** The share of validation samples, between 0 and 1. Default 0.1. */
  readonly validation?: number
  /** Default 0. */
  readonly seed?: number
  /**
   * The label of a sample: each label is then split in the same proportion, so that a rare one is not lost to either
   * part by chance.
   */
  readonly stratifyBy?: (sample: T, index: number) => string | number
}

/** The two parts, each in the order of the samples. */
export interface Split<T> {
  readonly train: T[]
  readonly validation: T[]
}

/**
 * Splits samples in two; a pure function of its arguments. Validation gets `round(count × validation)` samples, at
 * least one; stratified, each label's share is right to within one sample, and a label of a single sample stays in
 * training. Throws `E_SPLIT` when there are too few samples for two parts.
 *
 * @example
 * ```ts
 * import { trainValidationSplit } from '@rnn/data'
 * const rows = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4']
 * const { train, validation } = trainValidationSplit(rows, { validation: 0.25, stratifyBy: (row) => row[0] })
 * validation.map((row) => row[0]) // → ["a", "b"]
 * train.length // → 6
 * ```
 */
export function trainValidationSplit<T>(samples: readonly T[], options: SplitOptions<T> = {}): Split<T> {
  const { validation: share = 0.1, seed = 0, stratifyBy } = options
  checkSeed(seed)
  if (!(share > 0 && share < 1)) {
    throw new DataError('E_ARGUMENT', {
      problem: `validation is ${shown(share)}, expected a share between 0 and 1`,
      got: share,
      expected: 'a number between 0 and 1',
    })
  }
  const groups = new Map<string | number, number[]>()
  for (const [index, sample] of samples.entries()) {
    const label = stratifyBy?.(sample, index) ?? ''
    const group = groups.get(label)
    if (group === undefined) groups.set(label, [index])
    else group.push(index)
  }
  const chosen = choose([...groups.values()], Math.max(1, Math.round(samples.length * share)), share, seed)
  if (chosen.size === 0 || chosen.size === samples.length) {
    throw new DataError('E_SPLIT', {
      problem: `${samples.length} samples cannot be split into training and validation`,
      got: samples.length,
      expected: stratifyBy === undefined ? 'at least two samples' : 'at least two samples of some label',
      fix: 'give more samples or a validation set of your own',
    })
  }
  return {
    train: samples.filter((_, index) => !chosen.has(index)),
    validation: samples.filter((_, index) => chosen.has(index)),
  }
}

// Keeps the numbers of a split apart from those of epoch 0 with the same seed.
const splitPath = -1

/**
 * Picks about `wanted` indices, of each group its share: whole parts first, then one more for those with the largest
 * remainders.
 */
function choose(groups: readonly number[][], wanted: number, share: number, seed: number): Set<number> {
  const random = randomStream(seed, splitPath)
  const quotas = groups.map((group, position) => {
    shuffleInPlace(group, random)
    const exact = group.length * share
    const most = Math.max(0, group.length - 1) // one sample of each label stays in training
    return { group, position, most, count: Math.min(most, Math.floor(exact)), remainder: exact - Math.floor(exact) }
  })
  let left = wanted - quotas.reduce((sum, { count }) => sum + count, 0)
  for (const quota of quotas.toSorted((a, b) => b.remainder - a.remainder || a.position - b.position)) {
    if (left <= 0) break
    if (quota.count >= quota.most) continue
    quota.count += 1
    left -= 1
  }
  return new Set(quotas.flatMap(({ group, count }) => group.slice(0, count)))
}
