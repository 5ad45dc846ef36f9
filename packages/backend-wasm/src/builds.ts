// Which of the compiled files suits this engine, and how to get hold of it.

import { RnnError } from '@rnn/core'

/** Instruction sets: 128-bit vectors, and the same with fused multiply-adds. */
export type Build = 'simd' | 'relaxed-simd'

/** A module of one function that uses vectors, up to the length of its code. */
const HEADER: readonly number[] = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10]

/** `i8x16.popcnt(i8x16.splat(0))`. */
const SIMD_PROBE: readonly number[] = [...HEADER, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]

/** `f32x4.relaxed_madd` of three zeros. */
const MADD_OF_ZEROS: readonly number[] = [19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11]
const RELAXED_PROBE: readonly number[] = [...HEADER, ...MADD_OF_ZEROS]

function accepts(probe: readonly number[]): boolean {
  return WebAssembly.validate(new Uint8Array(probe))
}

/**
 * The build to use: relaxed SIMD where the engine has it (Chrome 114, Firefox 145, Node 21 and later), unless another is asked for.
 *
 * @throws E_UNSUPPORTED where the engine lacks what is needed
 */
export function chooseBuild(wanted: Build | undefined): Build {
  const missing = !accepts(SIMD_PROBE)
    ? 'SIMD'
    : wanted === 'relaxed-simd' && !accepts(RELAXED_PROBE)
      ? 'relaxed SIMD'
      : undefined
  if (missing !== undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'wasm',
      problem: `this engine has no WebAssembly ${missing}`,
      fix: missing === 'SIMD' ? 'use @rnn/backend-cpu here' : "use the build 'simd', or let wasm() choose",
    })
  }
  return wanted ?? (accepts(RELAXED_PROBE) ? 'relaxed-simd' : 'simd')
}

/** The files of a build, for memory of its own and for memory that threads share. Literal URLs: bundlers look for these. */
const FILES: { readonly [Name in `${Build}${'' | '-threads'}`]: () => URL } = {
  simd: () => new URL('./simd.wasm', import.meta.url),
  'relaxed-simd': () => new URL('./relaxed-simd.wasm', import.meta.url),
  'simd-threads': () => new URL('./simd-threads.wasm', import.meta.url),
  'relaxed-simd-threads': () => new URL('./relaxed-simd-threads.wasm', import.meta.url),
}

/** What of Node is used, where there is one. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:fs'): { readFileSync(url: URL): Uint8Array<ArrayBuffer> }
}

/**
 * Compiles a file.
 *
 * @param wasmUrl of a file that ends in `.wasm`, or of a folder with the files
 * @throws E_FORMAT with what came instead, when it is missing or no WebAssembly
 */
export async function compile(
  build: Build,
  threads: boolean,
  wasmUrl: string | URL | undefined,
): Promise<WebAssembly.Module> {
  const name = threads ? (`${build}-threads` as const) : build
  const url = wasmUrl === undefined ? FILES[name]() : resolve(`${name}.wasm`, wasmUrl)
  const { process } = globalThis as { readonly process?: NodeProcess }
  const fs = url.protocol === 'file:' ? process?.getBuiltinModule?.('node:fs') : undefined
  if (fs !== undefined)
    return compileBytes(
      readFile(url, () => fs.readFileSync(url)),
      url,
    )
  return compileResponse(url)
}

function resolve(file: string, wasmUrl: string | URL): URL {
  const base = (globalThis as { readonly location?: { readonly href: string } }).location?.href ?? import.meta.url
  const url = new URL(wasmUrl, base)
  if (url.pathname.endsWith('.wasm')) return url
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return new URL(file, url)
}

function readFile(url: URL, read: () => Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    return read()
  } catch (cause) {
    throw unusable(url, 'can not be read', cause)
  }
}

async function compileBytes(bytes: Uint8Array<ArrayBuffer>, url: URL): Promise<WebAssembly.Module> {
  if (!(bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d)) {
    const start = new TextDecoder().decode(bytes.subarray(0, 40)).trim()
    const what =
      bytes.length === 0
        ? 'is empty'
        : /^<!?[a-z]/i.test(start)
          ? 'is an HTML page'
          : `begins with ${JSON.stringify(start)}`
    throw unusable(url, `${what}, no WebAssembly`)
  }
  try {
    return await WebAssembly.compile(bytes)
  } catch (cause) {
    throw unusable(url, 'does not compile', cause)
  }
}

async function compileResponse(url: URL): Promise<WebAssembly.Module> {
  let response: Response
  try {
    response = await fetch(url)
  } catch (cause) {
    throw unusable(url, 'can not be fetched', cause)
  }
  if (!response.ok) throw unusable(url, `gives ${response.status} ${response.statusText}`.trimEnd())
  // Streaming wants the right content type; whatever has another is looked at first.
  const type = response.headers.get('content-type')?.split(';')[0]?.trim()
  if (type !== 'application/wasm') return compileBytes(new Uint8Array(await response.arrayBuffer()), url)
  try {
    return await WebAssembly.compileStreaming(response)
  } catch (cause) {
    throw unusable(url, 'does not compile', cause)
  }
}

function unusable(url: URL, problem: string, cause?: unknown): RnnError {
  // A data: URL would fill the screen.
  const where = url.href.length > 200 ? `${url.href.slice(0, 60)}…` : url.href
  const because = cause instanceof Error ? ` (${cause.message})` : ''
  return new RnnError({
    code: 'E_FORMAT',
    operation: 'wasm',
    problem: `${where} ${problem}${because}`,
    fix: "serve the package's .wasm files there, or say where they are with the option wasmUrl",
    cause,
  })
}
