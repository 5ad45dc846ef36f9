// The Backend contract: all that a device must offer to run and train recurrent networks. `@rnn/conformance` proves an implementation.

import type { FusedName, FusedSignature, OpCall, OpName, OpSignature } from './op-call.ts'
import type { BufferHandle, BufferRange } from './operand.ts'

/**
 * A device that keeps buffers and runs ops on them.
 *
 * `allocate`, `release`, `write`, `run` and `read` take effect in call order. A read gives the values as of its call, and releasing afterwards
 * is legal. Errors of `run` and `allocate` may surface at the next `read` or `sync`, with op and shapes; later calls are then skipped.
 * Core owns shapes, broadcasting and validation: kernels trust what they are given.
 */
export interface Backend {
  readonly name: string
  readonly interfaceVersion: 1
  /** Constant for the life of the backend. */
  readonly info: BackendInfo
  /** Whether a fused op will run here; pure in signature and info, asked for fused ops only. */
  supports(call: FusedSignature): true | Unsupported
  /** Fused ops that `supports` never refuses, whatever their shapes: who can't wait for an answer (a page, of its worker) need not ask. */
  readonly alwaysFused?: readonly FusedName[]
  /** Compiles ahead what these calls will need. */
  prepare?(calls: readonly OpSignature[]): Promise<void>
  /** A new buffer with undefined contents; `byteLength` may be 0. */
  allocate(byteLength: number, role: BufferRole): BufferHandle
  release(buffer: BufferHandle): void
  /** Copies `data` before it returns. */
  write(buffer: BufferHandle, data: ArrayBufferView, byteOffset?: number): void
  /** Enqueues an op; never waits. */
  run(call: OpCall): void
  /** Bytes as of this call, each range in an array of its own that the caller owns. */
  read(ranges: readonly BufferRange[]): Promise<Uint8Array[]>
  /** Present where memory is at hand: a streaming loop must not pay for a promise. */
  readSync?(range: BufferRange): Uint8Array
  /** Resolves when all earlier calls have taken effect; rejects with their first error. */
  sync(): Promise<void>
  /** As of the last sync or read. */
  stats(): BackendStats
  /** Frees everything; all later calls throw `E_BACKEND_DISPOSED`. */
  dispose(): Promise<void>
}

/** Parameters live long; transients come and go with every step, and their memory is worth pooling. */
export type BufferRole = 'parameter' | 'transient'

/** Why a backend does not run an op fused. */
export interface Unsupported {
  readonly reason: string
}

/** What a backend is, constant for its life. */
export interface BackendInfo {
  /** What computes, for people: `JavaScript (V8)`, `NVIDIA H100`, `SwiftShader`. */
  readonly device: string
  readonly threads: number
  /** True for an adapter that imitates its hardware in software. */
  readonly software: boolean
  readonly limits: BackendLimits
}

/** What a backend can't exceed. */
export interface BackendLimits {
  /** Largest `allocate`, in bytes. */
  readonly maxBufferBytes: number
}

/** What a backend holds and has done. */
export interface BackendStats {
  readonly liveBuffers: number
  readonly liveBytes: number
  /** Bytes taken from the system, pools included. */
  readonly reservedBytes: number
  /** Calls of `run`, by op. */
  readonly runs: Readonly<Partial<Record<OpName, number>>>
  /** Kernel launches (GPU dispatches, wasm calls), by op. */
  readonly dispatches: Readonly<Partial<Record<OpName, number>>>
}

/**
 * A backend that differs from another in some methods: a profiler, a recorder, one without its fused ops. Tensors made on the result belong to the result.
 *
 * ```ts
 * const counted = decorate(backend, { run: (call) => { calls.push(call.op); backend.run(call) } })
 * ```
 */
export function decorate(backend: Backend, overrides: Partial<Backend>): Backend {
  const { prepare, readSync, alwaysFused } = backend
  return {
    name: backend.name,
    interfaceVersion: backend.interfaceVersion,
    info: backend.info,
    supports: (call) => backend.supports(call),
    ...(alwaysFused && !overrides.supports && { alwaysFused }),
    ...(prepare && { prepare: (calls: readonly OpSignature[]) => prepare.call(backend, calls) }),
    allocate: (byteLength, role) => backend.allocate(byteLength, role),
    release: (buffer) => backend.release(buffer),
    write: (buffer, data, byteOffset) => backend.write(buffer, data, byteOffset),
    run: (call) => backend.run(call),
    read: (ranges) => backend.read(ranges),
    ...(readSync && { readSync: (range: BufferRange) => readSync.call(backend, range) }),
    sync: () => backend.sync(),
    stats: () => backend.stats(),
    dispose: () => backend.dispose(),
    ...overrides,
  }
}
