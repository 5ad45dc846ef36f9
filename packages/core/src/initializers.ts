// Initial values of parameters, computed on the host from a key: the same on every backend.

import { RnnError } from './errors.ts'
import { hostNormal, hostUniform, type RandomKey } from './random/key.ts'
import { formatShape, sizeOf, type Shape } from './shape.ts'

/** How an initializer was made, as JSON: its name and its numbers, and for `blocks` its parts. */
export interface InitializerConfiguration {
  readonly name: string
  readonly [option: string]: string | number | readonly InitializerConfiguration[]
}

/** Makes the initial values of a parameter. */
export interface Initializer {
  readonly name: string
  /** For the JSON form of a layer. Undefined for an initializer of one's own, which has none. */
  readonly configuration?: InitializerConfiguration | undefined
  /** Row-major values for `shape`; a pure function of its arguments. */
  values(key: RandomKey, shape: Shape): Float32Array
}

/** A parameter before it exists: its shape and how it starts. */
export interface ParameterSpec {
  readonly shape: Shape
  readonly initializer: Initializer
  /**
   * What the parameter is to a cell, so that options such as `recurrentRegularizer` find it. Default: its name, if that is one of these; else `other`, which no option
   * reaches. `recurrentBias` is a second bias of the same gates: it is regularised with the first, and starts as it does here.
   */
  readonly role?: ParameterRole
}

/** What a parameter is to a cell. */
export type ParameterRole = 'kernel' | 'recurrent' | 'bias' | 'recurrentBias' | 'other'

/** Every element the same. */
export function constant(value: number): Initializer {
  return initializer({ name: 'constant', value }, (_, shape) => new Float32Array(sizeOf(shape)).fill(value))
}

/** Zeros. */
export const zeroInitializer: Initializer = /* @__PURE__ */ initializer(
  { name: 'zeros' },
  (_, shape) => new Float32Array(sizeOf(shape)),
)

/** Uniform in `[low, high)`. */
export function uniformInitializer(low: number, high: number): Initializer {
  return initializer({ name: 'uniform', low, high }, (key, shape) => {
    const next = hostUniform(key)
    return Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next())
  })
}

/** Normal with the given standard deviation and mean 0. */
export function normalInitializer(deviation: number): Initializer {
  return initializer({ name: 'normal', deviation }, (key, shape) => {
    const next = hostNormal(key)
    return Float32Array.from({ length: sizeOf(shape) }, () => deviation * next())
  })
}

/** Standard deviation of a standard normal number that is drawn again until it lies within ±2. */
const TRUNCATED_DEVIATION = 0.8796256610342398

/**
 * Normal, drawn again until it lies within two deviations of 0. As in Keras and PyTorch, `deviation` is that of the normal number before it was cut:
 * that of the values is 0.88 of it.
 */
export function truncatedNormal(deviation: number): Initializer {
  return initializer({ name: 'truncatedNormal', deviation }, (key, shape) => {
    const next = hostNormal(key)
    return Float32Array.from({ length: sizeOf(shape) }, () => {
      let value = next()
      while (Math.abs(value) > 2) value = next()
      return deviation * value
    })
  })
}

/** Ones (or `gain`) on the main diagonal of a matrix, zeros elsewhere: the recurrent kernel with which Le, Jaitly & Hinton (2015) start rectified units. */
export function identityInitializer(gain = 1): Initializer {
  return initializer({ name: 'identity', gain }, (_, shape) => {
    const [rows, columns] = matrixShape('identityInitializer', shape)
    const values = new Float32Array(rows * columns)
    for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = gain
    return values
  })
}

/** Options of `varianceScaling`. */
export interface VarianceScalingOptions {
  /** The variance of the values times the fan. */
  readonly scale: number
  /** What the variance is divided by: the number of inputs of a unit, of its outputs, or the mean of both. */
  readonly fan: 'in' | 'out' | 'average'
  /** Normal means truncated normal, as in Keras. */
  readonly distribution: 'uniform' | 'normal'
}

/**
 * Values of mean 0 and variance `scale / fan`, so that a layer's outputs vary as its inputs do. Of a kernel `[…, in, out]` a unit has `in` inputs, times all
 * dimensions before (the window of a convolution).
 *
 * @throws E_VALUE unless scale is above 0, and for an unknown fan or distribution
 */
export function varianceScaling(options: VarianceScalingOptions): Initializer {
  const { scale, fan, distribution } = options
  if (!(scale > 0)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'varianceScaling',
      problem: `scale is ${String(scale)}`,
      fix: 'use a number above 0',
    })
  }
  const known = ['in', 'out', 'average'].includes(fan) && ['uniform', 'normal'].includes(distribution)
  if (!known) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'varianceScaling',
      problem: `fan is '${String(fan)}', distribution '${String(distribution)}'`,
      fix: "use fan 'in', 'out' or 'average', distribution 'uniform' or 'normal'",
    })
  }
  return scaled({ name: 'varianceScaling', scale, fan, distribution }, options)
}

