// Choosing by a mask: dtypes, broadcasting, constants, rows.

import type { Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoIntegers } from '../../values.ts'
import { SHAPE } from './edges.ts'

const maskOf = (shape: Shape, seed = 1): OperandSpec =>
  given(shape, {
    dtype: 'bool',
    values: pseudoIntegers(
      shape.reduce((a, b) => a * b, 1),
      seed,
      0,
      2,
    ),
  })

const selectOf =
  (
    mask: OperandSpec,
    a: OperandSpec | null,
    b: OperandSpec | null,
    out: OperandSpec,
    scalar?: number,
  ): (() => CallSpec) =>
  () => ({ op: 'select', inputs: [mask, a, b], outputs: [out], attributes: scalar === undefined ? {} : { scalar } })

export const selectCases: readonly ConformanceCase[] = [
  ...callCases(
    'primitives/select/float32',
    'mask ? a : b',
    selectOf(maskOf(SHAPE), given(SHAPE, { seed: 1 }), given(SHAPE, { seed: 2 }), result(SHAPE)),
  ),
  ...callCases(
    'primitives/select/broadcast',
    'select with a column of masks, a row and a matrix',
    selectOf(maskOf([5, 1]), given([7], { seed: 1 }), given([5, 7], { seed: 2 }), result([5, 7])),
  ),
  callCase(
    'primitives/select/int32',
    'select of int32',
    selectOf(
      maskOf([9]),
      given([9], { dtype: 'int32', values: pseudoIntegers(9, 1, -9, 9) }),
      given([9], { dtype: 'int32', values: pseudoIntegers(9, 2, -9, 9) }),
      result([9], 'int32'),
    ),
  ),
  callCase(
    'primitives/select/bool',
    'select of bool',
    selectOf(maskOf([9]), maskOf([9], 2), maskOf([9], 3), result([9], 'bool')),
  ),
  callCase(
    'primitives/select/scalar-a',
    'select with a constant where the mask is true',
    selectOf(maskOf(SHAPE), null, given(SHAPE), result(SHAPE), -Infinity),
  ),
  callCase(
    'primitives/select/scalar-b',
    'select with a constant where the mask is false',
    selectOf(maskOf(SHAPE), given(SHAPE), null, result(SHAPE), 0.5),
  ),
  callCase(
    'primitives/select/nan',
    'what is not chosen does not leak, not even NaN',
    selectOf(
      given([3], { dtype: 'bool', values: [1, 0, 1] }),
      given([3], { values: [1, NaN, 3] }),
      given([3], { values: [NaN, 2, NaN] }),
      result([3]),
    ),
  ),
  callCase('primitives/select/empty', 'select of nothing', selectOf(maskOf([0]), given([0]), null, result([0]), 1)),
]
