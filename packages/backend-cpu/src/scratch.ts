// Working memory of kernels, kept from call to call, so that a steady loop allocates nothing.

/** What a piece of scratch is for; one array of each lives on a backend. */
export type ScratchName =
  | 'panelsA'
  | 'panelsB'
  | 'product'
  | 'accumulator'
  | 'hidden'
  | 'cell'
  | 'order'
  | 'lengths'
  | 'active'
  | 'counts'
  | 'indices'

/** Named arrays that grow and never shrink. A kernel owns what it takes until it returns; contents are undefined. */
export class Scratch {
  readonly #doubles = new Map<ScratchName, Float64Array>()
  readonly #ints = new Map<ScratchName, Int32Array>()
  #zeros = new Float32Array(0)
  #byteLength = 0

  get byteLength(): number {
    return this.#byteLength
  }

  /** At least `length` doubles. */
  doubles(name: ScratchName, length: number): Float64Array {
    const existing = this.#doubles.get(name)
    if (existing !== undefined && existing.length >= length) return existing
    const grown = new Float64Array(capacityFor(length))
    this.#byteLength += grown.byteLength - (existing?.byteLength ?? 0)
    this.#doubles.set(name, grown)
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

  /** At least `length` int32s. */
  ints(name: ScratchName, length: number): Int32Array {
    const existing = this.#ints.get(name)
    if (existing !== undefined && existing.length >= length) return existing
    const grown = new Int32Array(capacityFor(length))
    this.#byteLength += grown.byteLength - (existing?.byteLength ?? 0)
    this.#ints.set(name, grown)
    return grown
  }

  clear(): void {
    this.#doubles.clear()
    this.#ints.clear()
    this.#zeros = new Float32Array(0)
    this.#byteLength = 0
  }
}

/** A quarter of slack, so that slowly growing sizes don't allocate each time. */
function capacityFor(length: number): number {
  return Math.max(64, Math.ceil(length * 1.25))
}
