// How near a float32 result must be to PyTorch's float64.

import { expect } from 'vitest'

/**
 * Within 1e-5 relative + 1e-6 absolute: outputs element by element. An element of a gradient is a sum over batch and time whose terms may cancel, so that
 * its rounding error goes with the terms, not with what is left of them (float32 in NumPy misses the bound on single elements by 2.4 times, in the same
 * cases): there the largest element of the gradient sets the scale.
 */
export function expectClose(name: string, got: ArrayLike<number>, expected: readonly number[], scale?: number): void {
  expect(got.length, name).toBe(expected.length)
  const misses = expected.flatMap((value, i) => {
    const bound = 1e-6 + 1e-5 * (scale ?? Math.abs(value))
    return Math.abs((got[i] ?? NaN) - value) <= bound ? [] : [`${name}[${i}]: ${got[i]} instead of ${value}`]
  })
  expect(misses).toEqual([])
}
