// Compiles assembly/ into the four .wasm files under src/: with and without relaxed SIMD, each for memory of its own and for memory shared by threads. Does
// nothing when sources and compiler are those of the last time: the root's scripts run it first.

import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import * as asc from 'assemblyscript/asc'

const root = join(import.meta.dirname, '..')

/** Kernels use neither runtime nor heap: `stub` adds nothing that isn't called. Warning 112 is about vectors in exported functions: none is. */
const COMMON = [
  'assembly/index.ts',
  '--optimizeLevel',
  '3',
  '--noAssert',
  '--runtime',
  'stub',
  '--disableWarning',
  '112',
]
const MEMORY = ['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536']

const BUILDS: Readonly<Record<string, string>> = {
  simd: 'simd,threads',
  'relaxed-simd': 'simd,relaxed-simd,threads',
}

/** Compiles a build for shared memory; the file for memory of its own differs in one byte. */
async function compile(build: string): Promise<void> {
  const messages: string[] = []
  const options = [
    ...COMMON,
    ...MEMORY,
    '--enable',
    BUILDS[build] ?? '',
    '--outFile',
    'kernels.wasm',
    '--baseDir',
    root,
  ]
  const { error } = await asc.main(options, {
    stderr: { write: (chunk: string | Uint8Array) => void messages.push(String(chunk)) },
    writeFile: (_name: string, contents: Uint8Array | string) => {
      if (typeof contents === 'string') return
      writeFileSync(join(root, `src/${build}-threads.wasm`), contents)
      writeFileSync(join(root, `src/${build}.wasm`), unshared(contents))
    },
  })
  if (messages.length > 0) process.stderr.write(messages.join(''))
  if (error !== null) throw new Error(`${build}: ${error.message}`)
}

/** The module with its memory's `shared` flag cleared: kernels use no atomics, the protocol of threads is the host's. */
function unshared(contents: Uint8Array): Uint8Array {
  const module = Buffer.from(contents)
  const memory = Buffer.from('\x03env\x06memory\x02\x03', 'latin1')
  const at = module.indexOf(memory)
  if (at < 0) throw new Error('the module does not import a shared memory as env.memory')
  module[at + memory.length - 1] = 1
  return module
}

/** Changes with the sources, this script and the compiler. */
function fingerprint(): string {
  const hash = createHash('sha256').update(asc.version)
  const sources = globSync('assembly/**/*.ts', { cwd: root }).toSorted()
  for (const file of [...sources, 'scripts/build-wasm.ts']) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function compileAll(): Promise<void> {
  const stamp = join(root, 'src/wasm.stamp')
  const wanted = fingerprint()
  const builds = Object.keys(BUILDS)
  const files = builds.flatMap((build) => [`${build}.wasm`, `${build}-threads.wasm`])
  const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (fresh && files.every((file) => existsSync(join(root, 'src', file)))) return
  // The compiler is single-threaded: one worker for each build.
  await Promise.all(builds.map(compileInWorker))
  writeFileSync(stamp, wanted)
}

function compileInWorker(build: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: build })
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${build} was not compiled`))))
  })
}

await (isMainThread ? compileAll() : compile(workerData as string))
