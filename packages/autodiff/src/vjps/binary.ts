// Gradients of element-wise functions of two operands. Broadcasting is undone by summing over the repeated dimensions.

import {
  add,
  cast,
  div,
  equal,
  log,
  mul,
  neg,
  pow,
  select,
  less,
  greater,
  sub,
  sumTo,
  type ArithmeticKind,
  type Tensor,
} from '@rnn/core'
import type { Saved } from '../saved.ts'
import { onlyGradient, refuse, whole, type Contribution, type RecordOf, type Rule } from './rule.ts'

type Operand = Tensor | number

/** Gradients from the upstream gradient g, the operands and the result; each with the shape of the result. */
interface Derivative {
  /** What the two gradients read. */
  readonly saves: readonly ('a' | 'b' | 'y')[]
  readonly a: (g: Tensor, a: Operand, b: Operand, y: Tensor) => Tensor
  readonly b: (g: Tensor, a: Operand, b: Operand, y: Tensor) => Tensor
}

const DERIVATIVES: Partial<Record<ArithmeticKind, Derivative>> = {
  add: { saves: [], a: (g) => g, b: (g) => g },
  subtract: { saves: [], a: (g) => g, b: (g) => neg(g) },
  multiply: { saves: ['a', 'b'], a: (g, _, b) => mul(g, b), b: (g, a) => mul(g, a) },
  divide: { saves: ['b', 'y'], a: (g, _, b) => div(g, b), b: (g, _, b, y) => neg(div(mul(g, y), b)) },
  remainder: { saves: [], a: (g) => g, b: (g) => g }, // b is refused below
  power: {
    saves: ['a', 'b', 'y'],
    // b·aᵇ⁻¹, which is 0 for b = 0, even where a⁻¹ is infinite
    a: (g, a, b) =>
      typeof b === 'number'
        ? mul(g, b === 0 ? 0 : mul(pow(a, b - 1), b))
        : mul(g, select(equal(b, 0), 0, mul(pow(a, sub(b, 1)), b))),
    // aᵇ·ln a, which is 0 for a = 0
    b: (g, a, _, y) =>
      mul(mul(g, y), typeof a === 'number' ? (a === 0 ? 0 : Math.log(a)) : select(equal(a, 0), 0, log(a))),
  },
  minimum: {
    saves: ['a', 'b'],
    a: (g, a, b) => share(g, less(a, b), a, b),
    b: (g, a, b) => share(g, less(b, a), a, b),
  },
  maximum: {
    saves: ['a', 'b'],
    a: (g, a, b) => share(g, greater(a, b), a, b),
    b: (g, a, b) => share(g, greater(b, a), a, b),
  },
}

/** All of g where this operand won, half of it at a tie. */
function share(g: Tensor, won: Tensor, a: Operand, b: Operand): Tensor {
  return add(select(won, g, 0), mul(mul(g, 0.5), cast(equal(a, b), 'float32')))
}

export const binaryRule: Rule<RecordOf<'binary'>> = ({ attributes, inputs: [a, b], outputs: [y] }, context) => {
  const derivative = DERIVATIVES[attributes.kind as ArithmeticKind] // comparisons are not in the table
  if (derivative === undefined) return null
  if (attributes.kind === 'remainder') refuse(context, 1, 'rem', 'the divisor')

  // An operand is read by the gradient of the other one; only power reads both for either.
  const readsA = derivative.saves.includes('a') && (context.needs[1] === true || attributes.kind !== 'multiply')
  const readsB = derivative.saves.includes('b') && (context.needs[0] === true || attributes.kind !== 'multiply')
  const readsY = derivative.saves.includes('y') && context.needs[1] === true
  const savedA = readsA && a !== null ? context.save(a) : undefined
  const savedB = readsB && b !== null ? context.save(b) : undefined
  const savedY = readsY ? context.save(y) : undefined
  const scalar = attributes.scalar ?? 0
  const shapes = [a?.shape, b?.shape] as const

  return (gradients) => {
    const g = onlyGradient(gradients)
    // What the gradient does not read is never looked at: g stands in for it.
    const left = operand(savedA, a === null ? scalar : g)
    const right = operand(savedB, b === null ? scalar : g)
    const result = savedY?.get() ?? g
    const contribution = (input: 0 | 1, gradient: () => Tensor): Contribution[] =>
      whole(context, input, () => sumTo(gradient(), shapes[input] ?? []))
    return [
      ...contribution(0, () => derivative.a(g, left, right, result)),
      ...contribution(1, () => derivative.b(g, left, right, result)),
    ]
  }
}

function operand(saved: Saved | undefined, otherwise: Operand): Operand {
  return saved?.get() ?? otherwise
}

export const selectRule: Rule<RecordOf<'select'>> = ({ inputs: [mask, a, b] }, context) => {
  const saved = context.save(mask)
  const shapes = [mask.shape, a?.shape, b?.shape] as const
  return (gradients) => {
    const g = onlyGradient(gradients)
    return [
      ...whole(context, 1, () => sumTo(select(saved.get(), g, 0), shapes[1] ?? [])),
      ...whole(context, 2, () => sumTo(select(saved.get(), 0, g), shapes[2] ?? [])),
    ]
  }
}
