// Comparing what a backend gave with what was due.

import { formatShape, type DType, type Shape } from '@rnn/core'
import type { Bound } from './bounds/bound.ts'
import { positionOf, type HostTensor } from './host-tensor.ts'
import { SMALLEST_NORMAL, UNIT_ROUNDOFF } from './tolerances.ts'

/** A result that is not what was due. */
export class CheckFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CheckFailure'
  }
}

/** Throws a CheckFailure with this message. */
export function fail(message: string): never {
  throw new CheckFailure(message)
}

/** Throws unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message)
}

/**
 * Compares results with the reference, element by element.
 *
 * @returns the largest error as a share of the tolerance (0 for equality)
 * @throws CheckFailure naming the worst element
 */
export function compare(name: string, got: ArrayLike<number>, expected: HostTensor, bound: Bound): number {
  const { values, shape, dtype } = expected
  check(
    got.length === values.length,
    `${name}: ${got.length} elements, expected ${values.length} for shape ${formatShape(shape)}`,
  )
  let worst = 0
  let worstAt = -1
  for (let i = 0; i < values.length; i++) {
    const ratio = errorRatio(got[i]!, values[i]!, bound === 'bits' || bound === 'exact' ? bound : bound[i]!, dtype)
    if (ratio > worst) {
      worst = ratio
      worstAt = i
    }
  }
  if (worst > 1) {
    const limit =
      bound === 'bits' || bound === 'exact'
        ? `${bound === 'bits' ? 'equal to the bit' : 'equal'}`
        : `within ${bound[worstAt]!.toExponential(2)}`
    const times = Number.isFinite(worst) ? ` (${worst.toFixed(2)} × the tolerance)` : ''
    const wanted = dtype === 'float32' ? Math.fround(values[worstAt]!) : values[worstAt]!
    fail(
      `${name}${formatShape(positionOf(shape, worstAt))} is ${got[worstAt]}, expected ${wanted} ${limit}${times}; shape ${formatShape(shape)}`,
    )
  }
  return worst
}

/** Error over tolerance; ∞ where nothing but equality will do. */
function errorRatio(got: number, expected: number, bound: 'bits' | 'exact' | number, dtype: DType): number {
  if (bound === Infinity) return 0
  const rounded = dtype === 'float32' ? Math.fround(expected) : expected
  if (bound === 'bits') return Object.is(got, rounded) ? 0 : Infinity
  if (bound === 'exact' || !Number.isFinite(rounded))
    return got === rounded || (Number.isNaN(got) && Number.isNaN(rounded)) ? 0 : Infinity
  const error = Math.abs(got - expected)
  if (!(error > 0)) return error === 0 ? 0 : Infinity // NaN
  const ratio = error / (bound + SMALLEST_NORMAL)
  return Number.isNaN(ratio) ? Infinity : ratio // a bound that is NaN would let everything pass
}

/** Allows `units` of u, times the largest element of the tensor (or `scale`, if that is larger), at every element. */
export function relativeToLargest(expected: HostTensor, units: number, scale = 0): Float64Array {
  const largest = expected.values.reduce((most, value) => Math.max(most, Math.abs(value)), scale)
  return expected.values.map(() => largest * units * UNIT_ROUNDOFF)
}

/** Compares two host arrays to the bit. */
export function compareBits(
  name: string,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  shape: Shape = [expected.length],
  dtype: DType = 'float32',
): void {
  compare(name, got, { shape, dtype, values: Float64Array.from(expected) }, 'bits')
}

/**
 * Runs `body`, which must fail with this code.
 *
 * @returns the error
 */
export async function expectError(code: string, what: string, body: () => unknown): Promise<unknown> {
  let error: unknown
  try {
    await body()
  } catch (thrown) {
    error = thrown
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === code) return thrown
  }
  return fail(
    `${what} should fail with ${code}, but ${error === undefined ? 'did not fail' : `failed with ${String(error)}`}`,
  )
}
