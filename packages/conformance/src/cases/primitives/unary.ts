// Functions of one argument: values of many magnitudes, edges, rows.

import type { DType, UnaryKind } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoRandom } from '../../values.ts'
import { EDGES, LIMITS, SHAPE, SIZE } from './edges.ts'

const POSITIVE: ReadonlySet<UnaryKind> = new Set<UnaryKind>(['log', 'sqrt', 'reciprocalSqrt'])
const FLOAT_KINDS: readonly UnaryKind[] = [
  'negate',
  'absolute',
  'sign',
  'exp',
  'log',
  'log1p',
  'sqrt',
  'reciprocalSqrt',
  'reciprocal',
  'square',
  'tanh',
  'sigmoid',
  'relu',
  'softplus',
  'floor',
  'ceil',
  'round',
]
const INT_KINDS: readonly UnaryKind[] = ['negate', 'absolute', 'sign', 'square', 'relu']

/** Spread over several orders of magnitude, in the domain of the function. */
function argumentsOf(kind: UnaryKind): Float64Array {
  const values = pseudoRandom(SIZE, 3, 2).map((x, i) => Math.fround(x * 2 ** ((i % 11) - 6)))
  if (POSITIVE.has(kind)) return values.map((x) => Math.abs(x) + 2 ** -10)
  if (kind === 'log1p') return values.map((x) => Math.max(x, -0.9375))
  return kind === 'reciprocal' ? values.map((x) => (x === 0 ? 1 : x)) : values
}

const unaryOf =
  (kind: UnaryKind, x: OperandSpec, out: DType = x.dtype): (() => CallSpec) =>
  () => ({ op: 'unary', inputs: [x], outputs: [result(x.shape, out)], attributes: { kind } })

/** What each function gives where its graph ends; 1/√ and the logarithms of −0 are left out. */
const EDGE_ARGUMENTS: Partial<Record<UnaryKind, readonly number[]>> = {
  exp: [0, -0, 1, 88, -100, -1000, 1000, Infinity, -Infinity, NaN],
  log: [0, 1, -1, Infinity, NaN, 2 ** -100, 3e38],
  log1p: [0, -1, 1e-7, -1e-7, 1e-20, -2, Infinity, NaN],
  sqrt: [0, 1, 4, -1, Infinity, NaN, 2 ** -100],
  reciprocalSqrt: [1, 4, -1, Infinity, NaN, 2 ** -100],
  reciprocal: [1, -1, 2, Infinity, -Infinity, NaN, 2 ** 100],
  square: [0, -3, 1e20, Infinity, -Infinity, NaN],
  softplus: [0, 1000, -1000, 50, -50, Infinity, -Infinity, NaN],
}

export const unaryCases: readonly ConformanceCase[] = [
  ...FLOAT_KINDS.flatMap((kind) => [
    ...callCases(
      `primitives/${kind}/float32`,
      `${kind} of values of many magnitudes`,
      unaryOf(kind, given(SHAPE, { values: argumentsOf(kind) })),
      ['plain', 'rows'],
    ),
    callCase(
      `primitives/${kind}/edges`,
      `${kind} of zeros, infinities, NaN and large arguments`,
      unaryOf(kind, given([(EDGE_ARGUMENTS[kind] ?? EDGES).length], { values: EDGE_ARGUMENTS[kind] ?? EDGES })),
    ),
  ]),
  ...INT_KINDS.map((kind) =>
    callCase(
      `primitives/${kind}/int32`,
      `${kind} of int32`,
      unaryOf(kind, given([LIMITS.length], { dtype: 'int32', values: LIMITS })),
    ),
  ),
  callCase(
    'primitives/tanh/large',
    'tanh of ±1000 is exactly ±1, and of ±∞ too',
    unaryOf('tanh', given([6], { values: [1000, -1000, Infinity, -Infinity, 20, -20] })),
  ),
  callCase(
    'primitives/sigmoid/large',
    'sigmoid of ±1000 is exactly 1 and 0',
    unaryOf('sigmoid', given([4], { values: [1000, -1000, Infinity, -Infinity] })),
  ),
  callCase(
    'primitives/isNaN/float32',
    'isNaN tells NaN from everything else',
    unaryOf('isNaN', given([EDGES.length], { values: EDGES }), 'bool'),
  ),
  callCase(
    'primitives/isNaN/rows',
    'isNaN of rows',
    unaryOf('isNaN', given([3, 2], { values: [1, NaN, NaN, 2, 3, NaN], rows: [2, 5] }), 'bool'),
  ),
  callCase('primitives/not/bool', 'not of bool', unaryOf('not', given([4], { dtype: 'bool', values: [1, 0, 0, 1] }))),
  callCase('primitives/negate/scalar', 'unary of a scalar', unaryOf('negate', given([], { values: [3] }))),
  callCase('primitives/tanh/empty', 'unary of nothing', unaryOf('tanh', given([0, 4]))),
]
