// Host arrays with known contents, and the folder of test vectors.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostArray } from '@rnn/layers'

/** Values between −1 and 1 that follow no simple pattern. */
export function waves(...shape: number[]): HostArray<Float32Array> {
  const size = shape.reduce((a, b) => a * b, 1)
  return { data: Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 0.3 * i * i)), shape }
}

/** int32 ids. */
export function ids(shape: number[], ...values: number[]): HostArray<Int32Array> {
  return { data: Int32Array.from(values), shape }
}

/** A folder or file of the shared data, or undefined (and a message) where it is not at hand. */
export function sharedFolder(path: string): string | undefined {
  const full = join(process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../../shared'), path)
  if (existsSync(full)) return full
  console.log(`Reference values are not at hand (no ${full}; set RNN_SHARED): their tests are left out.`)
  return undefined
}

/** The parsed file of PyTorch's vectors, or undefined (and a message) where they are not at hand. */
export function sharedVectors(file: string): unknown {
  const path = sharedFolder(join('vectors/pytorch', file))
  return path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8'))
}
