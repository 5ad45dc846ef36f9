// Element-wise functions of one tensor. Each returns a new tensor of the same shape; float32 unless its line says otherwise.

import type { UnaryKind } from '../contract/primitive-ops.ts'
import type { DType } from '../dtype.ts'
import { execute } from '../execute.ts'
import { allocateTensor, assertUsable, type Tensor } from '../tensor.ts'
import { checkDType } from './checks.ts'

const FLOAT: readonly DType[] = ['float32']
const NUMERIC: readonly DType[] = ['float32', 'int32']

function unary(operation: string, kind: UnaryKind, x: Tensor, allowed: readonly DType[] = FLOAT): Tensor {
  assertUsable(operation, x)
  checkDType(operation, 'x', x, ...allowed)
  const out = allocateTensor(x.backend, x.shape, kind === 'isNaN' ? 'bool' : x.dtype)
  execute({ op: 'unary', inputs: [x], outputs: [out], attributes: { kind } }, operation)
  return out
}

/** −x; float32 or int32. */
export function neg(x: Tensor): Tensor {
  return unary('neg', 'negate', x, NUMERIC)
}

/** |x|; float32 or int32. */
export function abs(x: Tensor): Tensor {
  return unary('abs', 'absolute', x, NUMERIC)
}

/** −1, 0 or 1; float32 or int32. */
export function sign(x: Tensor): Tensor {
  return unary('sign', 'sign', x, NUMERIC)
}

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return unary('exp', 'exp', x)
}

/** Natural logarithm; −∞ at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return unary('log', 'log', x)
}

/** ln(1 + x), exact for small x. */
export function log1p(x: Tensor): Tensor {
  return unary('log1p', 'log1p', x)
}

/** √x. */
export function sqrt(x: Tensor): Tensor {
  return unary('sqrt', 'sqrt', x)
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  return unary('rsqrt', 'reciprocalSqrt', x)
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  return unary('reciprocal', 'reciprocal', x)
}

/** x²; float32 or int32. */
export function square(x: Tensor): Tensor {
  return unary('square', 'square', x, NUMERIC)
}

/** Hyperbolic tangent; exactly ±1 for large arguments. */
export function tanh(x: Tensor): Tensor {
  return unary('tanh', 'tanh', x)
}

/** Logistic function 1/(1 + e⁻ˣ); exactly 0 or 1 for large arguments. */
export function sigmoid(x: Tensor): Tensor {
  return unary('sigmoid', 'sigmoid', x)
}

/** max(x, 0); float32 or int32. */
export function relu(x: Tensor): Tensor {
  return unary('relu', 'relu', x, NUMERIC)
}

/** ln(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return unary('softplus', 'softplus', x)
}

/** Largest whole number ≤ x. Its gradient is zero. */
export function floor(x: Tensor): Tensor {
  return unary('floor', 'floor', x)
}

/** Smallest whole number ≥ x. Its gradient is zero. */
export function ceil(x: Tensor): Tensor {
  return unary('ceil', 'ceil', x)
}

/** Nearest whole number, ties to even. Its gradient is zero. */
export function round(x: Tensor): Tensor {
  return unary('round', 'round', x)
}

/** Where x is NaN; bool. */
export function isNaN(x: Tensor): Tensor {
  return unary('isNaN', 'isNaN', x)
}

/** Logical not; bool. */
export function logicalNot(x: Tensor): Tensor {
  return unary('logicalNot', 'not', x, ['bool'])
}
