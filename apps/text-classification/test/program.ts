/** Runs the program as its users do, in a folder of its own. */

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

const cli = join(import.meta.dirname, '../src/cli.ts')

/** What a run printed, and how it ended. */
export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How to run. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array
  /** Sent when standard error says so for the first time; the second one, if given, when it says so later. */
  readonly interruptAt?: RegExp
  readonly interruptAgainAt?: RegExp
  /** Default SIGINT, as of Ctrl-C. */
  readonly signal?: NodeJS.Signals
  /** Standard output is closed at its first line. */
  readonly closeOutput?: boolean
  readonly cwd?: string
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ending> {
  const { RNN_DEBUG: _, FORCE_COLOR: __, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@rnn/source', cli, ...args], {
    env: { ...env, NO_COLOR: '1' },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  let stdout = ''
  let stderr = ''
  const waiting = [options.interruptAt, options.interruptAgainAt].filter((pattern) => pattern !== undefined)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (options.closeOutput === true) child.stdout.destroy()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (waiting[0]?.test(stderr) === true) {
      waiting.shift()
      child.kill(options.signal ?? 'SIGINT')
    }
  })
  child.stdin.on('error', () => {}) // the program may end before it has read all
  child.stdin.end(options.stdin ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** A folder that is removed after the tests of the file, with the files given. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-text-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Options that make a training take a moment only. */
export const tiny: readonly string[] = ['--units', '4', '--embedding', '4', '--epochs', '2', '--min-frequency', '1']

/** A table of a few dozen texts with two labels, which any network learns. */
export function smallTable(rows = 40): string {
  const lines = Array.from({ length: rows }, (_, i) =>
    i % 2 === 0 ? `good\ta fine and lovely thing number ${i}` : `bad\ta poor and awful thing number ${i}`,
  )
  return `label\ttext\n${lines.join('\n')}\n`
}
