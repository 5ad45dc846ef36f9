// Initial values of parameters, computed on the host from a key: the same on every backend.

import { RnnError } from './errors.ts'
import { hostNormal, hostUniform, type RandomKey } from './random/key.ts'
import { formatShape, sizeOf, type Shape } from './shape.ts'

/** Makes the initial values of a parameter. */
export interface Initializer {
  readonly name: string
  /** Row-major values for `shape`; a pure function of its arguments. */
  values(key: RandomKey, shape: Shape): Float32Array
}

/** A parameter before it exists: its shape and how it starts. */
export interface ParameterSpec {
  readonly shape: Shape
  readonly initializer: Initializer
}

/** Every element the same. */
export function constant(value: number): Initializer {
  return { name: 'constant', values: (_, shape) => new Float32Array(sizeOf(shape)).fill(value) }
}

/** Zeros. */
export const zeroInitializer: Initializer = { name: 'zeros', values: (_, shape) => new Float32Array(sizeOf(shape)) }

/** Uniform in `[low, high)`. */
export function uniformInitializer(low: number, high: number): Initializer {
  return {
    name: 'uniform',
    values: (key, shape) => {
      const next = hostUniform(key)
      return Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next())
    },
  }
}

/** Normal with the given standard deviation and mean 0. */
export function normalInitializer(deviation: number): Initializer {
  return {
    name: 'normal',
    values: (key, shape) => {
      const next = hostNormal(key)
      return Float32Array.from({ length: sizeOf(shape) }, () => deviation * next())
    },
  }
}

/** Uniform in ±√(6 / (rows + columns)) of the last two dimensions (Glorot & Bengio 2010). */
export const glorotUniform: Initializer = {
  name: 'glorotUniform',
  values: (key, shape) => {
    const limit = Math.sqrt(6 / ((shape.at(-2) ?? 1) + (shape.at(-1) ?? 1)))
    return uniformInitializer(-limit, limit).values(key, shape)
  },
}

/**
 * A matrix with orthonormal rows or columns, whichever are fewer, uniform over all of those (Saxe et al. 2014): Gram–Schmidt, done twice for full
 * accuracy, on normal vectors in float64.
 *
 * @throws E_SHAPE unless there are two dimensions
 */
export const orthogonal: Initializer = {
  name: 'orthogonal',
  values: (key, shape) => {
    const [rows, columns] = shape
    if (rows === undefined || columns === undefined || shape.length !== 2) {
      throw new RnnError({ code: 'E_SHAPE', operation: 'orthogonal', problem: `${formatShape(shape)} is no matrix` })
    }
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows]
    const basis = orthonormalVectors(count, length, hostNormal(key))
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns)
      const column = i % columns
      return (rows <= columns ? basis[row]?.[column] : basis[column]?.[row]) ?? 0
    })
  },
}

function orthonormalVectors(count: number, length: number, next: () => number): Float64Array[] {
  const basis: Float64Array[] = []
  while (basis.length < count) {
    const vector = Float64Array.from({ length }, next)
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        let product = 0
        for (let i = 0; i < length; i++) product += (vector[i] ?? 0) * (other[i] ?? 0)
        for (let i = 0; i < length; i++) vector[i] = (vector[i] ?? 0) - product * (other[i] ?? 0)
      }
    }
    const norm = Math.hypot(...vector)
    basis.push(vector.map((value) => value / norm))
  }
  return basis
}

/**
 * Blocks of equal width along the last axis, each with an initializer of its own: biases and kernels whose gates start differently.
 *
 * ```ts
 * blocks(zeroInitializer, constant(1), zeroInitializer, zeroInitializer) // LSTM bias with forget bias 1
 * ```
 */
export function blocks(...parts: readonly Initializer[]): Initializer {
  return {
    name: 'blocks',
    values: (key, shape) => {
      const columns = shape.at(-1) ?? 1
      const width = columns / parts.length
      const block = [...shape.slice(0, -1), width]
      const out = new Float32Array(sizeOf(shape))
      parts.forEach((part, p) => {
        const values = part.values({ words: [key.words[0], key.words[1] ^ p] }, block)
        values.forEach((value, i) => (out[Math.floor(i / width) * columns + p * width + (i % width)] = value))
      })
      return out
    },
  }
}
