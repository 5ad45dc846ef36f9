// Arithmetic and comparison: broadcasting, rows, int32, infinities and NaN.

import type { ArithmeticKind, ComparisonKind, Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoIntegers, pseudoRandom } from '../../values.ts'
import { LIMITS, SHAPE, SIZE } from './edges.ts'

const ARITHMETIC: readonly ArithmeticKind[] = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'remainder',
  'power',
  'minimum',
  'maximum',
  'tanhGradient',
  'sigmoidGradient',
  'reluGradient',
]
const COMPARISONS: readonly ComparisonKind[] = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']
const BROADCASTS: readonly (readonly [name: string, a: Shape, b: Shape, out: Shape])[] = [
  ['row', [5, 7], [7], [5, 7]],
  ['column', [5, 7], [5, 1], [5, 7]],
  ['scalar', [5, 7], [], [5, 7]],
  ['outer', [5, 1], [1, 7], [5, 7]],
  ['left', [7], [5, 7], [5, 7]],
  ['middle', [3, 1, 4], [3, 5, 4], [3, 5, 4]],
  ['both', [2, 1, 3, 1], [4, 1, 5], [2, 4, 3, 5]],
  ['ones', [1, 1], [1], [1, 1]],
]

function binaryOf(
  kind: ArithmeticKind | ComparisonKind,
  a: OperandSpec | null,
  b: OperandSpec | null,
  out: OperandSpec,
  scalar?: number,
): () => CallSpec {
  const attributes = scalar === undefined ? { kind } : { kind, scalar }
  return () => ({ op: 'binary', inputs: [a, b], outputs: [out], attributes })
}

/** Operands in the domain of the function: bases of powers positive, quotients off whole numbers. */
function operandsOf(
  kind: ArithmeticKind,
  shapeA: Shape = SHAPE,
  shapeB: Shape = SHAPE,
): readonly [OperandSpec, OperandSpec] {
  const a = given(shapeA, { seed: 5 })
  const b = given(shapeB, { seed: 6, scale: 4 })
  if (kind === 'power') return [{ ...a, values: a.values!.map((x) => Math.abs(x) + 0.125) }, b]
  if (kind === 'divide') return [a, { ...b, values: b.values!.map((x) => x || 1) }]
  if (kind === 'remainder')
    return [
      { ...a, values: a.values!.map((x) => 8 * x + 2 ** -10) },
      { ...b, values: b.values!.map((x) => Math.round(x) || 2) },
    ]
  return [a, b]
}

const integer = (values: readonly number[]): OperandSpec => given([values.length], { dtype: 'int32', values })
const pairs = LIMITS.flatMap((a) => LIMITS.map((b) => [a, b] as const))
const LARGE = [3e38, -3e38, 1e30, 33554432, 1e9, 16777217].map(Math.fround)
const largePairs = LARGE.flatMap((a) => [0.5, 3, 16777215, 7, -11].map((b) => [a, b] as const))
const SPECIAL = [0, 1, -1, Infinity, -Infinity, NaN]
const specialPairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const))
const lefts = specialPairs.map(([a]) => a)
const rights = specialPairs.map(([, b]) => b)

