// Runs the examples of the README and of the doc comments: every block marked `ts`, with the CPU backend as `mine`.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import * as kit from '@rnn/conformance'
import { expect, test, vi } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Example {
  readonly title: string
  readonly code: string
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(text.matchAll(/^( \* )?```ts\n(.*?)^(?: \* )?```/gms), ([, prefix, block = ''], i) => ({
    title: `${file} ${i + 1}`,
    code: (prefix === undefined ? block : block.replace(/^ \* ?/gm, '')).replace(/^import .*$/gm, ''),
  }))
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...names: unknown[]) => Promise<void>

const files = ['README.md', ...globSync('src/**/*.ts', { cwd: root }).toSorted()]

test.each(files.flatMap(examplesIn))('$title', async ({ code }) => {
  const described = vi.fn<(...given: readonly unknown[]) => void>()
  const lines: unknown[][] = []
  const names = {
    ...kit,
    cpu,
    mine: () => cpu(),
    describeBackend: described,
    console: { log: (...line: unknown[]) => lines.push(line) },
  }
  await new AsyncFunction(...Object.keys(names), code)(...Object.values(names))
  expect(code.includes('describeBackend') ? described.mock.calls.length : 1).toBe(1)
  expect(lines.flat()).not.toContain('failed')
})
