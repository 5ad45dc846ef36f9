/**
 * What a user of inference installs: `@rnn/core`, one backend and `@rnn/layers`, from the tarballs that would be
 * published, in a project that has nothing else.
 */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const packages = ['core', 'backend-cpu', 'layers']
let folder = ''

/** Runs a command to its end; a failure shows what it printed. */
function execute(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}

/** The environment of a user's shell: nothing of the workspace, of pnpm or of vitest. */
function userEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'))
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|node_|vite|rnn_)/i.test(name))
  return { ...Object.fromEntries(inherited), PATH: path.join(delimiter), npm_config_cache: join(folder, 'cache') }
}

/** The Node that runs the tests and, where there is another, the one that the user's shell finds. */
function nodes(): string[] {
  const candidates = (userEnvironment().PATH ?? '').split(delimiter).map((entry) => join(entry, 'node'))
  const found = candidates.find((candidate) => existsSync(candidate))
  return found === undefined || found === process.execPath ? [process.execPath] : [process.execPath, found]
}

/** `npm pack` would leave publishConfig and workspace versions as they are: only pnpm packs what is published. */
function pack(packageFolder: string, tarball: string): void {
  const args = ['pack', '--out', tarball]
  const hasPnpm = (process.env['PATH'] ?? '').split(delimiter).some((entry) => existsSync(join(entry, 'pnpm')))
  const [command, prefix] = hasPnpm ? ['pnpm', []] : ['npx', ['-y', 'pnpm@12']]
  execute(command, [...prefix, ...args], { cwd: packageFolder })
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-packed-'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  execute(process.execPath, [tsc, '-b', ...packages.map((name) => join(root, 'packages', name))])
  const tarballs = packages.map((name) => {
    const tarball = join(folder, `${name}.tgz`)
    pack(join(root, 'packages', name), tarball)
    return tarball
  })
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
  const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error']
  execute('npm', ['install', ...quiet, ...tarballs], { cwd: project, env: userEnvironment() })
})

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

function runAsUser(node: string, program: string): string {
  const project = join(folder, 'project')
  writeFileSync(join(project, 'main.js'), program)
  return execute(node, ['main.js'], { cwd: project, env: userEnvironment() })
}

test('core, one backend and layers install from their tarballs and bring nothing else', () => {
  const modules = join(folder, 'project/node_modules')
  expect(readdirSync(modules).filter((entry) => !entry.startsWith('.'))).toEqual(['@rnn'])
  expect(readdirSync(join(modules, '@rnn')).toSorted()).toEqual(['backend-cpu', 'core', 'layers'])
})

test('the installed packages import in plain Node, each of them as its built files', () => {
  const program = `
    const names = ['@rnn/core', '@rnn/backend-cpu', '@rnn/layers']
    for (const name of names) await import(name)
    console.log(names.map((name) => import.meta.resolve(name).split('/').slice(-2).join('/')).join(' '))`
  for (const node of nodes()) expect(runAsUser(node, program).trim()).toBe('dist/index.js dist/index.js dist/index.js')
})
