/**
 * Seeded random numbers for orders and splits: xoshiro128** (Blackman and Vigna 2018) started by SplitMix32-style
 * mixing of a seed and a path. The package has its own 32-bit generator so that an order can never change with a
 * dependency: a checkpoint that stands in the middle of an epoch must find the same order again.
 */

import { checkWhole, DataError, shown } from './errors.ts'

/** A stream of random numbers; the same seed and path give the same stream on every platform. */
export interface RandomStream {
  /** The next 32 random bits, as 0 … 2³²−1. */
  uint32(): number
  /** A whole number from 0 to `limit` − 1, each equally likely; `limit` is 1 … 2³². */
  below(limit: number): number
}

/**
 * A random stream for `seed` and a path of whole numbers such as the epoch; streams of different paths are independent.
 * Throws `E_ARGUMENT` unless the seed is a safe integer.
 *
 * @example
 * ```ts
 * import { randomStream } from '@rnn/data'
 * randomStream(1, 0).uint32() === randomStream(1, 0).uint32() // → true
 * randomStream(1, 0).uint32() === randomStream(1, 1).uint32() // → false
 * ```
 */
export function randomStream(seed: number, ...path: readonly number[]): RandomStream {
  checkSeed(seed)
  let state = 0x9e3779b9
  for (const part of [seed, ...path]) {
    // Both halves count: seeds past 2³² must not repeat those below it.
    state = mix(state ^ (part >>> 0))
    state = mix(state ^ (Math.floor(part / 2 ** 32) >>> 0))
  }
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    return mix(state)
  }
  const uint32 = xoshiro128(word(), word(), word(), word() | 1) // an all-zero state would stay zero
  const below = (limit: number): number => {
    // Values past the last full multiple of `limit` are drawn again: without that, small results would be likelier.
    const end = 2 ** 32 - (2 ** 32 % limit)
    let value = uint32()
    while (value >= end) value = uint32()
    return value % limit
  }
  return { uint32, below }
}

/**
 * The numbers 0 … count − 1 in a random order (Fisher–Yates), a pure function of count, seed and path; the caller owns
 * the array.
 *
 * @example
 * ```ts
 * import { permutation } from '@rnn/data'
 * const order = permutation(5, 1)
 * order.toSorted() // → [0, 1, 2, 3, 4]
 * ```
 */
export function permutation(count: number, seed: number, ...path: readonly number[]): Int32Array {
  checkWhole(count, 'count', 0)
  const order = Int32Array.from({ length: count }, (_, i) => i)
  shuffleInPlace(order, randomStream(seed, ...path))
  return order
}

/**
 * A shuffled copy of `items`, a pure function of items, seed and path.
 *
 * @example
 * ```ts
 * import { shuffle } from '@rnn/data'
 * shuffle(['a', 'b', 'c'], 7).sort() // → ["a", "b", "c"]
 * ```
 */
export function shuffle<T>(items: readonly T[], seed: number, ...path: readonly number[]): T[] {
  const copy = [...items]
  shuffleInPlace(copy, randomStream(seed, ...path))
  return copy
}

/** Shuffles an array or typed array where it stands, by the numbers of `random`. */
export function shuffleInPlace<T>(items: { [index: number]: T; readonly length: number }, random: RandomStream): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const other = items[j] as T
    items[j] = items[i] as T
    items[i] = other
  }
}

/**
 * The generator xoshiro128** from a state of four words that are not all zero: a function that gives 32 bits a call.
 */
export function xoshiro128(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
}

/** Throws `E_ARGUMENT` unless `seed` is a safe integer. */
export function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed)) return
  throw new DataError('E_ARGUMENT', {
    problem: `seed is ${shown(seed)}, expected a whole number`,
    got: seed,
    expected: 'a whole number',
  })
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of the input. */
function mix(value: number): number {
  let hash = value >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
