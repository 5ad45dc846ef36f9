// The backend: buffers in linear memory, calls in order, kernels at once.

import { FUSED_OPS, RnnError } from '@rnn/core'
import type { Backend, OpName } from '@rnn/core'
import { chooseBuild, compile } from './builds.ts'
import type { Build } from './builds.ts'
import type { CallOf, Kernel } from './kernel.ts'
import { KERNELS } from './kernels/table.ts'
import { Machine } from './machine.ts'
import type { Exports } from './machine.ts'
import { MAX_BUFFER_BYTES } from './memory.ts'

/** Pages of 64 KiB: what the module asks for, and 4 GiB. */
const INITIAL_PAGES = 16
const MOST_PAGES = 65536

/** Options of `wasm`. */
export interface WasmOptions {
  /** Instruction set; default: the best that the engine has. */
  readonly build?: Build
  /** Where the .wasm files are, for bundlers and CDNs that put them elsewhere: a folder, or one file that ends in `.wasm`. */
  readonly wasmUrl?: string | URL
}

/**
 * A backend of WebAssembly kernels with SIMD: whole sequences in one call, memory of its own up to 4 GiB. Calls take effect before they return, and errors are
 * thrown where they happen.
 *
 * ```ts
 * const backend = await wasm()
 * const a = tensor([[1, 2], [3, 4]], { backend })
 * ```
 *
 * @throws E_UNSUPPORTED where the engine has no SIMD; E_FORMAT when the .wasm file is missing or something else
 */
export async function wasm(options: WasmOptions = {}): Promise<Backend> {
  const build = chooseBuild(options.build)
  const module = await compile(build, false, options.wasmUrl)
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MOST_PAGES })
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
  // The module is ours: its exports are what assembly/index.ts exports.
  const machine = new Machine(exports as unknown as Exports, memory, 1)
  return backendOn(machine, build)
}

function backendOn(machine: Machine, build: Build): Backend {
  const { memory } = machine
  const runs: Partial<Record<OpName, number>> = {}
  const dispatches: Partial<Record<OpName, number>> = {}
  let disposed = false

  const alive = (operation: string): void => {
    if (disposed) {
      throw new RnnError({
        code: 'E_BACKEND_DISPOSED',
        operation,
        problem: 'the wasm backend has been disposed',
        fix: 'make a new one with `await wasm()`',
      })
    }
  }

  const backend: Backend & Required<Pick<Backend, 'readSync'>> = {
    name: 'wasm',
    interfaceVersion: 1,
    info: {
      device: `WebAssembly (${build === 'simd' ? 'SIMD' : 'relaxed SIMD'})`,
      threads: machine.threads,
      software: false,
      limits: { maxBufferBytes: MAX_BUFFER_BYTES },
    },
    alwaysFused: FUSED_OPS,
    supports() {
      alive('supports')
      return true
    },
    allocate(byteLength, role) {
      alive('allocate')
      return memory.allocate(byteLength, role)
    },
    release(buffer) {
      alive('release')
      memory.release(buffer)
    },
    write(buffer, data, byteOffset = 0) {
      alive('write')
      memory.write(buffer, data, byteOffset)
    },
    run(call) {
      alive('run')
      machine.operation = call.op
      machine.dispatches = 0
      dispatch(call, machine)
      runs[call.op] = (runs[call.op] ?? 0) + 1
      dispatches[call.op] = (dispatches[call.op] ?? 0) + machine.dispatches
    },
    // Copies before the first await: values as of the call.
    async read(ranges) {
      alive('read')
      return ranges.map((range) => memory.read(range))
    },
    readSync(range) {
      alive('read')
      return memory.read(range)
    },
    async sync() {
      alive('sync')
    },
    stats() {
      alive('stats')
      return {
        liveBuffers: memory.liveBuffers,
        liveBytes: memory.liveBytes,
        reservedBytes: memory.reservedBytes,
        runs: { ...runs },
        dispatches: { ...dispatches },
      }
    },
    async dispose() {
      alive('dispose')
      disposed = true
      memory.clear()
    },
  }
  return backend
}

function dispatch<Name extends OpName>(call: CallOf<Name>, machine: Machine): void {
  const kernel: Kernel<Name> | undefined = KERNELS[call.op]
  if (kernel === undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: String(call.op),
      problem: 'no such op on the wasm backend',
      fix: 'use matching versions of @rnn/core and @rnn/backend-wasm',
    })
  }
  kernel(call, machine)
}
