// Tensors: immutable shapes over a backend's storage. Most programs meet them only at the edges of a model.

import { submit } from './capture.ts'
import type { Backend, BufferRole } from './contract/backend.ts'
import type { Operand } from './contract/operand.ts'
import { BYTES_PER_ELEMENT, viewAs, type DType } from './dtype.ts'
import { RnnError } from './errors.ts'
import type { Tracker } from './recorder.ts'
import { adopt, disown } from './ownership.ts'
import { formatShape, sizeOf, type Shape } from './shape.ts'
import { Storage } from './storage.ts'

/** Rows of a tensor that isn't contiguous; see `Operand`. */
export interface Rows {
  readonly length: number
  readonly stride: number
}

/** Where in a storage a tensor's elements lie. */
export interface Placement {
  readonly byteOffset: number
  readonly rows?: Rows | undefined
}

/**
 * An array of one dtype on one backend. Made by `tensor`, `zeros` and the ops; values never change but by the functions that say so (`assign`,
 * `accumulate`, optimiser steps).
 *
 * Ownership: inside `scope`, the scope frees it; made outside any scope it lives until `dispose` (or `using`), or until the garbage collector finds it.
 */
export class Tensor {
  readonly backend: Backend
  readonly shape: Shape
  readonly dtype: DType
  /** For engines (autodiff, streaming): where the elements lie. */
  readonly storage: Storage
  readonly placement: Placement
  /** For recorders: who follows this tensor, if anyone. */
  tracker: Tracker | undefined = undefined
  /** For scopes: the list of the scope that will free this tensor, or the garbage collector. */
  owner: Set<Tensor> | 'collector' | undefined = undefined
  #disposed = false

  /** Takes over one reference of `storage`. Programs call `tensor(…)` instead. */
  constructor(storage: Storage, shape: Shape, dtype: DType, placement: Placement = { byteOffset: 0 }) {
    this.backend = storage.backend
    this.storage = storage
    this.shape = shape
    this.dtype = dtype
    this.placement = placement
    adopt(this)
  }

  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape)
  }

  get disposed(): boolean {
    return this.#disposed
  }

  /**
   * The elements in row-major order: `Float32Array` for float32, `Int32Array` for int32 and bool (0 and 1). The caller owns the array. Values are
   * those as of the call, whatever happens to the tensor afterwards.
   *
   * @throws E_DISPOSED, and whatever an earlier op of this backend failed with
   */
  async data(): Promise<Float32Array | Int32Array> {
    const [array] = await readTensors([this])
    return array ?? new Float32Array(0)
  }

  /** As `data`, at once, where the backend has its memory at hand. @throws E_UNSUPPORTED where it hasn't */
  dataSync(): Float32Array | Int32Array {
    const { backend } = this
    if (backend.readSync === undefined) {
      throw new RnnError({
        code: 'E_UNSUPPORTED',
        operation: 'dataSync',
        problem: `the backend '${backend.name}' can't read without waiting`,
        fix: 'use await tensor.data()',
      })
    }
    const { source, range } = readableRange(this)
    try {
      return viewAs(this.dtype, backend.readSync(range))
    } finally {
      if (source !== this) source.dispose()
    }
  }

  /** A copy on another backend; this tensor stays as it is. The same backend gives an alias. */
  async to(backend: Backend): Promise<Tensor> {
    if (backend === this.backend) return alias(this)
    const data = await this.data()
    const copy = allocateTensor(backend, this.shape, this.dtype)
    backend.write(copy.storage.buffer, data)
    return copy
  }

  /** Frees the tensor; its storage goes with the last tensor that shares it. Harmless when repeated. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    disown(this)
    this.storage.release()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  toString(): string {
    return `Tensor ${this.dtype} ${formatShape(this.shape)} on ${this.backend.name}${this.#disposed ? ' (disposed)' : ''}`
  }
}

/** A new tensor with undefined contents. */
export function allocateTensor(backend: Backend, shape: Shape, dtype: DType, role: BufferRole = 'transient'): Tensor {
  return new Tensor(new Storage(backend, sizeOf(shape) * BYTES_PER_ELEMENT, role), shape, dtype)
}

/** Another tensor on the same elements, untracked, with a lifetime of its own. */
export function alias(tensor: Tensor, shape: Shape = tensor.shape, placement: Placement = tensor.placement): Tensor {
  assertUsable('alias', tensor)
  return new Tensor(tensor.storage.retain(), shape, tensor.dtype, placement)
}

/** The operand that kernels see. */
export function operandOf(tensor: Tensor): Operand {
  const { storage, shape, dtype, placement } = tensor
  const { byteOffset, rows } = placement
  return rows === undefined
    ? { buffer: storage.buffer, byteOffset, shape, dtype }
    : { buffer: storage.buffer, byteOffset, shape, dtype, rowLength: rows.length, rowStride: rows.stride }
}

/** @throws E_DISPOSED */
export function assertUsable(operation: string, tensor: Tensor): void {
  if (!tensor.disposed) return
  throw new RnnError({
    code: 'E_DISPOSED',
    operation,
    problem: `a tensor ${tensor.dtype} ${formatShape(tensor.shape)} was used after it was freed`,
    fix: 'return it from its scope, or keep(tensor) it',
  })
}

/** An untracked contiguous copy. */
export function contiguousCopy(tensor: Tensor): Tensor {
  const copy = allocateTensor(tensor.backend, tensor.shape, tensor.dtype)
  submit(tensor.backend, {
    op: 'copy',
    inputs: [operandOf(tensor)],
    outputs: [operandOf(copy)],
    attributes: { accumulate: false },
  })
  return copy
}

/**
 * Reads several tensors of one backend in one request, as of the call.
 *
 * ```ts
 * const [loss, accuracy] = await readTensors([lossTensor, accuracyTensor])
 * ```
 *
 * @throws E_BACKEND_MISMATCH when they live on different backends
 */
export async function readTensors(tensors: readonly Tensor[]): Promise<(Float32Array | Int32Array)[]> {
  const [first] = tensors
  if (first === undefined) return []
  for (const tensor of tensors) assertSameBackend('readTensors', first, tensor)
  const readables = tensors.map(readableRange)
  const reading = first.backend.read(readables.map(({ range }) => range))
  readables.forEach(({ source }, i) => source !== tensors[i] && source.dispose())
  const results = await reading
  return results.map((bytes, i) => viewAs((tensors[i] ?? first).dtype, bytes))
}

/** @throws E_BACKEND_MISMATCH */
export function assertSameBackend(operation: string, a: Tensor, b: Tensor): void {
  if (a.backend === b.backend) return
  const names =
    a.backend.name === b.backend.name
      ? `two backends named '${a.backend.name}'`
      : `'${a.backend.name}' and '${b.backend.name}'`
  throw new RnnError({
    code: 'E_BACKEND_MISMATCH',
    operation,
    problem: `tensors live on ${names}`,
    fix: 'move one of them with await tensor.to(backend)',
  })
}

function readableRange(tensor: Tensor) {
  assertUsable('data', tensor)
  const source = tensor.placement.rows === undefined ? tensor : contiguousCopy(tensor)
  const range = {
    buffer: source.storage.buffer,
    byteOffset: source.placement.byteOffset,
    byteLength: tensor.size * BYTES_PER_ELEMENT,
  }
  return { source, range }
}
