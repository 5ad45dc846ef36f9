// Making tensors from host values and constants.

import type { Backend, BufferRole } from '../contract/backend.ts'
import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import { formatShape, sizeOf, type Shape } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'

/** Numbers nested to any depth, rectangular. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[]

/** Options of `tensor`. */
export interface TensorOptions {
  readonly backend: Backend
  /** Default: float32; int32 for an `Int32Array`; bool where the first element is a boolean. */
  readonly dtype?: DType
  /** Default: the shape of the nesting; `[length]` for a typed array. */
  readonly shape?: Shape
  /** `parameter` for values that live as long as a model. Default: transient. */
  readonly role?: BufferRole
}

/**
 * A tensor of the given values.
 *
 * ```ts
 * const x = tensor([[1, 2], [3, 4]], { backend })                      // float32 [2, 2]
 * const ids = tensor(Int32Array.of(3, 1, 2), { backend, shape: [1, 3] }) // int32 [1, 3]
 * ```
 *
 * @throws E_SHAPE for ragged nesting or a shape of another size
 */
export function tensor(data: NestedNumbers | Float32Array | Int32Array, options: TensorOptions): Tensor {
  const { backend, role = 'transient' } = options
  if (ArrayBuffer.isView(data)) {
    const dtype = options.dtype ?? (data instanceof Int32Array ? 'int32' : 'float32')
    return upload(data, options.shape ?? [data.length], dtype)
  }
  const nesting = nestingOf(data)
  const values: number[] = []
  const first = flatten(data, nesting, 0, values)
  return upload(values, options.shape ?? nesting, options.dtype ?? (first === 'boolean' ? 'bool' : 'float32'))

  function upload(elements: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
    assertShape('tensor', shape)
    if (sizeOf(shape) !== elements.length) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'tensor',
        problem: `${elements.length} values for shape ${formatShape(shape)}, which holds ${sizeOf(shape)}`,
      })
    }
    const result = allocateTensor(backend, shape, dtype, role)
    backend.write(result.storage.buffer, hostArray(elements, dtype))
    return result
  }
}

/** The elements as the array that a backend stores, without a copy where they are that already. */
function hostArray(elements: ArrayLike<number>, dtype: DType): Float32Array | Int32Array {
  if (dtype === 'float32') return elements instanceof Float32Array ? elements : Float32Array.from(elements)
  if (dtype === 'bool') return Int32Array.from(elements, (value) => (value === 0 ? 0 : 1))
  return elements instanceof Int32Array ? elements : Int32Array.from(elements)
}

function nestingOf(data: NestedNumbers): number[] {
  const shape: number[] = []
  let level: NestedNumbers | undefined = data
  while (typeof level === 'object') {
    shape.push(level.length)
    level = level[0]
  }
  return shape
}

/** Appends the leaves to `values`; returns the type of the first one. */
function flatten(data: NestedNumbers, shape: Shape, depth: number, values: number[]): string | undefined {
  if (typeof data !== 'object') {
    if (depth !== shape.length) throw ragged(shape, depth)
    values.push(Number(data))
    return typeof data
  }
  if (depth === shape.length || data.length !== shape[depth]) throw ragged(shape, depth)
  let first: string | undefined
  for (const item of data) {
    const type = flatten(item, shape, depth + 1, values)
    first ??= type
  }
  return first
}

function ragged(shape: Shape, depth: number): RnnError {
  return new RnnError({
    code: 'E_SHAPE',
    operation: 'tensor',
    problem: `the nested arrays are ragged at depth ${depth} (the first ones have shape ${formatShape(shape)})`,
    fix: 'pad the rows to one length and pass lengths',
  })
}

/** @throws E_SHAPE unless every dimension is a whole number ≥ 0 */
export function assertShape(operation: string, shape: Shape): void {
  if (shape.every((length) => Number.isInteger(length) && length >= 0)) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `${formatShape(shape)} is no shape`,
    fix: 'dimensions are whole numbers, 0 or more',
  })
}

/** Options of `full`, `zeros`, `ones` and `arange`. */
export interface FillOptions {
  readonly backend: Backend
  readonly dtype?: DType
  readonly role?: BufferRole
}

/** A tensor whose elements all are `value`; float32 unless `dtype` says otherwise. */
export function full(shape: Shape, value: number, options: FillOptions): Tensor {
  assertShape('full', shape)
  const out = allocateTensor(options.backend, shape, options.dtype ?? 'float32', options.role)
  execute({ op: 'fill', inputs: [], outputs: [out], attributes: { value } }, 'full')
  return out
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: FillOptions): Tensor {
  return full(shape, 0, options)
}

/** A tensor of ones. */
export function ones(shape: Shape, options: FillOptions): Tensor {
  return full(shape, 1, options)
}

/** `[0, 1, …, count − 1]`; int32 unless `dtype` says otherwise. */
export function arange(count: number, options: FillOptions): Tensor {
  assertShape('arange', [count])
  const { backend, dtype = 'int32', role = 'transient' } = options
  return tensor(
    Int32Array.from({ length: count }, (_, i) => i),
    { backend, dtype, role },
  )
}
