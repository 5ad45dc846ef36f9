// Fill, copy, accumulate and cast: values, rows, edges.

import type { DType, Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoIntegers } from '../../values.ts'
import { EDGES, LIMITS, SHAPE } from './edges.ts'

const fillCall =
  (shape: Shape, value: number, dtype: DType): (() => CallSpec) =>
  () => ({ op: 'fill', inputs: [], outputs: [result(shape, dtype)], attributes: { value } })

const copyOf =
  (x: OperandSpec, out: OperandSpec, accumulate = false): (() => CallSpec) =>
  () => ({ op: 'copy', inputs: [x], outputs: [out], attributes: { accumulate } })

const CASTABLE = [
  0,
  -0,
  0.9,
  -0.9,
  1.5,
  -1.5,
  7,
  2 ** 31,
  3e9,
  -3e9,
  -(2 ** 31),
  1e-30,
  Infinity,
  -Infinity,
  NaN,
  2 ** 24 + 2,
]
const castable = given([CASTABLE.length], { values: CASTABLE })

export const copyCases: readonly ConformanceCase[] = [
  ...callCases('primitives/fill/float32', 'every element becomes the value', fillCall(SHAPE, 0.1, 'float32'), [
    'plain',
    'offset',
  ]),
  callCase('primitives/fill/infinity', 'fill takes −∞', fillCall([5], -Infinity, 'float32')),
  callCase('primitives/fill/int32', 'fill of int32', fillCall(SHAPE, -7, 'int32')),
  callCase('primitives/fill/bool', 'fill of bool', fillCall(SHAPE, 1, 'bool')),
  callCase('primitives/fill/scalar', 'fill of a scalar', fillCall([], 3, 'float32')),
  callCase('primitives/fill/empty', 'fill of nothing', fillCall([2, 0, 3], 1, 'float32')),

  ...callCases('primitives/copy/float32', 'copy keeps every bit', copyOf(given(SHAPE), result(SHAPE))),
  ...callCases(
    'primitives/copy/int32',
    'copy of int32',
    copyOf(given([4, 5], { dtype: 'int32', values: pseudoIntegers(20, 1, -100, 100) }), result([4, 5], 'int32')),
  ),
  ...callCases(
    'primitives/copy/reshaped',
    'copy between shapes of the same size',
    copyOf(given([6, 4]), result([3, 8])),
  ),
  callCase(
    'primitives/copy/special',
    'copy keeps −0, infinities and NaN',
    copyOf(given([EDGES.length], { values: EDGES }), result([EDGES.length])),
  ),
  callCase('primitives/copy/empty', 'copy of nothing', copyOf(given([0, 3]), result([3, 0]))),
  callCase(
    'primitives/copy/gate-into-half',
    'copy takes a gate out of [B, 4H] into one half of [B, 2H]',
    copyOf(given([5, 3], { rows: [3, 12], offset: 6 }), result([5, 3], 'float32', { rows: [3, 6], offset: 3 })),
  ),
  callCase(
    'primitives/copy/different-rows',
    'copy between operands with rows of different lengths',
    copyOf(given([2, 6], { rows: [6, 7] }), result([6, 2], 'float32', { rows: [2, 5], offset: 1 })),
  ),
  callCase(
    'primitives/copy/long-rows',
    'copy of rows that span several dimensions',
    copyOf(given([3, 4, 5], { rows: [20, 33], offset: 1 }), result([3, 4, 5], 'float32', { rows: [5, 9] })),
  ),
  ...callCases(
    'primitives/accumulate/float32',
    'copy adds in place',
    copyOf(given(SHAPE, { seed: 1 }), given(SHAPE, { seed: 2 }), true),
  ),
  callCase(
    'primitives/accumulate/int32',
    'copy adds int32 in place and wraps around',
    copyOf(
      given([3], { dtype: 'int32', values: [1, 2 ** 31 - 1, -5] }),
      given([3], { dtype: 'int32', values: [2, 1, -(2 ** 31)] }),
      true,
    ),
  ),
  ...callCases(
    'primitives/cast/float32-to-int32',
    'cast truncates toward zero and saturates; NaN gives 0',
    copyOf(castable, result([CASTABLE.length], 'int32')),
    ['plain', 'offset'],
  ),
  callCase(
    'primitives/cast/float32-to-bool',
    'cast to bool is "not zero"',
    copyOf(castable, result([CASTABLE.length], 'bool')),
  ),
  callCase(
    'primitives/cast/int32-to-float32',
    'cast rounds large integers',
    copyOf(given([LIMITS.length], { dtype: 'int32', values: LIMITS }), result([LIMITS.length])),
  ),
  callCase(
    'primitives/cast/int32-to-bool',
    'cast of int32 to bool',
    copyOf(given([LIMITS.length], { dtype: 'int32', values: LIMITS }), result([LIMITS.length], 'bool')),
  ),
  callCase(
    'primitives/cast/bool-to-float32',
    'cast of bool gives 0 and 1',
    copyOf(given([3], { dtype: 'bool', values: [1, 0, 1] }), result([3])),
  ),
  callCase(
    'primitives/cast/bool-to-int32',
    'cast of bool to int32',
    copyOf(given([3], { dtype: 'bool', values: [1, 0, 1] }), result([3], 'int32')),
  ),
]
