/** IDX files of every type, cut short at every place, and MNIST itself where it is at hand. */
import { existsSync, createReadStream } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseIdx, readIdx, readLabelledImages } from '../src/index.ts'
import { failure } from './failure.ts'

const idx = (type: number, shape: readonly number[], data: readonly number[]): Uint8Array => {
  const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255])
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...data])
}

describe('parseIdx', () => {
  it.each<[string, number, readonly number[], Float32Array | Int32Array]>([
    ['unsigned bytes', 0x08, [0, 255], Int32Array.of(0, 255)],
    ['signed bytes', 0x09, [1, 255], Int32Array.of(1, -1)],
    ['16 bits', 0x0b, [1, 0, 255, 254], Int32Array.of(256, -2)],
    ['32 bits', 0x0c, [0, 1, 0, 0, 255, 255, 255, 255], Int32Array.of(65536, -1)],
    ['float32', 0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1, -2)],
    ['float64', 0x0e, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], Float32Array.of(1, -2)],
  ])('reads %s', (_, type, bytes, expected) => {
    expect(parseIdx(idx(type, [2], bytes))).toEqual({ data: expected, shape: [2] })
  })

  it('says of every beginning of a file that it is cut short', () => {
    const whole = idx(0x08, [2, 3], [1, 2, 3, 4, 5, 6])
    for (let length = 0; length < whole.length; length++) {
      const error = failure(() => parseIdx(whole.subarray(0, length), { name: 'a.idx' }))
      expect(error).toMatchObject({ code: 'E_IDX', file: 'a.idx' })
      expect(error.message).toMatch(/cut short|are no IDX file/)
    }
  })

  it('says that a file is too long, packed or of another kind', () => {
    expect(failure(() => parseIdx(idx(0x08, [1], [1, 2]))).message).toContain('too long: 10 bytes, expected 9')
    expect(failure(() => parseIdx(gzipSync(idx(0x08, [1], [1])))).message).toContain('unpack it, or use readIdx')
    expect(failure(() => parseIdx(idx(0x07, [1], [1]))).message).toContain('starts with 00 00 07 01')
    expect(failure(() => parseIdx(new TextEncoder().encode('label,pixel\n'))).code).toBe('E_IDX')
  })
})

describe('readLabelledImages', () => {
  const images = idx(0x08, [2, 1, 2], [0, 255, 51, 102])
  const labels = idx(0x08, [2], [7, 1])
  const names = { images: 'images.gz', labels: 'labels.gz' }

  it('reads packed files as numbers from 0 to 1 and labels', async () => {
    const { inputs, targets } = await readLabelledImages(gzipSync(images), gzipSync(labels), names)
    expect(inputs).toEqual({ data: Float32Array.of(0, 1, 0.2, 0.4), shape: [2, 1, 2] })
    expect(targets).toEqual({ data: Int32Array.of(7, 1), shape: [2] })
  })

  it('says that the files are swapped, of different lengths, or damaged', async () => {
    const read = (a: Uint8Array, b: Uint8Array) => readLabelledImages(a, b, names)
    await expect(read(labels, images)).rejects.toThrow('images.gz: no images: [2] of whole numbers')
    await expect(read(images, images)).rejects.toThrow('labels.gz: no labels: [2, 1, 2]')
    await expect(read(images, idx(0x08, [3], [1, 2, 3]))).rejects.toThrow('labels.gz: 3 labels for 2 images')
    await expect(read(images, idx(0x09, [2], [1, 255]))).rejects.toThrow('no labels')
    const packed = gzipSync(images)
    await expect(read(packed.subarray(0, packed.length - 6), labels)).rejects.toMatchObject({ code: 'E_GZIP' })
  })
})

const shared = process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared')
const folder = join(shared, 'data/mnist')
const atHand = existsSync(folder)
if (!atHand) console.log(`MNIST is not at hand (no ${folder}; set RNN_SHARED): its test is left out.`)

describe.skipIf(!atHand)('MNIST (left out where the data are not at hand)', () => {
  it('has 10,000 images of 28 × 28 for testing, all ten digits among them', async () => {
    const stream = (name: string) => createReadStream(join(folder, name))
    const { inputs, targets } = await readLabelledImages(
      stream('t10k-images-idx3-ubyte.gz'),
      stream('t10k-labels-idx1-ubyte.gz'),
    )
    expect(inputs.shape).toEqual([10_000, 28, 28])
    expect([...targets.data.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]) // as the first page of any tutorial shows
    expect(new Set(targets.data).size).toBe(10)
    expect((await readIdx(stream('train-labels-idx1-ubyte.gz'))).shape).toEqual([60_000])
  })
})
