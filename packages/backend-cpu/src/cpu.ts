// The backend: buffers, calls in order, kernels at once.

import { FUSED_OPS, RnnError } from '@rnn/core'
import type { Backend, OpName } from '@rnn/core'
import type { CallOf, Kernel, KernelContext } from './kernel.ts'
import { KERNELS } from './kernels/table.ts'
import { MAX_BUFFER_BYTES, Memory } from './memory.ts'
import { Scratch } from './scratch.ts'

/** Options of `cpu`. */
export interface CpuOptions {
  /** Bytes of released buffers kept for reuse. Default: as much as ever lived at once, and at least 64 MiB. */
  readonly poolBytes?: number
}

/**
 * A backend of plain TypeScript over typed arrays: runs wherever JavaScript does, needs nothing, starts at once. Calls take effect before they
 * return, and errors are thrown where they happen. Single-threaded: where a page must stay alive, put it in a worker.
 *
 * ```ts
 * const backend = await cpu()
 * const a = tensor([[1, 2], [3, 4]], { backend })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export async function cpu(options: CpuOptions = {}): Promise<Backend> {
  const memory = new Memory(options.poolBytes)
  const scratch = new Scratch()
  const runs: Partial<Record<OpName, number>> = {}
  let disposed = false

  // One context for all calls: a call costs no allocation of its own.
  let operation: OpName = 'fill'
  const context: KernelContext = {
    floats: (operand) => memory.block(operand.buffer, operation).floats,
    ints: (operand) => memory.block(operand.buffer, operation).ints,
    scratch,
  }

  const alive = (operation: string): void => {
    if (disposed) {
      throw new RnnError({
        code: 'E_BACKEND_DISPOSED',
        operation,
        problem: 'the cpu backend has been disposed',
        fix: 'make a new one with `await cpu()`',
      })
    }
  }

  const backend: Backend & Required<Pick<Backend, 'readSync'>> = {
    name: 'cpu',
    interfaceVersion: 1,
    info: { device: deviceName(), threads: 1, software: false, limits: { maxBufferBytes: MAX_BUFFER_BYTES } },
    supports() {
      alive('supports')
      return true
    },
    alwaysFused: FUSED_OPS,
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
      operation = call.op
      dispatch(call, context)
      runs[call.op] = (runs[call.op] ?? 0) + 1
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
      const counts = { ...runs }
      return {
        liveBuffers: memory.liveBuffers,
        liveBytes: memory.liveBytes,
        reservedBytes: memory.reservedBytes + scratch.byteLength,
        runs: counts,
        dispatches: counts,
      }
    },
    async dispose() {
      alive('dispose')
      disposed = true
      memory.clear()
      scratch.clear()
    },
  }
  return backend
}

function dispatch<Name extends OpName>(call: CallOf<Name>, context: KernelContext): void {
  const kernel: Kernel<Name> | undefined = KERNELS[call.op]
  if (kernel === undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: String(call.op),
      problem: 'no such op on the cpu backend',
      fix: 'use matching versions of @rnn/core and @rnn/backend-cpu',
    })
  }
  kernel(call, context)
}

/** The engine as it names itself where it does; browsers don't. */
function deviceName(): string {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly v8?: string } } }
  const v8 = process?.versions?.v8
  return v8 === undefined ? 'JavaScript' : `JavaScript (V8 ${v8})`
}
