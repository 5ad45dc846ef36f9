// Values for cases: pseudo-random multiples of 2⁻¹², exact in float32, the same here and in scripts/make-oracles.py.

/**
 * `count` values in [−scale/2, scale/2], by Park and Miller's generator (1988). Exact in float32 for a scale that is a power of two. Neighbouring
 * values are unrelated, so no two gates have the same weights.
 */
export function pseudoRandom(count: number, seed: number, scale = 1): Float64Array {
  const out = new Float64Array(count)
  let state = (seed * 7919 + 12345) % 2147483647
  for (let i = -4; i < count; i++) {
    state = (state * 48271) % 2147483647 // below 2⁴⁷: exact in doubles
    if (i >= 0) out[i] = (((state % 4097) - 2048) / 4096) * scale
  }
  return out
}

/** As `pseudoRandom`, but of full float32 precision, so that sums and products must round. */
export function pseudoRandomFloats(count: number, seed: number, scale = 1): Float64Array {
  return pseudoRandom(count, seed, scale).map((value) => Math.fround((value * Math.PI) / 3.25))
}

/** `count` whole numbers in `[low, high)`. */
export function pseudoIntegers(count: number, seed: number, low: number, high: number): Float64Array {
  return pseudoRandom(count, seed).map(
    (value) => low + Math.min(high - low - 1, Math.floor((value + 0.5) * (high - low))),
  )
}
