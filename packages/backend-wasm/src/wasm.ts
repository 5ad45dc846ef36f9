// The backend: buffers in linear memory, calls in order, kernels at once.

import { FUSED_OPS, RnnError } from '@rnn/core'
import type { Backend, OpName } from '@rnn/core'
import { chooseBuild, compile } from './builds.ts'
import type { Build } from './builds.ts'
import type { CallOf, Kernel } from './kernel.ts'
import { KERNELS } from './kernels/table.ts'
import { COMMANDS, GRAIN, layoutAfter, Machine } from './machine.ts'
import type { Exports } from './machine.ts'
import { MAX_BUFFER_BYTES } from './memory.ts'
import { CONTROL_WORDS, MOST_THREADS } from './threads/control.ts'
import { Crew } from './threads/crew.ts'
import { whyNoThreads } from './threads/spawn.ts'
import { warmUp } from './warm-up.ts'

/** Pages of 64 KiB: what the module asks for, and 4 GiB. */
const INITIAL_PAGES = 16
const MOST_PAGES = 65536

/** Options of `wasm`. */
export interface WasmOptions {
  /**
   * Threads to compute with, the calling one included; default 1. Where memory can't be shared (a page without cross-origin isolation) it is one, and
   * `info.device` says so. Results are the same to the bit for the same number.
   */
  readonly threads?: number
  /** Elements below which an op is not divided among threads; default 16384. */
  readonly grain?: number
  /** Instruction set; default: the best that the engine has. */
  readonly build?: Build
  /** Where the .wasm files are, for bundlers and CDNs that put them elsewhere: a folder, or one file that ends in `.wasm`. */
  readonly wasmUrl?: string | URL
}

/**
 * A backend of WebAssembly kernels with SIMD: whole sequences in one call, memory of its own up to 4 GiB, threads if wanted. Calls take effect before they
 * return, and errors are thrown where they happen.
 *
 * ```ts
 * const backend = await wasm()
 * const a = tensor([[1, 2], [3, 4]], { backend })
 * ```
 *
 * @throws E_UNSUPPORTED where the engine has no SIMD; E_FORMAT when the .wasm file is missing or something else; E_BACKEND_LOST when a worker can't start; E_VALUE
 * for options out of range
 */
export async function wasm(options: WasmOptions = {}): Promise<Backend> {
  const { threads: wanted = 1, wasmUrl } = options
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_THREADS) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'wasm',
      problem: `threads ${wanted}`,
      fix: `use 1 … ${MOST_THREADS}`,
    })
  }
  const build = chooseBuild(options.build)
  const obstacle = wanted > 1 ? whyNoThreads() : undefined
  const threads = obstacle === undefined ? wanted : 1
  const module = await compile(build, threads > 1, wasmUrl)
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MOST_PAGES, shared: threads > 1 })
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  const exports = instance.exports as unknown as Exports // the module is ours
  const crew = threads > 1 ? await startCrew(threads, module, memory, exports) : undefined
  const machine = new Machine(exports, memory, threads, crew, options.grain ?? GRAIN)
  warmUp((call) => dispatch(call, machine), machine.memory)
  const details = obstacle === undefined ? '' : `, one thread: ${obstacle}`
  return backendOn(machine, crew, `WebAssembly (${build === 'simd' ? 'SIMD' : 'relaxed SIMD'}${details})`)
}

function startCrew(
  threads: number,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  exports: Exports,
): Promise<Crew> {
  const { control } = layoutAfter(exports.heapBase())
  const words = new Int32Array(memory.buffer, control, CONTROL_WORDS)
  const commands = COMMANDS.map((name) => exports[name])
  return Crew.start(threads - 1, words, commands, { module, memory, control, commands: COMMANDS })
}

function backendOn(machine: Machine, crew: Crew | undefined, device: string): Backend {
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
      device,
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
      machine.panels.forget(buffer)
    },
    write(buffer, data, byteOffset = 0) {
      alive('write')
      memory.write(buffer, data, byteOffset)
      machine.panels.forget(buffer)
    },
    run(call) {
      alive('run')
      machine.operation = call.op
      machine.dispatches = 0
      dispatch(call, machine)
      for (const output of call.outputs) if (output !== null) machine.panels.forget(output.buffer)
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
      await crew?.end()
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