export const binaryCases: readonly ConformanceCase[] = [
  ...ARITHMETIC.flatMap((kind) =>
    callCases(
      `primitives/${kind}/float32`,
      `${kind} of equal shapes`,
      binaryOf(kind, ...operandsOf(kind), result(SHAPE)),
    ),
  ),
  ...BROADCASTS.flatMap(([name, a, b, out]) => [
    ...callCases(
      `primitives/broadcast/subtract-${name}`,
      `[${a.join()}] − [${b.join()}]`,
      binaryOf('subtract', ...operandsOf('subtract', a, b), result(out)),
      ['plain', 'offset'],
    ),
    callCase(
      `primitives/broadcast/less-${name}`,
      `[${a.join()}] < [${b.join()}]`,
      binaryOf('less', ...operandsOf('add', a, b), result(out, 'bool')),
    ),
  ]),
  callCase(
    'primitives/broadcast/row-and-rows',
    'a row is added to an operand with gaps',
    binaryOf(
      'add',
      given([5, 7], { rows: [7, 11] }),
      given([7], { seed: 9, offset: 1 }),
      result([5, 7], 'float32', { rows: [7, 9] }),
    ),
  ),
  callCase(
    'primitives/broadcast/empty',
    'an empty operand is broadcast to nothing',
    binaryOf('add', given([0, 3]), given([3]), result([0, 3])),
  ),
  callCase(
    'primitives/subtract/scalar-left',
    'a constant minus a tensor',
    binaryOf('subtract', null, given(SHAPE), result(SHAPE), 1),
  ),
  callCase(
    'primitives/subtract/scalar-right',
    'a tensor minus a constant',
    binaryOf('subtract', given(SHAPE), null, result(SHAPE), 0.25),
  ),
  callCase(
    'primitives/power/scalar',
    'a tensor to a constant power',
    binaryOf(
      'power',
      given(SHAPE, { values: pseudoRandom(SIZE, 7).map((x) => Math.abs(x) + 0.125) }),
      null,
      result(SHAPE),
      3,
    ),
  ),
  callCase(
    'primitives/divide/scalar-int32',
    'a constant in the dtype of the other operand',
    binaryOf('divide', integer(LIMITS), null, result([LIMITS.length], 'int32'), 3),
  ),
  callCase(
    'primitives/multiply/same-operand',
    'one operand twice',
    binaryOf('multiply', given([7], { seed: 4 }), given([7], { seed: 4 }), result([7])),
  ),
  ...(['add', 'subtract', 'multiply', 'divide', 'remainder', 'minimum', 'maximum'] as const).map((kind) =>
    callCase(
      `primitives/${kind}/int32`,
      `${kind} of int32: wraps around, truncates, x / 0 = 0`,
      binaryOf(kind, integer(pairs.map(([a]) => a)), integer(pairs.map(([, b]) => b)), result([pairs.length], 'int32')),
    ),
  ),
  callCase(
    'primitives/remainder/large',
    'remainders of numbers far larger than the divisor are exact',
    binaryOf(
      'remainder',
      given([largePairs.length], { values: largePairs.map(([a]) => a) }),
      given([largePairs.length], { values: largePairs.map(([, b]) => b) }),
      result([largePairs.length]),
    ),
  ),
  ...(['minimum', 'maximum', 'add', 'multiply'] as const).map((kind) =>
    callCase(
      `primitives/${kind}/special`,
      `${kind} of infinities and NaN`,
      binaryOf(
        kind,
        given([lefts.length], { values: lefts }),
        given([rights.length], { values: rights }),
        result([lefts.length]),
      ),
    ),
  ),
  ...COMPARISONS.flatMap((kind) => [
    ...callCases(
      `primitives/${kind}/float32`,
      `${kind} of float32`,
      binaryOf(
        kind,
        given(SHAPE, { values: pseudoIntegers(SIZE, 1, -2, 3) }),
        given(SHAPE, { values: pseudoIntegers(SIZE, 2, -2, 3) }),
        result(SHAPE, 'bool'),
      ),
    ),
    callCase(
      `primitives/${kind}/special`,
      `${kind} of infinities and NaN, as in IEEE 754`,
      binaryOf(
        kind,
        given([lefts.length], { values: lefts }),
        given([rights.length], { values: rights }),
        result([lefts.length], 'bool'),
      ),
    ),
    callCase(
      `primitives/${kind}/int32`,
      `${kind} of int32`,
      binaryOf(kind, integer(pairs.map(([a]) => a)), integer(pairs.map(([, b]) => b)), result([pairs.length], 'bool')),
    ),
  ]),
  ...(['and', 'or', 'equal', 'notEqual'] as const).map((kind) =>
    callCase(
      `primitives/${kind}/bool`,
      `${kind} of bool`,
      binaryOf(
        kind,
        given([4], { dtype: 'bool', values: [0, 0, 1, 1] }),
        given([4], { dtype: 'bool', values: [0, 1, 0, 1] }),
        result([4], 'bool'),
      ),
    ),
  ),
]
