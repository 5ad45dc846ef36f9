// An allocator over linear memory: two-level segregated fit (Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems", 2004), kept
// outside the memory that it divides. Taking and giving back cost the same whatever lives, neighbours join at once, and a loop that repeats its
// allocations gets the same blocks again.

/** Sizes and addresses are multiples of this: cache lines, and whole vectors. */
export const ALIGNMENT = 64

/** Kernels may read this much past the end of an operand: whole vectors at the end of a row. */
const SLACK = 1024

/** A stretch of memory, taken or free. */
export interface Block {
  readonly pointer: number
  readonly size: number
}

interface Stretch {
  pointer: number
  size: number
  free: boolean
  /** Neighbours in memory. */
  before: Stretch | undefined
  after: Stretch | undefined
  /** Neighbours in the list of free stretches of one class. */
  previous: Stretch | undefined
  next: Stretch | undefined
}

/** Classes of a power of two. */
const SUBCLASSES = 8

/** Memory that can grow: the bytes it has, and a request for at least so many; false when that can't be. */
export interface Growable {
  readonly byteLength: number
  grow(byteLength: number): boolean
}

/** Divides the memory from `base` on. */
export class Heap {
  readonly #memory: Growable
  readonly #free: (Stretch | undefined)[] = []
  /** Bit f: some class of first level f has a free stretch; the same for its classes. */
  #firstLevel = 0
  readonly #secondLevel: number[] = new Array<number>(32).fill(0)
  /** Records of stretches that were joined to others, for reuse. */
  readonly #records: Stretch[] = []
  #last: Stretch | undefined
  #end: number

  constructor(memory: Growable, base: number) {
    this.#memory = memory
    this.#end = alignUp(base)
  }

  /** At least `byteLength` bytes with undefined contents; undefined when the memory is exhausted. */
  take(byteLength: number): Block | undefined {
    const size = Math.max(ALIGNMENT, alignUp(byteLength))
    const stretch = this.#find(size) ?? this.#extend(size)
    if (stretch === undefined) return undefined
    this.#unlink(stretch)
    if (stretch.size > size) this.#split(stretch, size)
    stretch.free = false
    return stretch
  }

  give(block: Block): void {
    let stretch = block as Stretch // blocks are made here only
    const { before, after } = stretch
    if (after?.free === true) {
      this.#unlink(after)
      this.#absorb(stretch, after)
    }
    if (before?.free === true) {
      this.#unlink(before)
      this.#absorb(before, stretch)
      stretch = before
    }
    this.#link(stretch)
  }

  #find(size: number): Stretch | undefined {
    // Rounded up to the next class, so that whatever lies there is large enough.
    const units = size / ALIGNMENT
    const first = 31 - Math.clz32(units)
    const index = classOf(first >= 3 ? units + 2 ** (first - 3) - 1 : units)
    const level = index >> 3
    const within = this.#secondLevel[level]! & (-1 << (index & 7))
    if (within !== 0) return this.#free[level * SUBCLASSES + lowestBit(within)]
    const above = level >= 31 ? 0 : this.#firstLevel & (-2 << level)
    if (above === 0) return this.#exact(size, classOf(units))
    const higher = lowestBit(above)
    return this.#free[higher * SUBCLASSES + lowestBit(this.#secondLevel[higher]!)]
  }

  /** The class of the size itself may hold stretches that are large enough: looked through before memory grows. */
  #exact(size: number, index: number): Stretch | undefined {
    let stretch = this.#free[index]
    while (stretch !== undefined && stretch.size < size) stretch = stretch.next
    return stretch
  }

  /** Makes the memory's last stretch free and large enough, growing the memory if need be. */
  #extend(size: number): Stretch | undefined {
    const last = this.#last?.free === true ? this.#last : undefined
    const missing = size - (last?.size ?? 0)
    const needed = this.#end + missing + SLACK
    if (needed > this.#memory.byteLength && !this.#memory.grow(needed)) return undefined
    // All that the memory has: what is left over serves the next.
    const added = alignDown(this.#memory.byteLength - SLACK) - this.#end
    const stretch = this.#record(this.#end, added, this.#last)
    if (this.#last) this.#last.after = stretch
    this.#last = stretch
    this.#end += added
    if (last === undefined) {
      this.#link(stretch)
      return stretch
    }
    this.#unlink(last)
    this.#absorb(last, stretch)
    this.#link(last)
    return last
  }

  #split(stretch: Stretch, size: number): void {
    const rest = this.#record(stretch.pointer + size, stretch.size - size, stretch)
    rest.after = stretch.after
    if (rest.after) rest.after.before = rest
    else this.#last = rest
    stretch.after = rest
    stretch.size = size
    this.#link(rest)
  }

  /** `stretch` takes over the stretch that follows it. */
  #absorb(stretch: Stretch, following: Stretch): void {
    stretch.size += following.size
    stretch.after = following.after
    if (stretch.after) stretch.after.before = stretch
    else this.#last = stretch
    following.before = undefined
    following.after = undefined
    this.#records.push(following)
  }

  #record(pointer: number, size: number, before: Stretch | undefined): Stretch {
    const record = this.#records.pop()
    if (record === undefined) {
      return { pointer, size, free: false, before, after: undefined, previous: undefined, next: undefined }
    }
    record.pointer = pointer
    record.size = size
    record.free = false
    record.before = before
    record.after = undefined
    return record
  }

  #link(stretch: Stretch): void {
    const index = classOf(stretch.size / ALIGNMENT)
    const head = this.#free[index]
    stretch.free = true
    stretch.previous = undefined
    stretch.next = head
    if (head) head.previous = stretch
    this.#free[index] = stretch
    this.#firstLevel |= 1 << (index >> 3)
    this.#secondLevel[index >> 3]! |= 1 << (index & 7)
  }

  #unlink(stretch: Stretch): void {
    const { previous, next } = stretch
    stretch.free = false
    stretch.previous = undefined
    stretch.next = undefined
    if (next) next.previous = previous
    if (previous) {
      previous.next = next
      return
    }
    const index = classOf(stretch.size / ALIGNMENT)
    this.#free[index] = next
    if (next) return
    const level = index >> 3
    this.#secondLevel[level]! &= ~(1 << (index & 7))
    if (this.#secondLevel[level] === 0) this.#firstLevel &= ~(1 << level)
  }
}

/** Eight classes per power of two, one for each size below eight units. */
function classOf(units: number): number {
  if (units < SUBCLASSES) return units
  const first = 31 - Math.clz32(units)
  return (first - 2) * SUBCLASSES + ((units >> (first - 3)) & (SUBCLASSES - 1))
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

function alignUp(value: number): number {
  return Math.ceil(value / ALIGNMENT) * ALIGNMENT
}

function alignDown(value: number): number {
  return Math.floor(value / ALIGNMENT) * ALIGNMENT
}
