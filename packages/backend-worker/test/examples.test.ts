// The README's example for Node runs as it stands: its files, written side by side.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const filesOfReadme = Array.from(readme.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```/gms), ([, name = '', code = '']) => ({
  name,
  code,
}))

/** Runs `main.js` among these files, in a process of its own. */
function run(files: readonly { readonly name: string; readonly code: string }[]): unknown {
  const folder = mkdtempSync(join(root, 'node_modules', '.examples-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    for (const { name, code } of files) writeFileSync(join(folder, name), code)
    const conditions = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']
    const { stdout, stderr, status } = spawnSync(process.execPath, [...conditions, join(folder, 'main.js')], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    return { stdout: stdout.trim(), stderr, status }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the files of the README compute what it says', () => {
  const [, promised] = readme.match(/console\.log\(.*\) \/\/ (.*)/) ?? []
  expect(run(filesOfReadme)).toEqual({ stdout: promised, stderr: '', status: 0 })
})

test('a process ends though it has not disposed of an idle backend', () => {
  const main = filesOfReadme.find(({ name }) => name === 'main.js')!
  const code = main.code.replace('await backend.dispose()', "backend.allocate(4, 'transient')")
  expect(code).not.toBe(main.code)
  expect(run([...filesOfReadme, { name: 'main.js', code }])).toMatchObject({ status: 0 })
})
