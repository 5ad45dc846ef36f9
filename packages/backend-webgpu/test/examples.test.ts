// The README's example runs as it stands: as a program of its own.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

const root = join(import.meta.dirname, '..')
const [, example = ''] = /^```ts\n(.*?)^```/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []

test.skipIf(absent)(`the example of the README computes what it says${absent ? `: ${absent}` : ''}`, () => {
  const [, expression = '', promised = ''] = /^(await .*) \/\/ → (.*)$/m.exec(example) ?? []
  const code = example.replace(expression, `console.log(JSON.stringify(Array.from(${expression})))`)
  const folder = mkdtempSync(join(root, 'node_modules', '.examples-'))
  try {
    writeFileSync(join(folder, 'main.mjs'), code)
    const conditions = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']
    const { stdout, status } = spawnSync(process.execPath, [...conditions, join(folder, 'main.mjs')], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect({ stdout: stdout.trim(), status }).toEqual({ stdout: promised, status: 0 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
