/**
 * Checks what a user would install: packs every published package, then runs publint and are-the-types-wrong on the
 * tarballs and size-limit on the bundles. Expects a finished build (`pnpm check:packages` makes one).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const problems: string[] = []

/** Runs a tool of the workspace; its output is shown if it failed or if `show` asks for it. */
function run(what: string, command: string, args: readonly string[], cwd: string, show = false): void {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' })
  const failed = result.status !== 0
  if (failed || show) process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  if (result.error) process.stdout.write(`${result.error.message}\n`)
  if (failed) problems.push(what)
}

function publishedPackages(): { readonly name: string; readonly folder: string }[] {
  return readdirSync(join(root, 'packages')).flatMap((entry) => {
    const folder = join(root, 'packages', entry)
    const manifest = join(folder, 'package.json')
    if (!existsSync(manifest)) return []
    const { name, private: isPrivate } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      name: string
      private?: boolean
    }
    return isPrivate ? [] : [{ name, folder }]
  })
}

const tarballs = mkdtempSync(join(tmpdir(), 'rnn-packages-'))
try {
  for (const { name, folder } of publishedPackages()) {
    const tarball = join(tarballs, `${name.replace('@', '').replace('/', '-')}.tgz`)
    run(`${name}: pnpm pack`, 'pnpm', ['pack', '--out', tarball], folder)
    run(`${name}: publint`, 'publint', ['run', tarball, '--strict'], root)
    run(`${name}: are the types wrong`, 'attw', [tarball, '--profile', 'esm-only'], root)
    process.stdout.write(`${name}: packed, published files and types checked\n`)
  }
  run('size budget', 'size-limit', [], root, true)
} finally {
  rmSync(tarballs, { recursive: true, force: true })
}

if (problems.length > 0) {
  process.stdout.write(`${problems.length} checks failed:\n${problems.map((problem) => `  ${problem}\n`).join('')}`)
  process.exitCode = 1
}
