// Working memory of kernels, kept from call to call, so that a steady loop allocates nothing.

import { outOfMemory } from './memory.ts'

/**
 * Doubles in a plain array: V8 keeps them unboxed as long as it holds nothing but numbers, and reaches an element with fewer instructions than in a
 * Float64Array. For the hot loops; panels.ts says what it buys.
 */
export type Doubles = number[]

/** What a piece of scratch is for; one array of each lives on a backend. */
export type DoublesName = 'panelsA' | 'panelsB' | 'product' | 'hidden' | 'cell'
export type SumsName = 'sums' | 'moreSums'
export type IntsName = 'order' | 'lengths' | 'active' | 'counts' | 'indices'

/** Arrays longer than this, in elements, are made for one call and left to the collector. */
const KEPT_LENGTH = 2 ** 23

/** Engines refuse plain arrays of doubles not far beyond this length. */
const MOST_DOUBLES = 2 ** 26

/** `new Array` with more than this would make a dictionary; longer arrays grow from a short one. */
const LONGEST_NEW_ARRAY = 2 ** 24

/** Named arrays that grow and never shrink. A kernel owns what it takes until it returns; contents are undefined. */
export class Scratch {
  readonly #doubles = new Map<DoublesName, Doubles>()
  readonly #sums = new Map<SumsName, Float64Array>()
  readonly #ints = new Map<IntsName, Int32Array>()
  #zeros = new Float32Array(0)
  #byteLength = 0

  get byteLength(): number {
    return this.#byteLength
  }

  /** At least `length` doubles for hot loops. @throws E_OUT_OF_MEMORY beyond what a plain array can hold */
  doubles(name: DoublesName, length: number): Doubles {
    if (length > MOST_DOUBLES) throw noMemory(8 * length, undefined)
    return this.#take(this.#doubles, newDoubles, name, length, 8)
  }

  /** At least `length` doubles of any number. @throws E_OUT_OF_MEMORY */
  sums(name: SumsName, length: number): Float64Array {
    return this.#take(this.#sums, (n) => new Float64Array(n), name, length, 8)
  }

  /** At least `length` int32s. @throws E_OUT_OF_MEMORY */
  ints(name: IntsName, length: number): Int32Array {
    return this.#take(this.#ints, (n) => new Int32Array(n), name, length, 4)
  }

  /** At least `length` zeros: whoever asks does not write. */
  zeros(length: number): Float32Array {
    if (this.#zeros.length < length) {
      this.#byteLength -= this.#zeros.byteLength
      this.#zeros = new Float32Array(capacityFor(length))
      this.#byteLength += this.#zeros.byteLength
    }
    return this.#zeros
  }

  clear(): void {
    this.#doubles.clear()
    this.#sums.clear()
    this.#ints.clear()
    this.#zeros = new Float32Array(0)
    this.#byteLength = 0
  }

  #take<Name, Words extends { readonly length: number }>(
    kept: Map<Name, Words>,
    make: (length: number) => Words,
    name: Name,
    length: number,
    bytesPerElement: number,
  ): Words {
    const existing = kept.get(name)
    if (existing !== undefined && existing.length >= length) return existing
    try {
      if (length > KEPT_LENGTH) return make(length)
      const grown = make(capacityFor(length))
      this.#byteLength += (grown.length - (existing?.length ?? 0)) * bytesPerElement
      kept.set(name, grown)
      return grown
    } catch (cause) {
      throw noMemory(length * bytesPerElement, cause)
    }
  }
}

/** A quarter of slack, so that slowly growing sizes don't allocate each time. */
function capacityFor(length: number): number {
  return Math.max(64, Math.ceil(length * 1.25))
}

/** Not zeros: an array of those would begin as small integers, and change its kind later. */
function newDoubles(length: number): Doubles {
  const doubles = new Array<number>(Math.min(length, LONGEST_NEW_ARRAY)).fill(0.5)
  while (doubles.length < length) doubles.push(0.5)
  return doubles
}

function noMemory(byteLength: number, cause: unknown): Error {
  return outOfMemory('run', `${byteLength} bytes of working memory asked`, cause)
}
