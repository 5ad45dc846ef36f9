// Programs in core's ops as cases: run on the backend, on core's composites, and on the float64 reference, and compared.

import { decorate, readTensors, scope, tensor, type Backend, type DType, type Shape, type Tensor } from '@rnn/core'
import { hostTensor, type HostTensor } from './host-tensor.ts'
import { pseudoRandom } from './values.ts'

/** The backend without its fused ops: core runs its composites. */
export function compositesOf(backend: Backend): Backend {
  return decorate(backend, { supports: () => ({ reason: 'composites are wanted' }) })
}

/** A parameter or input of a program: the same on every backend. */
export interface Input {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: Float64Array
}

/** Pseudo-random float32 values in ±scale/2. */
export function input(shape: Shape, seed: number, scale = 2): Input {
  return hostTensor(
    shape,
    pseudoRandom(
      shape.reduce((a, b) => a * b, 1),
      seed,
      scale,
    ),
  )
}

/** Given values. */
export function inputOf(shape: Shape, values: ArrayLike<number>, dtype: DType = 'float32'): Input {
  return hostTensor(shape, values, dtype)
}

/** The input as a tensor. */
export function upload(backend: Backend, { shape, dtype, values }: Input): Tensor {
  const data = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values)
  return tensor(data, { backend, shape, dtype })
}

/** Inputs by name. */
export type Inputs = Readonly<Record<string, Input>>

/** Tensors under the names of the inputs. */
export type TensorsOf<I extends Inputs> = { readonly [Name in keyof I]: Tensor }

/** Uploads inputs; the tensors belong to the caller's scope. */
export function uploadAll<I extends Inputs>(backend: Backend, inputs: I): TensorsOf<I> {
  // Object.entries forgets the names that it goes through.
  return Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, upload(backend, each)])) as TensorsOf<I>
}

/** Runs a program in a scope, reads what it returns and frees it. */
export async function resultsOf(backend: Backend, program: () => readonly Tensor[]): Promise<HostTensor[]> {
  const tensors = scope(backend, program)
  try {
    const data = await readTensors(tensors)
    return tensors.map(({ shape, dtype }, i) => hostTensor(shape, data[i], dtype))
  } finally {
    for (const each of tensors) each.dispose()
  }
}
