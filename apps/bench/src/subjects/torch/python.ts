/** Finds a Python that has PyTorch, and talks with a process of it in lines of JSON. */

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CANDIDATES = ['python3', '/usr/bin/python3', 'python']
const FOUND_WITHIN_MS = 60_000

let found: { readonly path: string | undefined } | undefined

/** The command of the first Python that can import torch; `RNN_PYTHON` alone is tried where it is set. Looked for once. */
export function findPython(): string | undefined {
  const named = process.env['RNN_PYTHON']
  found ??= {
    path: (named === undefined ? CANDIDATES : [named]).find(
      (path) => spawnSync(path, ['-c', 'import torch'], { stdio: 'ignore', timeout: FOUND_WITHIN_MS }).status === 0,
    ),
  }
  return found.path
}

/** A Python process that answers one request at a time. */
export interface Conversation {
  /** @throws an `Error` with what Python says, when it fails or ends */
  ask(request: object): Promise<unknown>
}

/** Starts the program of the torch subject. It ends with this process: its standard input is closed then. */
export function startPython(path: string): Conversation {
  const program = fileURLToPath(new URL('torch-subject.py', import.meta.url))
  const child = spawn(path, [program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' },
  })
  let settle: ((line: string) => void) | undefined
  const end = (how: string): void => settle?.(JSON.stringify({ error: how }))
  createInterface({ input: child.stdout }).on('line', (line) => settle?.(line))
  child.on('error', (error) => end(error.message))
  child.on('close', (code) => end(`Python ended with exit code ${code}`))
  child.stdin.on('error', () => {}) // `close` tells
  return {
    async ask(request) {
      const line = await new Promise<string>((resolve) => {
        settle = resolve
        if (child.exitCode !== null) end(`Python ended with exit code ${child.exitCode}`)
        child.stdin.write(`${JSON.stringify(request)}\n`)
      })
      const reply = JSON.parse(line) as { readonly value?: unknown; readonly error?: string }
      if (reply.error !== undefined) throw new Error(reply.error)
      return reply.value
    },
  }
}
