/** For the apps' tests: runs a program as its users do, in a folder of its own. */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hasCode } from './errors.ts'
import { openBackend } from './backends.ts'

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

/** Runs the program whose entry is the file `cli` to its end. */
export function runProgram(cli: string, args: readonly string[], options: RunOptions = {}): Promise<Ending> {
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

/** A new folder with the files given; the caller sees to its end with `removeFolder`. */
export function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-app-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** Removes a folder with all that is in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/**
 * Why `--backend webgpu` can't run here, or undefined where it can: on a GPU, or on SwiftShader, to which this process and the programs that it runs are pointed where no driver
 * is configured. `RNN_WEBGPU=required` (continuous integration) makes its absence an error.
 */
export async function whyNoGpu(): Promise<string | undefined> {
  const configured = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].some(
    (folder) => existsSync(folder) && readdirSync(folder).length > 0,
  )
  if (!configured && existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] ??= SWIFTSHADER
  try {
    await (await openBackend('webgpu')).dispose()
    return undefined
  } catch (error) {
    if (process.env['RNN_WEBGPU'] === 'required' || !hasCode(error, 'E_BACKEND')) throw error
    return (error as Error).message
  }
}
