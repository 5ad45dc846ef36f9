// Exponential functions in double precision, accurate beyond float32 rounding.

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  return Math.tanh(x)
}

/** Logistic sigmoid. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
