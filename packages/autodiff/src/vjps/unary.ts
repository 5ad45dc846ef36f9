// Gradients of element-wise functions of one tensor.

import { activationGradient, add, div, mul, neg, sigmoid, sign, square, type Tensor, type UnaryKind } from '@rnn/core'
import { onlyGradient, whole, type RecordOf, type Rule } from './rule.ts'

/** The gradient with respect to x, from the upstream gradient g and what was saved: x itself, or the result y. */
const DERIVATIVES: Partial<
  Record<UnaryKind, { readonly saves: 'x' | 'y' | 'nothing'; readonly gradient: (g: Tensor, saved: Tensor) => Tensor }>
> = {
  negate: { saves: 'nothing', gradient: (g) => neg(g) },
  absolute: { saves: 'x', gradient: (g, x) => mul(g, sign(x)) },
  exp: { saves: 'y', gradient: (g, y) => mul(g, y) },
  log: { saves: 'x', gradient: (g, x) => div(g, x) },
  log1p: { saves: 'x', gradient: (g, x) => div(g, add(x, 1)) },
  sqrt: { saves: 'y', gradient: (g, y) => div(mul(g, 0.5), y) },
  reciprocalSqrt: { saves: 'y', gradient: (g, y) => mul(mul(g, -0.5), mul(y, square(y))) },
  reciprocal: { saves: 'y', gradient: (g, y) => neg(mul(g, square(y))) },
  square: { saves: 'x', gradient: (g, x) => mul(g, mul(x, 2)) },
  tanh: { saves: 'y', gradient: (g, y) => activationGradient('tanh', y, g) },
  sigmoid: { saves: 'y', gradient: (g, y) => activationGradient('sigmoid', y, g) },
  relu: { saves: 'y', gradient: (g, y) => activationGradient('relu', y, g) },
  softplus: { saves: 'x', gradient: (g, x) => mul(g, sigmoid(x)) },
}

export const unaryRule: Rule<RecordOf<'unary'>> = ({ attributes, inputs: [x], outputs: [y] }, context) => {
  const derivative = DERIVATIVES[attributes.kind]
  if (derivative === undefined) return null // sign, floor, ceil, round: zero almost everywhere
  if (derivative.saves === 'nothing') {
    return (gradients) => {
      const g = onlyGradient(gradients)
      return whole(context, 0, () => derivative.gradient(g, g))
    }
  }
  const saved = context.save(derivative.saves === 'x' ? x : y)
  return (gradients) => whole(context, 0, () => derivative.gradient(onlyGradient(gradients), saved.get()))
}
