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

/** The parsed file of the shared vectors, or undefined (and a message) where they are not at hand. */
export function sharedVectors(file: string): unknown {
  const folder = process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../../shared')
  const path = join(folder, 'vectors/pytorch', file)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'))
  console.log(`The PyTorch vectors are not at hand (no ${path}; set RNN_SHARED): their tests are left out.`)
  return undefined
}
