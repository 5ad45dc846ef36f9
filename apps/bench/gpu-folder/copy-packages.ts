/** Copies packages with all they depend on into one flat `node_modules`. */

import { cpSync, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * Copies the named packages, as a module in `from` would find them, and their dependencies.
 *
 * @throws where two versions of a package are needed, or a package of this workspace is not built
 */
export function copyPackages(names: readonly string[], from: string, to: string): void {
  const copied = new Map<string, string>()
  const copy = (name: string, dependent: string): void => {
    const source = folderOf(name, dependent)
    const { version, dependencies = {} } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest
    const already = copied.get(name)
    if (already !== undefined && already !== version)
      throw new Error(`${name} is needed as ${already} and as ${version}`)
    if (already !== undefined) return
    copied.set(name, version)
    if (name.startsWith('@rnn/') && !existsSync(join(source, 'dist/index.js'))) {
      throw new Error(`${name} is not built; run \`npx -y pnpm@12 build\``)
    }
    cpSync(source, join(to, name), {
      recursive: true,
      dereference: true,
      filter: (path) => isRun(name, relative(source, path)),
    })
    for (const each of Object.keys(dependencies)) copy(each, source)
  }
  for (const name of names) copy(name, from)
}

/** Where a module in a folder finds a package. */
function folderOf(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(candidate) && statSync(candidate).isDirectory()) return realpathSync(candidate)
    if (folder === dirname(folder)) throw new Error(`${name} is not installed; run \`npx -y pnpm@12 install\``)
  }
}

/** Whether what runs on x86-64 Linux needs this file or folder of a package. */
function isRun(name: string, path: string): boolean {
  if (/(?:^|\/)node_modules$|\.d\.[cm]?ts$|\.map$|\.tsbuildinfo$/.test(path)) return false
  if (name === 'webgpu') return !/^(?:build$|dist\/(?!linux-x64))/.test(path)
  return !name.startsWith('@rnn/') || /^(?:|package\.json|dist(?:\/.*)?)$/.test(path)
}
