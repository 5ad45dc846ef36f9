// Element-wise functions of two operands, broadcast by NumPy's rule. Either one may be a number, but not both.

import type { BinaryKind } from '../contract/primitive-ops.ts'
import type { DType } from '../dtype.ts'
import { RnnError } from '../errors.ts'
import { execute, run } from '../execute.ts'
import { broadcastShapes } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { checkDType, checkScalar, checkShape, checkTensors } from './checks.ts'

const FLOAT: readonly DType[] = ['float32']
const NUMERIC: readonly DType[] = ['float32', 'int32']
const BOOL: readonly DType[] = ['bool']
const ANY: readonly DType[] = ['float32', 'int32', 'bool']

function binary(
  operation: string,
  kind: BinaryKind,
  a: Tensor | number,
  b: Tensor | number,
  allowed: readonly DType[] = NUMERIC,
  result?: DType,
): Tensor {
  const left = typeof a === 'number' ? null : a
  const right = typeof b === 'number' ? null : b
  const known = left ?? right
  if (known === null) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: 'both operands are numbers, so no backend is named',
      fix: 'make one a tensor, or compute in JavaScript',
    })
  }
  checkTensors(operation, [left, right])
  if (left !== null) checkDType(operation, 'a', left, ...allowed)
  if (right !== null) checkDType(operation, 'b', right, ...(left === null ? allowed : [left.dtype]))
  const scalar = typeof a === 'number' ? a : typeof b === 'number' ? b : undefined
  checkScalar(operation, scalar, known)
  const shape = left !== null && right !== null ? broadcastShapes(operation, left.shape, right.shape) : known.shape
  const out = allocateTensor(known.backend, shape, result ?? known.dtype)
  const attributes = scalar === undefined ? { kind } : { kind, scalar }
  execute({ op: 'binary', inputs: [left, right], outputs: [out], attributes }, operation)
  return out
}

/** a + b; float32 or int32. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('add', 'add', a, b)
}

/** a − b; float32 or int32. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('sub', 'subtract', a, b)
}

/** a · b, element by element; float32 or int32. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('mul', 'multiply', a, b)
}

/** a / b; int32 division truncates, and gives 0 for a divisor of 0. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('div', 'divide', a, b)
}

/** Remainder of a / b with the sign of a. Not differentiable with respect to b. */
export function rem(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('rem', 'remainder', a, b)
}

/** aᵇ; float32. */
export function pow(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('pow', 'power', a, b, FLOAT)
}

/** The smaller one; NaN if either is. At equality the gradient goes half to each. */
export function minimum(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('minimum', 'minimum', a, b)
}

/** The larger one; NaN if either is. At equality the gradient goes half to each. */
export function maximum(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('maximum', 'maximum', a, b)
}

/** a = b; bool. */
export function equal(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('equal', 'equal', a, b, ANY, 'bool')
}

/** a ≠ b; bool. */
export function notEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('notEqual', 'notEqual', a, b, ANY, 'bool')
}

/** a < b; bool. */
export function less(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('less', 'less', a, b, NUMERIC, 'bool')
}

/** a ≤ b; bool. */
export function lessEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('lessEqual', 'lessEqual', a, b, NUMERIC, 'bool')
}

/** a > b; bool. */
export function greater(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('greater', 'greater', a, b, NUMERIC, 'bool')
}

/** a ≥ b; bool. */
export function greaterEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return binary('greaterEqual', 'greaterEqual', a, b, NUMERIC, 'bool')
}

/** Both; bool. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return binary('logicalAnd', 'and', a, b, BOOL)
}

/** Either; bool. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return binary('logicalOr', 'or', a, b, BOOL)
}

/**
 * The gradient of tanh, sigmoid or relu from its *result*: `upstream · f′`. One kernel instead of three, for backward passes; never recorded.
 *
 * @param result what the function gave, float32
 * @param upstream gradient with respect to `result`, same shape
 */
export function activationGradient(kind: 'tanh' | 'sigmoid' | 'relu', result: Tensor, upstream: Tensor): Tensor {
  const operation = `${kind} gradient`
  checkTensors(operation, [result, upstream])
  checkDType(operation, 'result', result, 'float32')
  checkDType(operation, 'upstream', upstream, 'float32')
  checkShape(operation, 'upstream', upstream, result.shape)
  const out = allocateTensor(result.backend, result.shape, result.dtype)
  run({ op: 'binary', inputs: [result, upstream], outputs: [out], attributes: { kind: `${kind}Gradient` } }, operation)
  return out
}

/** `start + weight·(end − start)`: `start` where weight is 0, `end` where it is 1; float32. */
export function lerp(start: Tensor, end: Tensor, weight: Tensor): Tensor {
  return add(start, mul(weight, sub(end, start)))
}

/** x kept within [low, high]. The gradient is zero outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) {
    throw new RnnError({ code: 'E_VALUE', operation: 'clip', problem: `low ${low} is above high ${high}` })
  }
  return minimum(maximum(x, low), high)
}
