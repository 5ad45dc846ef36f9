/** Runs the program as its users do, in a folder of its own. */

import { join } from 'node:path'
import { makeFolder, removeFolder, runProgram, type Ending, type RunOptions } from 'app-kit/testing'
import { afterAll } from 'vitest'

const cli = join(import.meta.dirname, '../src/cli.ts')

/** Runs the program to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ending> {
  return runProgram(cli, args, options)
}

/** A folder that is removed after the tests of the file, with the files given. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = makeFolder(files)
  folders.push(folder)
  return folder
}

const folders: string[] = []
afterAll(() => folders.forEach(removeFolder))

/** Options that make a training take a moment only. */
export const tiny: readonly string[] =
  '--units 8 --embedding 8 --epochs 2 --min-frequency 1 --batch-size 8 --tokens words --dropout 0'.split(' ')

const numbers = [
  ['one', 'un'],
  ['two', 'deux'],
  ['three', 'trois'],
  ['four', 'quatre'],
  ['five', 'cinq'],
] as const

/** Lines of a tiny language pair: numbers, in the same order on both sides. */
export function smallPair(lines = 40): { readonly source: string; readonly target: string } {
  const sides = [0, 1].map((side) =>
    Array.from({ length: lines }, (_, i) =>
      Array.from({ length: 1 + (i % 3) }, (_unused, j) => numbers[(i * 3 + j * 2) % numbers.length]?.[side]).join(' '),
    ).join('\n'),
  )
  return { source: `${sides[0]}\n`, target: `${sides[1]}\n` }
}
