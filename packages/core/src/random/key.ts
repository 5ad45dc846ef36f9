// Random keys: plain host values from which every random number of the project follows.

import { RnnError } from '../errors.ts'
import { threefry2x32 } from './threefry.ts'

/** A key of the counter-based generator: two int32 words. Plain data: keep it in checkpoints, send it to workers. */
export interface RandomKey {
  readonly words: readonly [number, number]
}

/**
 * The key of a seed, of which all 53 bits count.
 *
 * @param seed a whole number
 * @throws E_VALUE for any other
 */
export function key(seed: number): RandomKey {
  if (!Number.isSafeInteger(seed)) throw notWhole('key', `seed ${String(seed)}`)
  return { words: [Math.floor(seed / 2 ** 32) | 0, seed | 0] }
}

/**
 * A key for a named part: different names give independent streams, the same name the same stream.
 *
 * ```ts
 * const dropoutKey = splitKey(splitKey(key(1), 'encoder'), step)
 * ```
 *
 * @param name a text, or a whole number, whose low 32 bits count
 * @throws E_VALUE for a number that is not whole
 */
export function splitKey(parent: RandomKey, name: string | number): RandomKey {
  if (typeof name === 'number' && !Number.isSafeInteger(name)) throw notWhole('splitKey', `name ${String(name)}`)
  const [counter0, counter1] = typeof name === 'number' ? [name | 0, 0x6e756d] : [hashName(name), name.length]
  const out = new Int32Array(2)
  threefry2x32(parent.words[0], parent.words[1], counter0, counter1, out)
  return { words: [out[0] ?? 0, out[1] ?? 0] }
}

function notWhole(operation: string, problem: string): RnnError {
  return new RnnError({ code: 'E_VALUE', operation, problem, fix: 'use a whole number' })
}

/** 32-bit FNV-1a over UTF-16 code units. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    hash ^= name.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash | 0
}

/** An endless source of uniform numbers in [0, 1) on the host, element i as `uniform` on any backend would give it. */
export function hostUniform(from: RandomKey): () => number {
  const block = new Int32Array(2)
  let index = 0
  return () => {
    if ((index & 1) === 0) threefry2x32(from.words[0], from.words[1], index >> 1, 0, block)
    return ((block[index++ & 1] ?? 0) >>> 8) * 2 ** -24
  }
}

/** An endless source of standard normal numbers on the host, by the formula of the contract's `random`. */
export function hostNormal(from: RandomKey): () => number {
  const block = new Int32Array(2)
  let index = 0
  return () => {
    threefry2x32(from.words[0], from.words[1], index++, 0, block)
    const u = (((block[0] ?? 0) >>> 8) + 1) * 2 ** -24
    const v = ((block[1] ?? 0) >>> 8) * 2 ** -24
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  }
}
