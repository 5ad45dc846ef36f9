/**
 * What a user of inference installs: `@rnn/core`, one backend and `@rnn/layers`, from the tarballs that would be
 * published, in a project that has nothing else.
 */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bidirectional, dense, embedding, gru, lstm, maxOverTime, saveModel, sequential } from '../src/index.ts'

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

test('a saved model gives the same output there as where it was made', async () => {
  const model = sequential(
    embedding({ vocabularySize: 20, units: 6 }),
    bidirectional(lstm({ units: 5 })),
    gru({ units: 4 }),
    maxOverTime(),
    dense({ units: 3 }),
  )
  await model.init(await cpu(), { seed: 1 })
  const batch = {
    inputs: { data: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 0), shape: [2, 4] },
    lengths: { data: Int32Array.of(4, 3), shape: [2] },
  }
  const expected = await model.predict(batch, { activation: 'softmax' })
  const saved = join(folder, 'project/model')
  mkdirSync(saved)
  for (const [name, content] of Object.entries(await saveModel(model))) writeFileSync(join(saved, name), content)

  const program = `
    import { readFile } from 'node:fs/promises'
    import { cpu } from '@rnn/backend-cpu'
    import { loadModel } from '@rnn/layers'
    const files = {
      'config.json': await readFile('model/config.json', 'utf8'),
      'weights.safetensors': await readFile('model/weights.safetensors'),
    }
    const model = await loadModel(files, await cpu())
    const batch = {
      inputs: { data: Int32Array.of(${batch.inputs.data.join()}), shape: [2, 4] },
      lengths: { data: Int32Array.of(${batch.lengths.data.join()}), shape: [2] },
    }
    const { data, shape } = await model.predict(batch, { activation: 'softmax' })
    console.log(JSON.stringify({ data: [...data], shape }))`
  for (const node of nodes()) {
    const { data, shape } = JSON.parse(runAsUser(node, program)) as { data: number[]; shape: number[] }
    expect(shape).toEqual([2, 3])
    // Another V8 may round its exponentials otherwise: a few units in the last place of a float32 probability.
    const tolerance = node === process.execPath ? 0 : 1e-6
    expected.data.forEach((value, i) => expect(Math.abs((data[i] ?? NaN) - value)).toBeLessThanOrEqual(tolerance))
  }
})
