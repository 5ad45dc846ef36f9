// Element-wise functions of two arguments, with NumPy's broadcasting; either may be a constant.

import type { BinaryKind } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { mathOf, type MathName } from '../wgsl/math.ts'
import { constantOf } from './constants.ts'
import { runElementwise } from './elementwise.ts'

type Definition = string | readonly [expression: string, uses: MathName]

const COMPARISONS: Readonly<Partial<Record<BinaryKind, string>>> = {
  equal: 'a == b',
  notEqual: '!(a == b)',
  less: 'a < b',
  lessEqual: 'a <= b',
  greater: 'a > b',
  greaterEqual: 'a >= b',
  and: 'a != 0 && b != 0',
  or: 'a != 0 || b != 0',
}

const FLOATS: Readonly<Partial<Record<BinaryKind, Definition>>> = {
  add: 'a + b',
  subtract: 'a - b',
  multiply: 'a * b',
  divide: 'a / b',
  remainder: ['rnnRemainder(a, b)', 'remainder'],
  power: ['rnnPower(a, b)', 'power'],
  minimum: ['rnnMin(a, b)', 'extremes'],
  maximum: ['rnnMax(a, b)', 'extremes'],
  tanhGradient: 'b * (1.0 - a * a)',
  sigmoidGradient: 'b * a * (1.0 - a)',
  reluGradient: 'select(0.0, b, a > 0.0)',
}

// A divisor of 0 is replaced first: what a division by it gives is not for every device the same.
const INTS: Readonly<Partial<Record<BinaryKind, Definition>>> = {
  add: 'a + b',
  subtract: 'a - b',
  multiply: 'a * b',
  divide: 'select(a / select(b, 1, b == 0), 0, b == 0)',
  remainder: 'select(a % select(b, 1, b == 0 || b == -1), 0, b == 0)',
  minimum: 'min(a, b)',
  maximum: 'max(a, b)',
  reluGradient: 'select(0, b, a > 0)',
}

export const binary: Kernel<'binary'> = ({ inputs: [a, b], outputs: [out], attributes: { kind, scalar = 0 } }, gpu) => {
  const isFloat = (a ?? b)!.dtype === 'float32'
  const comparison = COMPARISONS[kind]
  const definition = (isFloat ? FLOATS : INTS)[kind]
  const [expression, uses] =
    comparison !== undefined
      ? [floatComparison(comparison, isFloat), isFloat ? ('isNan' as const) : undefined]
      : typeof definition === 'string'
        ? [definition, undefined]
        : definition!
  const absent = a === null ? 'a' : b === null ? 'b' : undefined
  runElementwise(gpu, {
    key: `binary ${kind}${absent === undefined ? '' : ` ${absent} constant`}`,
    inputs: { a, b },
    out,
    expression: absent === undefined ? expression : expression.replace(new RegExp(`\\b${absent}\\b`, 'g'), 'p.scalar'),
    ...(uses && { functions: mathOf(uses) }),
    ...(absent !== undefined && {
      parameters: { scalar: constantOf(scalar, (a ?? b)!.dtype) },
    }),
  })
}

/** With NaN all comparisons but one are false, whatever a compiler makes of the operators. */
function floatComparison(comparison: string, isFloat: boolean): string {
  if (!isFloat) return `select(0, 1, ${comparison})`
  const unordered = comparison.startsWith('!') ? '1' : '0'
  return `select(select(0, 1, ${comparison}), ${unordered}, isNan(a) || isNan(b))`
}
