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

type Values = Float32Array | Int32Array

/** Runs a call; gives the results in row-major order. Fails if a word around a result was written. */
export function evaluate(backend: Backend, call: Call): (Values | null)[] {
  const place = (described: Expected | null): Operand | null => {
    if (described === null) return null
    const { shape, dtype, values, offset = 0, ...rows } = described
    const operand = { shape, dtype, byteOffset: offset * 4, ...rows }
    const places = placesOf(operand)
    const words = new Int32Array(endOf(operand, places)).fill(POISON)
    if (values !== undefined) {
      const source = dtype === 'float32' ? new Int32Array(Float32Array.from(values).buffer) : Int32Array.from(values)
      if (places === undefined) words.set(source.subarray(0, sizeOf(shape)), offset)
      else source.forEach((word, i) => (words[places[i]!] = word))
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

function valuesOf(backend: Backend, operand: Operand): Values {
  const places = placesOf(operand)
  const byteLength = endOf(operand, places) * 4
  const { buffer } = backend.readSync!({ buffer: operand.buffer, byteOffset: 0, byteLength })
  const ints = new Int32Array(buffer)
  const all = operand.dtype === 'float32' ? new Float32Array(buffer) : ints
  const first = operand.byteOffset / 4
  const count = sizeOf(operand.shape)
  const values = places === undefined ? all.slice(first, first + count) : all.slice(0, count)
  places?.forEach((place, i) => (values[i] = all[place]!))
  if (places === undefined) ints.fill(POISON, first, first + count)
  else for (const place of places) ints[place] = POISON
  const strange = ints.findIndex((word) => word !== POISON)
  if (strange >= 0) throw new Error(`word ${strange}, outside the operand, was overwritten`)
  return values
}

/** Indices of an operand's elements in its buffer, straight from the contract's formula; undefined where they lie side by side. */
function placesOf(operand: Omit<Operand, 'buffer'>): Int32Array | undefined {
  const { shape, byteOffset, rowLength, rowStride } = operand
  if (rowLength === undefined || rowStride === undefined) return undefined
  return Int32Array.from(
    { length: sizeOf(shape) },
    (_, i) => byteOffset / 4 + Math.floor(i / rowLength) * rowStride + (i % rowLength),
  )
}

/** Words of an operand's buffer, with some to spare. */
function endOf({ shape, byteOffset }: Omit<Operand, 'buffer'>, places: Int32Array | undefined): number {
  const last = places === undefined ? byteOffset / 4 + sizeOf(shape) : (places.at(-1) ?? byteOffset / 4) + 1
  return last + 3
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
export function expectClose(actual: Values, due: Values, bound: Bound, what: string): void {
  if (actual.length !== due.length) throw new Error(`${what}: ${actual.length} elements instead of ${due.length}`)
  actual.forEach((value: number, i: number) => {
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

const drawn = new Map<string, Float32Array>()

/** `count` float32 numbers in [−scale, scale), the same for the same seed; whoever gets them does not write. */
export function randoms(seed: number, count: number, scale = 1): Float32Array {
  const name = `${seed}/${count}/${scale}`
  const known = drawn.get(name)
  if (known !== undefined) return known
  const next = hostUniform(key(seed))
  const values = Float32Array.from({ length: count }, () => (next() * 2 - 1) * scale)
  if (drawn.size > 1000) drawn.clear()
  drawn.set(name, values)
  return values
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
