/** Images with their labels from a pair of IDX files, as MNIST and its relatives come. */

import { DataError } from '../errors.ts'
import { hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import type { ByteSource } from './bytes.ts'
import { readIdx } from './idx.ts'

/** Images with their labels; spread it into `arrayDataset`. */
export interface LabelledImages {
  /** `[images, rows, columns]`, from 0 (background) to 1: rows can serve as the steps of a recurrent network. */
  readonly inputs: HostArray<Float32Array>
  /** `[images]`, whole numbers from 0. */
  readonly targets: HostArray<Int32Array>
}

/**
 * Reads a file of images of one byte a pixel and the file of their labels, both IDX, packed with gzip or not. Throws
 * `E_IDX` for files of another kind (the two swapped, say) or of different lengths, and as `readIdx` does.
 *
 * @example
 * ```js
 * const train = await readLabelledImages(
 *   createReadStream('train-images-idx3-ubyte.gz'),
 *   createReadStream('train-labels-idx1-ubyte.gz'),
 * )
 * const trainSet = arrayDataset({ ...train, batchSize: 128, seed: 1 })
 * ```
 */
export async function readLabelledImages(
  images: ByteSource | Uint8Array,
  labels: ByteSource | Uint8Array,
  names: { readonly images?: string | undefined; readonly labels?: string | undefined } = {},
): Promise<LabelledImages> {
  // Both at once: a stream that fails while nobody reads it ends a program of Node.
  const [pixels, classes] = await Promise.all([
    readIdx(images, { name: names.images }),
    readIdx(labels, { name: names.labels }),
  ])
  const fail = (file: string | undefined, problem: string, fix: string): DataError =>
    new DataError('E_IDX', { file, problem, expected: 'images and their labels', fix })
  const swapped = 'are the two files in each other’s place?'
  const { data, shape } = pixels
  if (shape.length !== 3 || !isBytes(data))
    throw fail(names.images, `no images: ${described(pixels)}, expected [images, rows, columns] of bytes`, swapped)
  if (classes.shape.length !== 1 || !(classes.data instanceof Int32Array) || classes.data.some((label) => label < 0))
    throw fail(names.labels, `no labels: ${described(classes)}, expected [images] of whole numbers from 0`, swapped)
  const [count] = shape
  if (count !== classes.shape[0])
    throw fail(names.labels, `${classes.shape[0]} labels for ${count} images`, 'do the two belong together?')
  return {
    inputs: hostArray(
      Float32Array.from(data, (byte) => byte / 255),
      shape,
    ),
    targets: hostArray(classes.data, classes.shape),
  }
}

const isBytes = (data: Float32Array | Int32Array): boolean =>
  data instanceof Int32Array && data.every((value) => value >= 0 && value <= 255)

const described = ({ data, shape }: HostArray): string =>
  `[${shape.join(', ')}] of ${data instanceof Int32Array ? 'whole' : 'float'} numbers`
