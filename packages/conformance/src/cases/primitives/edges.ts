// Arguments at the edges of what the dtypes hold, and the shape of most element-wise cases.

/** Rows that no vector width divides. */
export const SHAPE: readonly number[] = [3, 43]

/** Elements of `SHAPE`. */
export const SIZE = 129

/** Zeros of both signs, ties of rounding, tiny and large numbers, infinities, NaN. */
export const EDGES: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -1.5,
  1e-6,
  -1e-6,
  3e-30,
  20,
  -20,
  88,
  -88,
  1000,
  -1000,
  Infinity,
  -Infinity,
  NaN,
]

/** int32 up to its limits, and where squares overflow. */
export const LIMITS: readonly number[] = [0, 1, -1, 7, -7, 2, 2 ** 31 - 1, -(2 ** 31), 46341, 65536]
