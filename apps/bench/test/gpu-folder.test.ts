/** The folder for machines with a GPU: what is copied into it, and what its script says when it can't run. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyPackages } from '../gpu-folder/copy-packages.ts'

const bench = join(import.meta.dirname, '..')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-gpu-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('copies packages with what they depend on, and of Dawn only what runs there', () => {
  copyPackages(['cli-table3', 'webgpu'], bench, folder)
  expect(readdirSync(join(folder, 'webgpu/dist'))).toEqual(['linux-x64'])
  expect(existsSync(join(folder, 'string-width/package.json'))).toBe(true)
  expect(() => copyPackages(['@rnn/abacus'], bench, folder)).toThrow(
    '@rnn/abacus is not installed; run `npx -y pnpm@12 install`',
  )
})

test('asks for a folder where none is named', () => {
  const { status, stderr } = spawnSync('sh', [join(bench, 'gpu-folder/run.sh'), '--rounds', '3'], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toMatch(/^usage: .*run\.sh FOLDER \[options of the bench\]: say where the results shall go\n$/)
})
