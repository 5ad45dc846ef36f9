// What the kernel tests share: operands placed anywhere in a buffer, read back in row-major order, with a check that nothing around them was touched.

import { hostUniform, key, sizeOf } from '@rnn/core'
import type { Backend, DType, Operand, OpCall, Shape } from '@rnn/core'
import { cpu } from '../src/index.ts'

/** Where an operand lies: `offset` elements into its buffer, in rows if given. */
export interface Placement {
  readonly offset?: number
  readonly rowLength?: number
  readonly rowStride?: number
}

export interface Kit {
  readonly backend: Backend
  /** An operand that holds `values` in row-major order; the words around them are poison. */
  place(dtype: DType, shape: Shape, values: ArrayLike<number>, placement?: Placement): Operand
  /** A float32 operand. */
  floats(shape: Shape, values: ArrayLike<number>, placement?: Placement): Operand
  ints(shape: Shape, values: ArrayLike<number>, placement?: Placement): Operand
  bools(shape: Shape, values: ArrayLike<number>, placement?: Placement): Operand
  /** An operand for a result: poison everywhere. */
  blank(shape: Shape, placement?: Placement, dtype?: DType): Operand
  run(call: OpCall): void
  /** The elements in row-major order, after a check that the words around them are still poison. */
  values(operand: Operand): number[]
}

// A NaN with a payload: as a float it spoils every sum, as an int it is far out of any range.
const POISON = 0x7fc0dead

export async function kit(): Promise<Kit> {
  const backend = await cpu()

  const place: Kit['place'] = (dtype, shape, values, placement = {}) => {
    const { offset = 0, ...rows } = placement
    const operand = { shape, dtype, byteOffset: offset * 4, ...rows }
    const places = placesOf(operand)
    const words = new Int32Array(endOf(offset, places)).fill(POISON)
    const source = dtype === 'float32' ? new Int32Array(Float32Array.from(values).buffer) : Int32Array.from(values)
    source.forEach((word, i) => (words[places[i]!] = word))
    const buffer = backend.allocate(words.byteLength, 'transient')
    backend.write(buffer, words)
    return { ...operand, buffer }
  }

  return {
    backend,
    place,
    floats: (shape, values, placement) => place('float32', shape, values, placement),
    ints: (shape, values, placement) => place('int32', shape, values, placement),
    bools: (shape, values, placement) => place('bool', shape, values, placement),
    blank: (shape, placement, dtype = 'float32') => place(dtype, shape, [], placement),
    run: (call) => backend.run(call),
    values(operand) {
      const places = placesOf(operand)
      const end = endOf(operand.byteOffset / 4, places)
      const bytes = backend.readSync!({ buffer: operand.buffer, byteOffset: 0, byteLength: end * 4 })
      const ints = new Int32Array(bytes.buffer)
      const floats = new Float32Array(bytes.buffer)
      const own = new Set(places)
      ints.forEach((word, i) => {
        if (!own.has(i) && word !== POISON) throw new Error(`word ${i}, outside the operand, was overwritten`)
      })
      return places.map((place) => (operand.dtype === 'float32' ? floats[place]! : ints[place]!))
    },
  }
}

/** Indices of an operand's elements in its buffer, straight from the contract's formula. */
function placesOf(operand: Omit<Operand, 'buffer'>): number[] {
  const count = sizeOf(operand.shape)
  const { rowLength = count, rowStride = rowLength } = operand
  return Array.from(
    { length: count },
    (_, i) => operand.byteOffset / 4 + Math.floor(i / rowLength) * rowStride + (i % rowLength),
  )
}

/** Words of a buffer for elements at these places, with some to spare. */
function endOf(offset: number, places: readonly number[]): number {
  return places.reduce((end, place) => Math.max(end, place + 1), offset) + 3
}

/** `count` float32 numbers in [−scale, scale), the same for the same seed. */
export function randoms(seed: number, count: number, scale = 1): number[] {
  const next = hostUniform(key(seed))
  return Array.from({ length: count }, () => Math.fround((next() * 2 - 1) * scale))
}

/** Half a unit in the last place of a float32, relative: the error of rounding a double once. */
export const ROUNDING: number = 2 ** -24

/** Fails unless |actual − expected| ≤ relative·|expected| + absolute everywhere; equal infinities and NaNs agree. */
export function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  relative: number = ROUNDING * 1.01,
  absolute: number = 2 ** -149,
): void {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements instead of ${expected.length}`)
  actual.forEach((value, i) => {
    const due = expected[i]!
    if (Object.is(value, Math.fround(due)) || value === due || (value !== value && due !== due)) return
    const error = Math.abs(value - due)
    if (!(error <= relative * Math.abs(due) + absolute)) {
      throw new Error(`element ${i}: ${value} instead of ${due}, off by ${error}`)
    }
  })
}

/** All index tuples of a shape in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (prefixes, length) => prefixes.flatMap((prefix) => Array.from({ length }, (_, i) => [...prefix, i])),
    [[]],
  )
}

/** Row-major position of an index tuple in `shape`, to which dimensions of 1 and missing leading ones broadcast. */
export function positionIn(shape: Shape, index: readonly number[]): number {
  return shape.reduce((position, length, axis) => {
    const i = index[index.length - shape.length + axis]!
    return position * length + (length === 1 ? 0 : i)
  }, 0)
}
