/** Two WebAssembly functions, as bytes: one multiplies and adds in registers, one reads memory. By hand, so that nothing is between the probe and the instructions. */

/** How many sums run side by side: more than one core's two units with a latency of four cycles each can keep waiting, and few enough for V8's registers. */
export const ACCUMULATORS = 12
/** Bytes that the reader takes in one turn of its loop. */
export const READ_BYTES: number = 16 * ACCUMULATORS
const PAGE = 65536

const I32 = 0x7f
const V128 = 0x7b
const EMPTY = 0x40
const LOCAL_GET = 0x20
const LOCAL_SET = 0x21
const LOCAL_TEE = 0x22
const LOOP = 0x03
const BR_IF = 0x0d
const END = 0x0b
const I32_CONST = 0x41
const I32_ADD = 0x6a
const I32_SUB = 0x6b
const LOAD = simd(0x00)
const STORE = simd(0x0b)
const ADD = simd(0xe4)
const MUL = simd(0xe6)
const RELAXED_MADD = simd(0x105)
/** To 2⁴ bytes. */
const ALIGNMENT = 4
/** With an offset of 0. */
const ALIGNED = [ALIGNMENT, 0]
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

function simd(code: number): number[] {
  return [0xfd, ...unsigned(code)]
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...unsigned(Math.floor(value / 128))]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...Array.from(value, (letter) => letter.charCodeAt(0))]
}

/** A function `(i32, i32) → ()` with its local variables: parameters are 0 and 1, the vectors come after them. */
function body(vectors: number, code: readonly number[]): number[] {
  const content = [1, ...unsigned(vectors), V128, ...code, END]
  return [...unsigned(content.length), ...content]
}

/**
 * `multiplyAdd(turns, 0)`: in each turn every sum becomes sum·a + b. The factors come from memory, because V8 would make constants anew in each turn. The sums are stored, so that they count.
 */
function multiplyAdd(fused: boolean): number[] {
  const first = 2
  const [a, b] = [first + ACCUMULATORS, first + ACCUMULATORS + 1]
  const sums = Array.from({ length: ACCUMULATORS }, (_, i) => first + i)
  const load = (address: number, local: number): number[] => [I32_CONST, address, ...LOAD, ...ALIGNED, LOCAL_SET, local]
  const step = (sum: number): number[] =>
    fused
      ? [LOCAL_GET, sum, LOCAL_GET, a, LOCAL_GET, b, ...RELAXED_MADD, LOCAL_SET, sum]
      : [LOCAL_GET, sum, LOCAL_GET, a, ...MUL, LOCAL_GET, b, ...ADD, LOCAL_SET, sum]
  return body(ACCUMULATORS + 2, [...load(0, a), ...load(16, b), ...loop(sums.flatMap(step)), ...storeSum(sums)])
}

/** `read(turns, address)`: adds up memory from an address on. */
function read(): number[] {
  const first = 2
  const sums = Array.from({ length: ACCUMULATORS }, (_, i) => first + i)
  const load = [LOCAL_GET, 1, ...LOAD, ALIGNMENT]
  const step = (sum: number, i: number): number[] => [
    LOCAL_GET,
    sum,
    ...load,
    ...unsigned(16 * i),
    ...ADD,
    LOCAL_SET,
    sum,
  ]
  const advance = [LOCAL_GET, 1, I32_CONST, ...signed(READ_BYTES), I32_ADD, LOCAL_SET, 1]
  return body(ACCUMULATORS, [...loop([...sums.flatMap(step), ...advance]), ...storeSum(sums)])
}

/** Runs code as often as the first parameter says. */
function loop(code: readonly number[]): number[] {
  return [LOOP, EMPTY, ...code, LOCAL_GET, 0, I32_CONST, 1, I32_SUB, LOCAL_TEE, 0, BR_IF, 0, END]
}

/** A signed constant from 64 to 8191. */
function signed(value: number): number[] {
  return [(value % 128) | 128, Math.floor(value / 128)]
}

function storeSum([first = 0, ...others]: readonly number[]): number[] {
  const sum = [LOCAL_GET, first, ...others.flatMap((local) => [LOCAL_GET, local, ...ADD])]
  return [I32_CONST, 32, ...sum, ...STORE, ...ALIGNED]
}

/** The module: `memory` of so many bytes (the first 48 are the probe's own), `multiplyAdd` and `read`. */
export function probeModule(fused: boolean, memoryBytes: number): Uint8Array<ArrayBuffer> {
  const bodies = [multiplyAdd(fused), read()]
  return Uint8Array.from([
    ...HEADER,
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [bodies.length, 0, 0]),
    ...section(5, [1, 0, ...unsigned(Math.ceil(memoryBytes / PAGE))]),
    ...section(7, [3, ...text('memory'), 2, 0, ...text('multiplyAdd'), 0, 0, ...text('read'), 0, 1]),
    ...section(10, [bodies.length, ...bodies.flat()]),
  ])
}
