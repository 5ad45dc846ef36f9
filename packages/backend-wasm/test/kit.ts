// What the tests share: calls described by values, run on two backends, and compared within stated bounds, with a check that nothing around the results was
// touched.

import { hostUniform, key, sizeOf } from '@rnn/core'
import type { Backend, DType, Operand, OpCall, OpName, Shape } from '@rnn/core'
import { cpu } from '@rnn/backend-cpu'

/** Random cases per property: few by default; `RNN_WASM_CASES=10000` for a thorough run. */
export const CASES = Number(process.env['RNN_WASM_CASES'] ?? 60)

/** Half a unit in the last place of a float32, relative. */
export const U: number = 2 ** -24

/** An operand by its values; where it lies is `offset` elements into its buffer, in rows if given. */
export interface Described {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: ArrayLike<number>
  readonly offset?: number
  readonly rowLength?: number
  readonly rowStride?: number
}

/** A result: `values` are what an op in place begins from. */
export interface Expected extends Omit<Described, 'values'> {
  readonly values?: ArrayLike<number>
}

export interface Call {
  readonly op: OpName
  readonly inputs: readonly (Described | null)[]
  readonly outputs: readonly (Expected | null)[]
  readonly attributes: object
}

// A NaN with a payload: as a float it spoils every sum, as an int it is far out of any range.
const POISON = 0x7fc0dead

/** Runs a call; gives the results in row-major order. Fails if a word around a result was written. */
export function evaluate(backend: Backend, call: Call): (number[] | null)[] {
  const place = (described: Expected | null): Operand | null => {
    if (described === null) return null
    const { shape, dtype, values, offset = 0, ...rows } = described
    const operand = { shape, dtype, byteOffset: offset * 4, ...rows }
    const places = placesOf(operand)
    const words = new Int32Array(endOf(offset, places)).fill(POISON)
    if (values !== undefined) {
      const source = dtype === 'float32' ? new Int32Array(Float32Array.from(values).buffer) : Int32Array.from(values)
      source.forEach((word, i) => (words[places[i]!] = word))
    }
    const buffer = backend.allocate(words.byteLength, 'transient')
    backend.write(buffer, words)
    return { ...operand, buffer }
  }
  const inputs = call.inputs.map(place)
  const outputs = call.outputs.map(place)
  try {
    // Built to the contract by whoever describes the call.
    backend.run({ op: call.op, inputs, outputs, attributes: call.attributes } as unknown as OpCall)
    return outputs.map((operand) => operand && valuesOf(backend, operand))
  } finally {
    for (const operand of [...inputs, ...outputs]) if (operand !== null) backend.release(operand.buffer)
  }
}

function valuesOf(backend: Backend, operand: Operand): number[] {
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

let reference: Promise<Backend> | undefined

/** The backend that results are compared with. */
export function cpuBackend(): Promise<Backend> {
  reference ??= cpu()
  return reference
}

/** Bound of an element's error, from what is due. */
export type Bound = (due: number, index: number) => number

/** Equal to the bit, but for the sign of zero and the payload of NaN. */
export const EXACT: Bound = () => 0

export function within(relative: number, absolute = 0): Bound {
  return (due) => relative * Math.abs(due) + absolute
}

/** Runs a call on the backend and on the CPU backend; fails where the results differ by more than their bounds allow. */
export async function compare(backend: Backend, call: Call, bounds: readonly (Bound | null)[] | Bound): Promise<void> {
  const due = evaluate(await cpuBackend(), call)
  const actual = evaluate(backend, call)
  actual.forEach((values, output) => {
    const bound = typeof bounds === 'function' ? bounds : bounds[output]
    if (values === null || bound === null || bound === undefined) return
    expectClose(values, due[output]!, bound, `${call.op}, output ${output}`)
  })
}

/** Fails unless each element is within its bound; equal infinities and NaNs agree. */
export function expectClose(actual: readonly number[], due: readonly number[], bound: Bound, what: string): void {
  if (actual.length !== due.length) throw new Error(`${what}: ${actual.length} elements instead of ${due.length}`)
  actual.forEach((value, i) => {
    const expected = due[i]!
    if (value === expected || (Number.isNaN(value) && Number.isNaN(expected))) return
    const error = Math.abs(value - expected)
    const allowed = bound(expected, i)
    if (!(error <= allowed)) {
      throw new Error(
        `${what}: element ${i} is ${value} instead of ${expected}, off by ${error}, ${error / allowed} of what is allowed`,
      )
    }
  })
}

/** `count` float32 numbers in [−scale, scale), the same for the same seed. */
export function randoms(seed: number, count: number, scale = 1): Float32Array {
  const next = hostUniform(key(seed))
  return Float32Array.from({ length: count }, () => (next() * 2 - 1) * scale)
}

/** `count` integers in [from, to]. */
export function randomInts(seed: number, count: number, from: number, to: number): Int32Array {
  const next = hostUniform(key(seed))
  return Int32Array.from({ length: count }, () => from + Math.floor(next() * (to - from + 1)))
}

export function floats(shape: Shape, values: ArrayLike<number>, place: Partial<Described> = {}): Described {
  return { shape, dtype: 'float32', values, ...place }
}

export function ints(shape: Shape, values: ArrayLike<number>, place: Partial<Described> = {}): Described {
  return { shape, dtype: 'int32', values, ...place }
}

export function blank(shape: Shape, place: Partial<Described> = {}): Expected {
  return { shape, dtype: 'float32', ...place }
}

/** Rows with a gap between them. */
export function rows(shape: Shape, rowLength: number, gap: number, offset = 0): Partial<Described> {
  return sizeOf(shape) === 0 ? { offset } : { offset, rowLength, rowStride: rowLength + gap }
}
