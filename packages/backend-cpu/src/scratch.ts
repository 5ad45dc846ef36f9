// Working memory of kernels, kept from call to call, so that a steady loop allocates nothing.

import { outOfMemory } from './memory.ts'

/** Packed matrices: a plain array, which V8 keeps as unboxed doubles as long as it holds nothing but numbers. */
export type Panels = number[]

/** The engine refuses arrays of doubles not far beyond this length. */
const MOST_PANEL_ELEMENTS = 2 ** 26

/** What a piece of scratch is for; one array of each lives on a backend. */
export type ScratchName =
  | 'product'
  | 'accumulator'
  | 'hidden'
  | 'cell'
  | 'order'
  | 'lengths'
  | 'active'
  | 'counts'
  | 'indices'

/** The two sides of a product. */
export type PanelName = 'panelsA' | 'panelsB'

/** Arrays longer than this, in elements, are made for one call and left to the collector. */
const KEPT_LENGTH = 2 ** 23

/** Named arrays that grow and never shrink. A kernel owns what it takes until it returns; contents are undefined. */
export class Scratch {
  readonly #doubles = new Map<ScratchName, Float64Array>()
  readonly #panels = new Map<PanelName, Panels>()
  readonly #ints = new Map<ScratchName, Int32Array>()
  #zeros = new Float32Array(0)
  #byteLength = 0

  get byteLength(): number {
    return this.#byteLength
  }

  /** At least `length` doubles. @throws E_OUT_OF_MEMORY */
  doubles(name: ScratchName, length: number): Float64Array {
    return this.#take(this.#doubles, Float64Array, name, length)
  }

  /** At least `length` int32s. @throws E_OUT_OF_MEMORY */
  ints(name: ScratchName, length: number): Int32Array {
    return this.#take(this.#ints, Int32Array, name, length)
  }

  /** At least `length` elements of packed matrices. @throws E_OUT_OF_MEMORY beyond what an array can hold */
  panels(name: PanelName, length: number): Panels {
    const existing = this.#panels.get(name)
    if (existing !== undefined && existing.length >= length) return existing
    if (length > MOST_PANEL_ELEMENTS) {
      throw outOfMemory('run', `a matrix of ${length} elements to pack`, undefined)
    }
    const grown = newPanels(length > KEPT_LENGTH ? length : capacityFor(length))
    if (length > KEPT_LENGTH) return grown
    this.#byteLength += 8 * (grown.length - (existing?.length ?? 0))
    this.#panels.set(name, grown)
    return grown
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
    this.#ints.clear()
    this.#panels.clear()
    this.#zeros = new Float32Array(0)
    this.#byteLength = 0
  }

  #take<Words extends Float64Array | Int32Array>(
    kept: Map<ScratchName, Words>,
    Words: { new (length: number): Words; readonly BYTES_PER_ELEMENT: number },
    name: ScratchName,
    length: number,
  ): Words {
    const existing = kept.get(name)
    if (existing !== undefined && existing.length >= length) return existing
    try {
      if (length > KEPT_LENGTH) return new Words(length)
      const grown = new Words(capacityFor(length))
      this.#byteLength += grown.byteLength - (existing?.byteLength ?? 0)
      kept.set(name, grown)
      return grown
    } catch (cause) {
      throw outOfMemory('run', `${length * Words.BYTES_PER_ELEMENT} bytes of working memory asked`, cause)
    }
  }
}

/** A quarter of slack, so that slowly growing sizes don't allocate each time. */
function capacityFor(length: number): number {
  return Math.max(64, Math.ceil(length * 1.25))
}

/**
 * An array of unboxed doubles. Not of zeros: those would begin as small integers. `new Array` with more than 2²⁵ elements would make a dictionary, so
 * long arrays grow from a short one.
 */
function newPanels(length: number): Panels {
  const panels = new Array<number>(Math.min(length, 2 ** 20)).fill(0.5)
  while (panels.length < length) panels.push(0.5)
  return panels
}
