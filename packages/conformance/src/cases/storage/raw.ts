// Raw buffers for cases that speak to the backend without tensors.

import type { Backend, BufferHandle, OpCall, Operand } from '@rnn/core'
import { viewAs } from '@rnn/core'

/** Buffers that a case owns; all that is left is released at the end. */
export interface Buffers {
  /** A buffer that holds these floats. */
  floats(values: readonly number[]): BufferHandle
  /** A buffer of `length` elements with undefined contents. */
  empty(length: number): BufferHandle
  release(buffer: BufferHandle): void
}

/** Runs `body` with buffers that are released when it has ended. */
export async function withBuffers(backend: Backend, body: (buffers: Buffers) => Promise<void>): Promise<void> {
  const live = new Set<BufferHandle>()
  const empty = (length: number): BufferHandle => {
    const buffer = backend.allocate(length * 4, 'transient')
    live.add(buffer)
    return buffer
  }
  try {
    await body({
      empty,
      floats(values) {
        const buffer = empty(values.length)
        backend.write(buffer, Float32Array.from(values))
        return buffer
      },
      release(buffer) {
        live.delete(buffer)
        backend.release(buffer)
      },
    })
  } finally {
    for (const buffer of live) backend.release(buffer)
  }
}

/** A float32 vector at the start of a buffer, or at an element. */
export function vector(buffer: BufferHandle, length: number, start = 0): Operand {
  return { buffer, byteOffset: start * 4, shape: [length], dtype: 'float32' }
}

/** `to = from`. */
export function copyCall(from: Operand, to: Operand, accumulate = false): OpCall {
  return { op: 'copy', inputs: [from], outputs: [to], attributes: { accumulate } }
}

/** `to = from + scalar`. */
export function addCall(from: Operand, scalar: number, to: Operand): OpCall {
  return { op: 'binary', inputs: [from, null], outputs: [to], attributes: { kind: 'add', scalar } }
}

/** Starts to read floats; values as of the call. */
export function readFloats(backend: Backend, buffer: BufferHandle, length: number, start = 0): Promise<number[]> {
  const reading = backend.read([{ buffer, byteOffset: start * 4, byteLength: length * 4 }])
  return reading.then(([bytes]) => Array.from(viewAs('float32', bytes ?? new Uint8Array(0))))
}
