// Random tensors from keys: the same key gives the same numbers on every backend (normals within tolerance).

import type { Backend } from '../contract/backend.ts'
import type { RandomOp } from '../contract/primitive-ops.ts'
import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import type { RandomKey } from '../random/key.ts'
import type { Shape } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { assertShape, tensor } from './creation.ts'

/** Where random tensors are made. */
export interface RandomOptions {
  readonly backend: Backend
}

/**
 * True (or 1) with the given probability, each element independently.
 *
 * ```ts
 * const keep = bernoulli(splitKey(key(1), 'dropout'), x.shape, 0.5, { backend })
 * ```
 *
 * @returns bool, or float32 zeros and ones
 */
export function bernoulli(
  from: RandomKey,
  shape: Shape,
  probability: number,
  options: RandomOptions & { readonly dtype?: 'bool' | 'float32' },
): Tensor {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'bernoulli',
      problem: `probability ${probability}`,
      fix: 'use 0 … 1',
    })
  }
  return random(from, shape, options.dtype ?? 'bool', options.backend, { kind: 'bernoulli', probability })
}

/** Uniform in [0, 1), 24 random bits each; float32. */
export function uniform(from: RandomKey, shape: Shape, options: RandomOptions): Tensor {
  return random(from, shape, 'float32', options.backend, { kind: 'uniform' })
}

/** Standard normal, by Box and Muller's transform; float32. */
export function normal(from: RandomKey, shape: Shape, options: RandomOptions): Tensor {
  return random(from, shape, 'float32', options.backend, { kind: 'normal' })
}

/** 32 random bits each; int32. */
export function randomBits(from: RandomKey, shape: Shape, options: RandomOptions): Tensor {
  return random(from, shape, 'int32', options.backend, { kind: 'bits' })
}

function random(
  from: RandomKey,
  shape: Shape,
  dtype: DType,
  backend: Backend,
  attributes: RandomOp<Tensor>['attributes'],
): Tensor {
  assertShape(attributes.kind, shape)
  const keyTensor = tensor(Int32Array.from(from.words), { backend })
  const out = allocateTensor(backend, shape, dtype)
  execute({ op: 'random', inputs: [keyTensor], outputs: [out], attributes }, attributes.kind)
  keyTensor.dispose()
  return out
}
