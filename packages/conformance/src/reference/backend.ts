// The reference as a backend: any program in core's ops, any layer, any gradient can be computed in double precision by swapping the backend.

import {
  RnnError,
  sizeOf,
  type Backend,
  type BufferHandle,
  type OpCall,
  type OpName,
  type Operand,
  type Tensor,
} from '@rnn/core'
import { elementAt, mapOperands } from '../calls/operands.ts'
import type { HostTensor } from '../host-tensor.ts'
import { evaluate } from './evaluate.ts'

/** Bytes as every backend has them, and beside them the doubles of which the float32 elements are roundings. */
interface Memory {
  readonly bytes: Uint8Array
  readonly floats: Float32Array
  readonly ints: Int32Array
  readonly doubles: Float64Array
  /** 1 where `doubles` holds the value; 0 where bytes have been written since. */
  readonly isExact: Uint8Array
}

/** A backend that computes in float64 by naive loops: slow, and right. */
export interface ReferenceBackend extends Backend {
  /** The unrounded elements of a tensor. */
  exact(tensor: Tensor): Float64Array
  /** Sets the elements of a contiguous float32 tensor without rounding them. */
  setExact(tensor: Tensor, values: Float64Array): void
}

/** Options of `referenceBackend`. */
export interface ReferenceOptions {
  /** Run the fused ops by their own loops; otherwise core's composites run. Default: false. */
  readonly fused?: boolean
}

/** A new float64 reference backend. */
export function referenceBackend(options: ReferenceOptions = {}): ReferenceBackend {
  const { fused = false } = options
  const memories = new Map<number, Memory>()
  const runs: Partial<Record<OpName, number>> = {}
  let nextHandle = 1
  let isDisposed = false

  const alive = (operation: string): void => {
    if (!isDisposed) return
    throw new RnnError({ code: 'E_BACKEND_DISPOSED', operation, problem: 'the reference backend has been disposed' })
  }
  const memoryOf = (operation: string, handle: BufferHandle): Memory => {
    alive(operation)
    const memory = memories.get(handle)
    if (memory !== undefined) return memory
    throw new RnnError({ code: 'E_DISPOSED', operation, problem: `buffer ${handle} is not alive` })
  }

  function load(operand: Operand, operation: string): HostTensor {
    const { floats, ints, doubles, isExact } = memoryOf(operation, operand.buffer)
    const { shape, dtype } = operand
    const values = new Float64Array(sizeOf(shape))
    for (let i = 0; i < values.length; i++) {
      const at = operand.byteOffset / 4 + elementAt(operand, i)
      values[i] = dtype !== 'float32' ? ints[at]! : isExact[at] === 1 ? doubles[at]! : floats[at]!
    }
    return { shape, dtype, values }
  }

  function store(operand: Operand, values: Float64Array): void {
    const { floats, ints, doubles, isExact } = memoryOf('run', operand.buffer)
    for (let i = 0; i < values.length; i++) {
      const at = operand.byteOffset / 4 + elementAt(operand, i)
      if (operand.dtype === 'float32') floats[at] = doubles[at] = values[i]!
      else ints[at] = values[i]!
      isExact[at] = operand.dtype === 'float32' ? 1 : 0
    }
  }

  const readRange = ({
    buffer,
    byteOffset,
    byteLength,
  }: {
    buffer: BufferHandle
    byteOffset: number
    byteLength: number
  }): Uint8Array => memoryOf('read', buffer).bytes.slice(byteOffset, byteOffset + byteLength)

  const operandOfTensor = ({ storage, placement, shape, dtype }: Tensor): Operand => {
    const { byteOffset, rows } = placement
    return {
      buffer: storage.buffer,
      byteOffset,
      shape,
      dtype,
      ...(rows && { rowLength: rows.length, rowStride: rows.stride }),
    }
  }

  return {
    name: fused ? 'reference-fused' : 'reference',
    interfaceVersion: 1,
    info: { device: 'float64 reference', threads: 1, software: true, limits: { maxBufferBytes: 2 ** 28 } },
    supports() {
      alive('supports')
      return fused || { reason: 'the reference runs the composites of core' }
    },
    allocate(byteLength) {
      alive('allocate')
      const length = Math.ceil(byteLength / 4)
      const bytes = new Uint8Array(length * 4)
      memories.set(nextHandle, {
        bytes,
        floats: new Float32Array(bytes.buffer),
        ints: new Int32Array(bytes.buffer),
        doubles: new Float64Array(length),
        isExact: new Uint8Array(length),
      })
      return nextHandle++ as BufferHandle
    },
    release(buffer) {
      memoryOf('release', buffer)
      memories.delete(buffer)
    },
    write(buffer, data, byteOffset = 0) {
      const { bytes, isExact } = memoryOf('write', buffer)
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset)
      isExact.fill(0, Math.floor(byteOffset / 4), Math.ceil((byteOffset + data.byteLength) / 4))
    },
    run(call: OpCall) {
      alive('run')
      const host = mapOperands<Operand, HostTensor>(call, (operand) => load(operand, call.op))
      evaluate(host)
      call.outputs.forEach((operand, i) => operand && store(operand, host.outputs[i]!.values))
      runs[call.op] = (runs[call.op] ?? 0) + 1
    },
    async read(ranges) {
      alive('read')
      return ranges.map(readRange)
    },
    readSync: readRange,
    async sync() {
      alive('sync')
    },
    stats() {
      alive('stats')
      let liveBytes = 0
      for (const { bytes } of memories.values()) liveBytes += bytes.byteLength
      return {
        liveBuffers: memories.size,
        liveBytes,
        reservedBytes: liveBytes,
        runs: { ...runs },
        dispatches: { ...runs },
      }
    },
    async dispose() {
      alive('dispose')
      isDisposed = true
      memories.clear()
    },
    exact: (tensor) => load(operandOfTensor(tensor), 'exact').values,
    setExact: (tensor, values) => store(operandOfTensor(tensor), values),
  }
}
