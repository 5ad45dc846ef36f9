/** `pnpm pack:gpu [FOLDER]`: packs node, Dawn, the built packages, the bench and the Vulkan loader into one archive that runs on a bare x86-64 Linux with a GPU driver. See `run.sh`. */

import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { copyPackages } from './copy-packages.ts'

const LIMIT_BYTES = 60e6
const NAME = 'rnn-gpu'
const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
]
/** What the bench's rows and the conformance kit stand on; their dependencies come along. */
const PACKAGES = [
  '@rnn/core',
  '@rnn/autodiff',
  '@rnn/layers',
  '@rnn/train',
  '@rnn/backend-cpu',
  '@rnn/backend-wasm',
  '@rnn/backend-webgpu',
  '@rnn/conformance',
  'cli-table3',
  'commander',
  'webgpu',
]

const bench = join(import.meta.dirname, '..')

/** The folder that is packed: everything that `run.sh` needs. */
function fill(folder: string): void {
  const copy = (from: string, to: string): void =>
    cpSync(from, join(folder, to), { recursive: true, dereference: true })
  copy(realpathSync(process.execPath), 'bin/node')
  chmodSync(join(folder, 'bin/node'), 0o755)
  // Symbols are a fifth of it. Without `strip` it is larger, and as good.
  spawnSync('strip', [join(folder, 'bin/node')])
  copy(library('libvulkan.so.1', 'libvulkan1'), 'lib/libvulkan.so.1')
  copy(library('libstdc++.so.6', 'libstdc++6'), 'lib/fallback/libstdc++.so.6')
  copy(library('libgcc_s.so.1', 'libgcc-s1'), 'lib/fallback/libgcc_s.so.1')
  copyPackages(PACKAGES, bench, join(folder, 'node_modules'))
  copy(join(bench, 'package.json'), 'bench/package.json')
  copy(join(bench, 'src'), 'bench/src')
  for (const name of ['show-adapter.ts', 'check-numbers.ts']) {
    copy(join(import.meta.dirname, name), `bench/gpu-folder/${name}`)
  }
  copy(join(import.meta.dirname, 'run.sh'), 'run.sh')
  copy(join(bench, '../../LICENSE'), 'LICENSE')
}

/** The real file behind a library of the system. */
function library(name: string, debianPackage: string): string {
  const folder = LIBRARY_FOLDERS.find((each) => existsSync(join(each, name)))
  if (folder !== undefined) return realpathSync(join(folder, name))
  throw new Error(
    `there is no ${name} in ${LIBRARY_FOLDERS.join(', ')}; install it (Debian: apt-get install ${debianPackage})`,
  )
}

/** Compresses with xz where it is there, else with gzip. */
function compress(parent: string, out: string): string {
  const hasXz = spawnSync('xz', ['--version']).status === 0
  const archive = join(out, `${NAME}.tar.${hasXz ? 'xz' : 'gz'}`)
  const owner = ['--owner=0', '--group=0', '--numeric-owner']
  const { status, stderr } = spawnSync('tar', [...owner, '-C', parent, hasXz ? '-cJf' : '-czf', archive, NAME], {
    encoding: 'utf8',
    env: { ...process.env, XZ_OPT: '-6 -T0', GZIP: '-9' },
  })
  if (status !== 0) throw new Error(`tar failed: ${stderr}`)
  return archive
}

function pack(out: string): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the archive is for x86-64 Linux, and this is ${process.platform} ${process.arch}; pack it there`)
  }
  mkdirSync(out, { recursive: true })
  const parent = mkdtempSync(join(tmpdir(), 'rnn-pack-'))
  try {
    fill(join(parent, NAME))
    const archive = compress(parent, out)
    const bytes = statSync(archive).size
    if (bytes >= LIMIT_BYTES) {
      throw new Error(`${archive} has ${bytes} bytes, and shall have less than ${LIMIT_BYTES}; is \`strip\` there?`)
    }
    console.log(`${archive}: ${(bytes / 1e6).toFixed(1)} MB; unpack it, and run ${NAME}/run.sh FOLDER`)
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

try {
  pack(resolve(process.argv[2] ?? join(bench, 'bench-results')))
} catch (error) {
  console.error(`pack:gpu: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
