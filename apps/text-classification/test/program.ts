/** Runs the program as its users do, in a folder of its own. */

import { join } from 'node:path'
import { makeFolder, removeFolder, runProgram, type Ending, type RunOptions } from 'app-kit/testing'
import { afterAll } from 'vitest'

export type { RunOptions } from 'app-kit/testing'

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
export const tiny: readonly string[] = ['--units', '4', '--embedding', '4', '--epochs', '2', '--min-frequency', '1']

/** A table of a few dozen texts with two labels, which any network learns. */
export function smallTable(rows = 40): string {
  const lines = Array.from({ length: rows }, (_, i) =>
    i % 2 === 0 ? `good\ta fine and lovely thing number ${i}` : `bad\ta poor and awful thing number ${i}`,
  )
  return `label\ttext\n${lines.join('\n')}\n`
}
