// The reference for ops that treat each element alone: straight from the contract's doc comments, in double precision.

import type { ArithmeticKind, ComparisonKind, UnaryKind } from '@rnn/core'
import { broadcastIndex, type HostCallOf, type HostTensor } from '../host-tensor.ts'

export function fill(call: HostCallOf<'fill'>): void {
  const [out] = call.outputs
  out.values.fill(out.dtype === 'float32' ? call.attributes.value : Math.trunc(call.attributes.value))
}

export function copy(call: HostCallOf<'copy'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { accumulate } = call.attributes
  x.values.forEach((value, i) => {
    if (!accumulate) out.values[i] = castTo(out, value)
    else out.values[i] = out.dtype === 'int32' ? (out.values[i]! + value) | 0 : out.values[i]! + value
  })
}

function castTo(out: HostTensor, value: number): number {
  if (out.dtype === 'bool') return value === 0 ? 0 : 1
  if (out.dtype === 'float32') return value
  return Number.isNaN(value) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(value)))
}

export function unary(call: HostCallOf<'unary'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind } = call.attributes
  const f = UNARY_FUNCTIONS[kind]
  x.values.forEach((value, i) => (out.values[i] = out.dtype === 'int32' ? wrap(kind, value) : f(value)))
}

/** int32 arithmetic wraps around. */
function wrap(kind: UnaryKind, value: number): number {
  return kind === 'square' ? Math.imul(value, value) : UNARY_FUNCTIONS[kind](value) | 0
}

const UNARY_FUNCTIONS: Readonly<Record<UnaryKind, (x: number) => number>> = {
  negate: (x) => -x,
  absolute: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  reciprocalSqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  square: (x) => x * x,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => (x < 0 ? 0 : x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundToEven,
  isNaN: (x) => (Number.isNaN(x) ? 1 : 0),
  not: (x) => (x === 0 ? 1 : 0),
}

function roundToEven(x: number): number {
  const nearest = Math.round(x)
  return Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : nearest
}

export function binary(call: HostCallOf<'binary'>): void {
  const [out] = call.outputs
  const { kind, scalar = 0 } = call.attributes
  const [a, b] = call.inputs.map((operand) => {
    if (operand === null) return () => scalar
    const index = broadcastIndex(operand.shape, out.shape)
    return (i: number) => operand.values[index(i)]!
  }) as [(i: number) => number, (i: number) => number]
  const dtype = (call.inputs[0] ?? call.inputs[1])?.dtype
  const f =
    dtype === 'int32' && kind in INTEGER_FUNCTIONS ? INTEGER_FUNCTIONS[kind as IntegerKind] : BINARY_FUNCTIONS[kind]
  for (let i = 0; i < out.values.length; i++) out.values[i] = f(a(i), b(i))
}

const BINARY_FUNCTIONS: Readonly<Record<ArithmeticKind | ComparisonKind, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  remainder: (a, b) => a % b,
  power: Math.pow,
  minimum: Math.min,
  maximum: Math.max,
  tanhGradient: (a, b) => b * (1 - a * a),
  sigmoidGradient: (a, b) => b * a * (1 - a),
  reluGradient: (a, b) => (a > 0 ? b : 0),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
}

type IntegerKind = 'add' | 'subtract' | 'multiply' | 'divide' | 'remainder'

/** Two's complement: results wrap around; a divisor of 0 gives 0. */
const INTEGER_FUNCTIONS: Readonly<Record<IntegerKind, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  subtract: (a, b) => (a - b) | 0,
  multiply: Math.imul,
  divide: (a, b) => (b === 0 ? 0 : (a / b) | 0),
  remainder: (a, b) => (b === 0 ? 0 : (a % b) | 0),
}

export function select(call: HostCallOf<'select'>): void {
  const [mask, a, b] = call.inputs
  const [out] = call.outputs
  const { scalar = 0 } = call.attributes
  const [chosen, left, right] = [mask, a, b].map((operand) => operand && broadcastIndex(operand.shape, out.shape))
  for (let i = 0; i < out.values.length; i++) {
    const isTrue = Boolean(mask.values[chosen!(i)])
    const [operand, index] = isTrue ? [a, left] : [b, right]
    out.values[i] = operand && index ? operand.values[index(i)]! : scalar
  }
}
