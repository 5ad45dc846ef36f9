// The safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header, the elements. Everything is little-endian, as is
// every host that this code runs on.

import { formatShape, RnnError, sizeOf } from '@rnn/core'
import type { HostArray } from '../host-array.ts'

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, HostArray>
  readonly metadata: Readonly<Record<string, string>>
}

/** Dtypes that @rnn has; files may hold others, which are refused by name. */
const ARRAYS = { F32: Float32Array, I32: Int32Array } as const

const BYTES = 4

interface Entry {
  readonly name: string
  readonly dtype: keyof typeof ARRAYS
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/**
 * Writes named arrays as safetensors: F32 for Float32Arrays, I32 for Int32Arrays.
 *
 * ```ts
 * const bytes = writeSafetensors(new Map([['kernel', { data: new Float32Array(6), shape: [2, 3] }]]), { format: 'rnn' })
 * ```
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, HostArray> | Iterable<readonly [string, HostArray]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata]]
  let end = 0
  const arrays = [...tensors]
  for (const [name, { data, shape }] of arrays) {
    const begin = end
    end += data.byteLength
    header.push([name, { dtype: data instanceof Int32Array ? 'I32' : 'F32', shape, data_offsets: [begin, end] }])
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  // The elements begin at a multiple of 8; the format pads the header with spaces.
  const start = Math.ceil((8 + json.length) / 8) * 8
  const bytes = new Uint8Array(start + end)
  bytes.fill(0x20, 8, start)
  bytes.set(json, 8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true)
  let at = start
  for (const [, { data }] of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/**
 * Reads a safetensors file of float32 and int32 arrays.
 *
 * @param bytes a view at any offset; it is copied from, never kept
 * @throws E_FORMAT for what is cut short, malformed, or of another dtype
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 8) throw truncated(8, bytes.byteLength)
  const headerLength = Number(view.getBigUint64(0, true))
  if (!(headerLength <= 100e6))
    throw malformed(`its header would be ${headerLength} bytes long`, 'is this a safetensors file?')
  const start = 8 + headerLength
  if (bytes.byteLength < start) throw truncated(start, bytes.byteLength)
  const { metadata, entries } = readHeader(bytes.subarray(8, start))

  // The format allows neither holes nor overlaps.
  let end = 0
  for (const { name, begin, end: next } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== end) throw malformed(`'${name}' begins at byte ${begin}, expected ${end}`)
    end = next
  }
  if (bytes.byteLength < start + end) throw truncated(start + end, bytes.byteLength)
  if (bytes.byteLength > start + end) throw malformed(`${bytes.byteLength - start - end} bytes follow its end`)

  const tensors = new Map<string, HostArray>()
  for (const { name, dtype, shape, begin, end: last } of entries) {
    const copy = bytes.slice(start + begin, start + last)
    tensors.set(name, { data: new ARRAYS[dtype](copy.buffer, copy.byteOffset, copy.byteLength / BYTES), shape })
  }
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array): { metadata: Record<string, string>; entries: Entry[] } {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw malformed('its header is no JSON', 'is this a safetensors file?', cause)
  }
  if (!isRecord(header)) throw malformed('its header is no object')
  const metadata: Record<string, string> = {}
  const entries: Entry[] = []
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (isRecord(value)) for (const [key, text] of Object.entries(value)) metadata[key] = String(text)
    } else {
      entries.push(readEntry(name, value))
    }
  }
  return { metadata, entries }
}

function readEntry(name: string, value: unknown): Entry {
  if (!isRecord(value)) throw malformed(`'${name}' is described by no object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (dtype !== 'F32' && dtype !== 'I32') {
    throw malformed(`'${name}' has dtype ${JSON.stringify(dtype)}`, 'convert it to F32 (or I32) before')
  }
  if (!isSizes(shape)) throw malformed(`'${name}' has shape ${JSON.stringify(shape)}`)
  if (!isSizes(offsets)) throw malformed(`'${name}' has offsets ${JSON.stringify(offsets)}`)
  const [begin, end] = offsets
  if (begin === undefined || end === undefined || offsets.length !== 2 || end - begin !== sizeOf(shape) * BYTES) {
    throw malformed(
      `'${name}' of shape ${formatShape(shape)} has offsets [${offsets.join(', ')}], which are not ${sizeOf(shape) * BYTES} bytes`,
    )
  }
  return { name, dtype, shape, begin, end }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function truncated(expected: number, got: number): RnnError {
  return new RnnError({
    code: 'E_FORMAT',
    operation: 'safetensors',
    problem: `the file is cut short: expected ${expected} bytes, got ${got}: ${expected - got} are missing`,
    fix: 'save or download it again',
  })
}

function malformed(problem: string, fix?: string, cause?: unknown): RnnError {
  return new RnnError({
    code: 'E_FORMAT',
    operation: 'safetensors',
    problem: `the file is malformed: ${problem}`,
    ...(fix !== undefined && { fix }),
    cause,
  })
}
