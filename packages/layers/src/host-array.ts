// Arrays in host memory with their shapes, and their way to a backend.

import { formatShape, RnnError, Tensor, tensor, type Backend } from '@rnn/core'

/** A row-major array in host memory: the structure that `@rnn/data` makes, and any other object of this form. */
export interface HostArray<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  readonly data: Data
  readonly shape: readonly number[]
}

/** A batch as `@rnn/data` makes it, or tensors in the same places. */
export interface BatchLike<Inputs = unknown, Targets = unknown> {
  /** One array, or arrays by name (nested as the model's input is). */
  readonly inputs: Inputs
  readonly targets?: Targets
  /** int32 `[batch]`: how much of each row counts. */
  readonly lengths?: HostArray | Tensor | undefined
}

/** The structure of `T` with a tensor in the place of each array. */
export type Uploaded<T> = T extends Tensor | HostArray
  ? Tensor
  : T extends object
    ? { readonly [K in keyof T]: Uploaded<T[K]> }
    : T

/** A batch on a backend. */
export interface UploadedBatch<Inputs, Targets> {
  readonly inputs: Uploaded<Inputs>
  readonly targets: Uploaded<Targets>
  readonly lengths: Tensor | undefined
}

/**
 * Copies a batch to a backend. The new tensors belong to the caller's scope; tensors that lie there already are passed on as they are.
 *
 * ```ts
 * const { inputs, targets, lengths } = upload(batch, model.backend)
 * ```
 *
 * @returns int32 tensors for Int32Arrays, float32 for Float32Arrays
 * @throws E_SHAPE, E_DTYPE, E_VALUE for arrays or lengths that don't fit, E_BACKEND_MISMATCH for a tensor of another backend
 */
export function upload<Inputs, Targets = undefined>(
  batch: BatchLike<Inputs, Targets>,
  backend: Backend,
): UploadedBatch<Inputs, Targets> {
  if (batch.lengths !== undefined) checkLengths(batch.inputs, batch.lengths)
  return {
    inputs: uploadStructure(batch.inputs, backend, 'inputs') as Uploaded<Inputs>,
    targets: uploadStructure(batch.targets, backend, 'targets') as Uploaded<Targets>,
    lengths: batch.lengths && uploadArray(batch.lengths, backend, 'lengths'),
  }
}

/** True for an array with a shape, false for a structure of them. */
export function isHostArray(value: unknown): value is HostArray {
  return (
    typeof value === 'object' && value !== null && 'data' in value && 'shape' in value && ArrayBuffer.isView(value.data)
  )
}

/** The structure with each array uploaded; what is neither an array nor a structure stays as it is. */
function uploadStructure(value: unknown, backend: Backend, name: string): unknown {
  if (value instanceof Tensor || isHostArray(value)) return uploadArray(value, backend, name)
  if (ArrayBuffer.isView(value)) throw bareArray(name)
  if (Array.isArray(value)) return value.map((each, i) => uploadStructure(each, backend, `${name}.${i}`))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, uploadStructure(each, backend, `${name}.${key}`)]),
    )
  }
  return value
}

function uploadArray(value: Tensor | HostArray, backend: Backend, name: string): Tensor {
  if (value instanceof Tensor) {
    if (value.backend === backend) return value
    throw new RnnError({
      code: 'E_BACKEND_MISMATCH',
      operation: 'upload',
      problem: `${name} lies on '${value.backend.name}', the model on '${backend.name}'${value.backend.name === backend.name ? ', another one of that name' : ''}`,
      fix: 'give a host array, or move it with await tensor.to(model.backend)',
    })
  }
  const { data, shape } = value
  if (!(data instanceof Float32Array || data instanceof Int32Array)) {
    throw new RnnError({
      code: 'E_DTYPE',
      operation: 'upload',
      problem: `the data of ${name} are neither a Float32Array nor an Int32Array`,
      fix: 'convert them: Float32Array.from(data)',
    })
  }
  if (shape.reduce((product, length) => product * length, 1) !== data.length) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'upload',
      problem: `${name} has ${data.length} elements and shape ${formatShape(shape)}`,
    })
  }
  return tensor(data, { backend, shape })
}

/** Kernels cut lengths to 0 … T without a word; on the host they can still be looked at. */
function checkLengths(inputs: unknown, lengths: Tensor | HostArray): void {
  const single = inputs instanceof Tensor || isHostArray(inputs) ? inputs : undefined
  const batch = single?.shape[0]
  const time = longestTime(inputs)
  const [rows] = lengths.shape
  if (lengths.shape.length !== 1 || (batch !== undefined && rows !== batch)) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'upload',
      problem: `lengths have shape ${formatShape(lengths.shape)}, expected [${batch ?? 'batch'}]`,
    })
  }
  if (lengths instanceof Tensor) return
  if (!(lengths.data instanceof Int32Array)) {
    throw new RnnError({
      code: 'E_DTYPE',
      operation: 'upload',
      problem: 'lengths are no Int32Array',
      fix: 'convert them: Int32Array.from(lengths)',
    })
  }
  const bad = lengths.data.findIndex((length) => length < 0 || length > (time ?? Infinity))
  if (bad < 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'upload',
    problem: `row ${bad} has length ${lengths.data[bad]}, expected 0 … ${time ?? 'its number of time steps'}`,
  })
}

/**
 * Time steps of the longest array, where any has some. Of several inputs nobody but the model knows which ones the lengths are of (source and
 * target, or ids beside a row of features); what is longer than all of them is wrong for each.
 */
function longestTime(inputs: unknown): number | undefined {
  if (inputs instanceof Tensor || isHostArray(inputs)) return inputs.shape[1]
  if (typeof inputs !== 'object' || inputs === null || ArrayBuffer.isView(inputs)) return undefined
  const times = Object.values(inputs).flatMap((each) => longestTime(each) ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

function bareArray(name: string): RnnError {
  return new RnnError({
    code: 'E_SHAPE',
    operation: 'upload',
    problem: `${name} is an array without a shape`,
    fix: 'give { data, shape }',
  })
}
