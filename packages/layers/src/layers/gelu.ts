// The Gaussian error linear unit, in core's ops.

import { abs, add, div, exp, mul, neg, scope, sign, square, sub, type Tensor } from '@rnn/core'

/** Coefficients of formula 7.1.26 of Abramowitz & Stegun (1964) for erf, the highest power first: off by at most 1.5e-7. */
const COEFFICIENTS = [-1.453152027, 1.421413741, -0.284496736, 0.254829592] as const
const [HIGHEST, SCALE] = [1.061405429, 0.3275911] as const

/** `x · Φ(x)` with the distribution function Φ of the normal distribution (Hendrycks & Gimpel 2016): the exact form, to 1e-7 of x, not the one with tanh. */
export function gelu(x: Tensor): Tensor {
  return scope(x.backend, () => {
    const z = mul(abs(x), Math.SQRT1_2)
    const t = div(1, add(mul(z, SCALE), 1))
    const [first, ...others] = COEFFICIENTS
    const polynomial = others.reduce((sum, each) => add(mul(sum, t), each), add(mul(t, HIGHEST), first))
    const erf = mul(sign(x), sub(1, mul(mul(polynomial, t), exp(neg(square(z))))))
    return mul(mul(x, 0.5), add(erf, 1))
  })
}
