/**
 * Reads IDX, the format of MNIST: two zero bytes, a byte for the type, one for the number of axes, each size as 32 bits
 * big-endian, then the numbers, big-endian, row by row (LeCun, Cortes and Burges, "The MNIST database").
 */

import { DataError } from '../errors.ts'
import { hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import { readBytes } from './bytes.ts'
import type { ByteSource } from './bytes.ts'

type Numbers = Float32Array | Int32Array

/** How the numbers of one type byte are written, and read: whole ones become int32, others float32. */
const types: Readonly<
  Record<number, { readonly size: number; make(count: number): Numbers; read(view: DataView, at: number): number }>
> = {
  0x08: { size: 1, make: (count) => new Int32Array(count), read: (view, at) => view.getUint8(at) },
  0x09: { size: 1, make: (count) => new Int32Array(count), read: (view, at) => view.getInt8(at) },
  0x0b: { size: 2, make: (count) => new Int32Array(count), read: (view, at) => view.getInt16(at) },
  0x0c: { size: 4, make: (count) => new Int32Array(count), read: (view, at) => view.getInt32(at) },
  0x0d: { size: 4, make: (count) => new Float32Array(count), read: (view, at) => view.getFloat32(at) },
  0x0e: { size: 8, make: (count) => new Float32Array(count), read: (view, at) => view.getFloat64(at) },
}

/**
 * Reads an IDX file, packed with gzip or not, as an array of its shape: int32 for files of whole numbers, float32 for
 * the others. Throws `E_IDX` for other files and those that are cut short or too long, `E_GZIP`.
 *
 * @example
 * ```js
 * const images = await readIdx(createReadStream('train-images-idx3-ubyte.gz'), { name: 'train-images-idx3-ubyte.gz' })
 * images.shape // [60000, 28, 28], int32 from 0 to 255
 * ```
 */
export async function readIdx(
  source: ByteSource | Uint8Array,
  { name }: { readonly name?: string | undefined } = {},
): Promise<HostArray> {
  return parseIdx(await readBytes(source, { name }), { name })
}

/**
 * As {@link readIdx}, for unpacked bytes that are at hand, without waiting.
 *
 * @example
 * ```ts
 * import { parseIdx } from '@rnn/data'
 * const file = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255)
 * parseIdx(file).shape // → [2, 3]
 * parseIdx(file).data // → [1, 2, 3, 4, 5, 255]
 * ```
 */
export function parseIdx(bytes: Uint8Array, { name }: { readonly name?: string | undefined } = {}): HostArray {
  const fail = (problem: string, fix?: string): DataError =>
    new DataError('E_IDX', { file: name, problem, expected: 'an IDX file', fix })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4) throw fail(`${bytes.length} bytes are no IDX file`, 'download it again')
  const type = types[bytes[2]!]
  const axes = bytes[3]!
  if (bytes[0] !== 0 || bytes[1] !== 0 || type === undefined || axes === 0) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b
    throw fail(
      `no IDX file: it starts with ${start}, expected 00 00, a type from 08 to 0e and the number of axes`,
      packed ? 'it is packed: unpack it, or use readIdx' : undefined,
    )
  }
  const start = 4 + 4 * axes
  if (bytes.length < start)
    throw fail(`cut short: ${bytes.length} bytes do not hold ${axes} sizes`, 'download it again')
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
  const count = shape.reduce((product, size) => product * size, 1)
  const expected = start + count * type.size
  if (bytes.length !== expected) {
    const problem = bytes.length < expected ? 'cut short' : 'too long'
    throw fail(
      `${problem}: ${bytes.length} bytes, expected ${expected} for the shape [${shape.join(', ')}]`,
      'download it again',
    )
  }
  const data = type.make(count)
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.size)
  return hostArray(data, shape)
}