function scaled(configuration: InitializerConfiguration, options: VarianceScalingOptions): Initializer {
  const { scale, fan, distribution } = options
  return initializer(configuration, (key, shape) => {
    const [fanIn, fanOut] = fansOf(shape)
    const count = Math.max(1, fan === 'in' ? fanIn : fan === 'out' ? fanOut : (fanIn + fanOut) / 2)
    const limit = Math.sqrt((3 * scale) / count)
    return distribution === 'uniform'
      ? uniformInitializer(-limit, limit).values(key, shape)
      : truncatedNormal(Math.sqrt(scale / count) / TRUNCATED_DEVIATION).values(key, shape)
  })
}

/** Inputs and outputs of a unit; a vector is a matrix of one column. */
function fansOf(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, 1]
  const window = sizeOf(shape.slice(0, -2))
  return [window * (shape.at(-2) ?? 1), window * (shape.at(-1) ?? 1)]
}

/** Uniform in ±√(6 / (fan in + fan out)) (Glorot & Bengio 2010): for units that are about linear near 0, such as tanh. */
export const glorotUniform: Initializer = /* @__PURE__ */ scaled(
  { name: 'glorotUniform' },
  { scale: 1, fan: 'average', distribution: 'uniform' },
)

/** Truncated normal of variance 2 / (fan in + fan out) (Glorot & Bengio 2010). */
export const glorotNormal: Initializer = /* @__PURE__ */ scaled(
  { name: 'glorotNormal' },
  { scale: 1, fan: 'average', distribution: 'normal' },
)

/** Uniform in ±√(6 / fan in) (He et al. 2015): for rectified units, which pass on half of what they get. */
export const heUniform: Initializer = /* @__PURE__ */ scaled(
  { name: 'heUniform' },
  { scale: 2, fan: 'in', distribution: 'uniform' },
)

/** Truncated normal of variance 2 / fan in (He et al. 2015): for rectified units. */
export const heNormal: Initializer = /* @__PURE__ */ scaled(
  { name: 'heNormal' },
  { scale: 2, fan: 'in', distribution: 'normal' },
)

/** Uniform in ±√(3 / fan in) (LeCun et al. 1998). */
export const lecunUniform: Initializer = /* @__PURE__ */ scaled(
  { name: 'lecunUniform' },
  { scale: 1, fan: 'in', distribution: 'uniform' },
)

/** Truncated normal of variance 1 / fan in (LeCun et al. 1998). */
export const lecunNormal: Initializer = /* @__PURE__ */ scaled(
  { name: 'lecunNormal' },
  { scale: 1, fan: 'in', distribution: 'normal' },
)

/**
 * A matrix with orthonormal rows or columns, whichever are fewer, uniform over all of those (Saxe et al. 2014), times `gain`: Gram–Schmidt, done twice
 * for full accuracy, on normal vectors in float64. A kernel of more dimensions is a matrix of one row for each element of a window. Its `values` throw E_SHAPE for a vector.
 */
export function scaledOrthogonal(gain: number): Initializer {
  return orthogonalOf({ name: 'orthogonal', gain }, gain)
}

/** `scaledOrthogonal(1)`: the matrix keeps the length of a vector, and so a recurrent kernel neither lets states grow nor fade. */
export const orthogonal: Initializer = /* @__PURE__ */ orthogonalOf({ name: 'orthogonal' }, 1)

function orthogonalOf(configuration: InitializerConfiguration, gain: number): Initializer {
  return initializer(configuration, (key, shape) => {
    const [rows, columns] = matrixShape(
      'orthogonal',
      shape.length > 2 ? [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1] : shape,
    )
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows]
    const basis = orthonormalVectors(count, length, hostNormal(key))
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns)
      const column = i % columns
      return gain * ((rows <= columns ? basis[row]?.[column] : basis[column]?.[row]) ?? 0)
    })
  })
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
    const norm = Math.sqrt(vector.reduce((squares, value) => squares + value * value, 0))
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
 *
 * @returns its `values` throw E_SHAPE for columns that can't be divided into as many blocks
 */
export function blocks(...parts: readonly Initializer[]): Initializer {
  const described = parts.flatMap(({ configuration }) => configuration ?? [])
  const values: Initializer['values'] = (key, shape) => {
    const columns = shape.at(-1) ?? 1
    const width = columns / parts.length
    if (!Number.isInteger(width)) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'blocks',
        problem: `${columns} columns can't be divided into ${parts.length} blocks of one width`,
        fix: 'give an initializer for each gate: four for an LSTM, three for a GRU or coupled gates',
      })
    }
    const block = [...shape.slice(0, -1), width]
    const out = new Float32Array(sizeOf(shape))
    parts.forEach((part, p) => {
      const own = part.values({ words: [key.words[0], key.words[1] ^ p] }, block)
      own.forEach((value, i) => (out[Math.floor(i / width) * columns + p * width + (i % width)] = value))
    })
    return out
  }
  return described.length === parts.length
    ? initializer({ name: 'blocks', parts: described }, values)
    : { name: 'blocks', values }
}

function initializer(configuration: InitializerConfiguration, values: Initializer['values']): Initializer {
  return { name: configuration.name, configuration, values }
}

/** @throws E_SHAPE unless there are two dimensions */
function matrixShape(operation: string, shape: Shape): readonly [rows: number, columns: number] {
  const [rows, columns] = shape
  if (rows !== undefined && columns !== undefined && shape.length === 2) return [rows, columns]
  throw new RnnError({ code: 'E_SHAPE', operation, problem: `${formatShape(shape)} is no matrix` })
}
