// PyTorch's values in the shared folder: for checking only, never part of the kit.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A row-major array. */
export interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

/** Arrays by name. */
export type Named = Readonly<Record<string, Numbers>>

const folder = join(process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared'), 'vectors/pytorch')

/** Why nothing was compared. */
export const absent = `no reference values in ${folder}: set RNN_SHARED to the folder that holds vectors/pytorch`

/** The cases of a file, or undefined where the folder is not there. */
export function readVectors<Case>(file: string): readonly Case[] | undefined {
  const path = join(folder, file)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly Case[]) : undefined
}

/** A matrix with rows and columns exchanged. */
export function transposed({ shape: [rows = 0, columns = 0], data }: Numbers): Numbers {
  const at = (i: number): number => data[(i % rows) * columns + Math.floor(i / rows)]!
  return { shape: [columns, rows], data: Array.from({ length: rows * columns }, (_, i) => at(i)) }
}

/** Elements that are further than 1e-5 relative + 1e-6 absolute from PyTorch's; `largest` makes it relative to the largest element. */
export function differences(
  name: string,
  actual: ArrayLike<number>,
  expected: readonly number[],
  largest = false,
): string[] {
  if (actual.length !== expected.length) return [`${name}: ${actual.length} elements, expected ${expected.length}`]
  const scale = Math.max(...expected.map(Math.abs))
  return expected.flatMap((value, i) => {
    const error = Math.abs(actual[i]! - value)
    return error <= 1e-5 * (largest ? scale : Math.abs(value)) + 1e-6
      ? []
      : [`${name}[${i}]: ${actual[i]}, expected ${value}`]
  })
}
