// PyTorch's reference values in the shared folder, and how close float32 must come to them.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import { decorate, tensor, type Backend, type Tensor } from '@rnn/core'
import { expect } from 'vitest'

const shared = process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared')

export interface Vector {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

/** The cases of one file, or undefined where the folder is not there. */
export function readVectors<Case>(file: string): readonly Case[] | undefined {
  const path = join(shared, 'vectors/pytorch', file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly Case[]) : undefined
}

/** Says why nothing was compared. */
export const absent = `no reference values at ${shared}: set RNN_SHARED to the folder that holds vectors/pytorch`

export const backends: readonly (readonly [title: string, make: () => Promise<Backend>])[] = [
  ['fused', () => cpu()],
  ['composite', async () => decorate(await cpu(), { supports: () => ({ reason: 'forced' }) })],
]

export function upload(vector: Vector, backend: Backend): Tensor {
  return tensor(Float32Array.from(vector.data), { backend, shape: vector.shape })
}

/** Within 1e-5 relative + 1e-6 absolute of each expected value. */
export function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  const off = expected.flatMap((value, i) => {
    const error = Math.abs((actual[i] ?? Number.NaN) - value)
    return error <= 1e-5 * Math.abs(value) + 1e-6 ? [] : [`element ${i}: ${actual[i]}, expected ${value}`]
  })
  expect(off).toEqual([])
}
