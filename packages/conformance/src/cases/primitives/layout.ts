// Transpose, concat, pad, gather and scatterAdd.

import { sizeOf, type DType, type Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, integers, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoIntegers } from '../../values.ts'

const int = (shape: Shape, seed: number, dtype: DType = 'int32'): OperandSpec =>
  given(shape, {
    dtype,
    values: pseudoIntegers(sizeOf(shape), seed, dtype === 'bool' ? 0 : -99, dtype === 'bool' ? 2 : 99),
  })

const transposeOf =
  (x: OperandSpec, permutation: readonly number[]): (() => CallSpec) =>
  () => ({
    op: 'transpose',
    inputs: [x],
    outputs: [
      result(
        permutation.map((axis) => x.shape[axis]!),
        x.dtype,
      ),
    ],
    attributes: { permutation },
  })

const PERMUTATIONS: readonly (readonly [Shape, readonly number[]])[] = [
  [
    [5, 7],
    [1, 0],
  ],
  [
    [3, 4, 5],
    [1, 0, 2],
  ],
  [
    [3, 4, 5],
    [0, 2, 1],
  ],
  [
    [3, 4, 5],
    [2, 1, 0],
  ],
  [
    [3, 4, 5],
    [1, 2, 0],
  ],
  [
    [2, 3, 4, 5],
    [0, 2, 1, 3],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 0, 2],
  ],
  [
    [65, 33],
    [1, 0],
  ],
]

const concatOf =
  (inputs: readonly OperandSpec[], axis: number): (() => CallSpec) =>
  () => {
    const [first] = inputs
    const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0)
    return {
      op: 'concat',
      inputs,
      outputs: [result(first!.shape.with(axis, length), first!.dtype)],
      attributes: { axis },
    }
  }

const padOf =
  (x: OperandSpec, before: readonly number[], after: readonly number[], value: number): (() => CallSpec) =>
  () => ({
    op: 'pad',
    inputs: [x],
    outputs: [
      result(
        x.shape.map((length, axis) => length + before[axis]! + after[axis]!),
        x.dtype,
      ),
    ],
    attributes: { before, after, value },
  })

const gatherOf =
  (table: OperandSpec, indices: OperandSpec): (() => CallSpec) =>
  () => ({
    op: 'gather',
    inputs: [table, indices],
    outputs: [result([...indices.shape, ...table.shape.slice(1)], table.dtype)],
    attributes: {},
  })

const scatterOf =
  (table: OperandSpec, indices: OperandSpec, updates: OperandSpec): (() => CallSpec) =>
  () => ({ op: 'scatterAdd', inputs: [indices, updates], outputs: [table], attributes: {} })

const MIXED = [3, -1, 0, 3, 6, 3, -1, 1]

export const layoutCases: readonly ConformanceCase[] = [
  ...PERMUTATIONS.map(([shape, permutation]) =>
    callCase(
      `primitives/transpose/${shape.join('x')}-${permutation.join('')}`,
      `axes [${permutation.join()}] of [${shape.join()}]`,
      transposeOf(given(shape), permutation),
    ),
  ),
  callCase('primitives/transpose/offset', 'transpose at an odd offset', transposeOf(given([5, 7]), [1, 0]), 'offset'),
  callCase('primitives/transpose/int32', 'transpose of int32', transposeOf(int([4, 5], 1), [1, 0])),
  callCase('primitives/transpose/bool', 'transpose of bool', transposeOf(int([4, 5], 1, 'bool'), [1, 0])),
  callCase('primitives/transpose/empty', 'transpose of nothing', transposeOf(given([0, 3]), [1, 0])),

  ...callCases(
    'primitives/concat/last',
    'concat of different widths along the last axis',
    concatOf([given([4, 3], { seed: 1 }), given([4, 1], { seed: 2 }), given([4, 5], { seed: 3 })], 1),
  ),
  callCase(
    'primitives/concat/first',
    'concat along the first axis',
    concatOf([given([2, 3], { seed: 1 }), given([4, 3], { seed: 2 })], 0),
  ),
  callCase(
    'primitives/concat/middle',
    'concat along a middle axis',
    concatOf([given([2, 3, 4], { seed: 1 }), given([2, 1, 4], { seed: 2 })], 1),
  ),
  callCase('primitives/concat/one', 'concat of one tensor', concatOf([given([3, 4])], 0)),
  callCase(
    'primitives/concat/empty-part',
    'concat with an empty part',
    concatOf([given([2, 3], { seed: 1 }), given([2, 0]), given([2, 2], { seed: 2 })], 1),
  ),
  callCase('primitives/concat/int32', 'concat of int32', concatOf([int([2, 3], 1), int([2, 2], 2)], 1)),
  callCase(
    'primitives/concat/200-steps',
    'concat of 200 time steps: any number of inputs',
    concatOf(
      Array.from({ length: 200 }, (_, t) => given([2, 1, 3], { seed: t })),
      1,
    ),
  ),

  ...callCases('primitives/pad/matrix', 'pad on all four sides', padOf(given([3, 4]), [1, 2], [2, 0], -1.5)),
  callCase('primitives/pad/middle', 'pad of one axis of three', padOf(given([2, 3, 4]), [0, 2, 0], [0, 1, 0], 0)),
  callCase('primitives/pad/nothing', 'pad by nothing', padOf(given([2, 3]), [0, 0], [0, 0], 9)),
  callCase('primitives/pad/empty', 'pad of nothing gives the value', padOf(given([0, 2]), [2, 0], [1, 1], 4)),
  callCase('primitives/pad/int32', 'pad of int32', padOf(int([3], 1), [2], [1], -1)),
  callCase('primitives/pad/infinity', 'pad with −∞', padOf(given([2, 2]), [0, 1], [0, 1], -Infinity)),

  ...callCases(
    'primitives/gather/rows',
    'rows by index, with repeats and −1',
    gatherOf(given([7, 5]), integers([8], MIXED)),
  ),
  callCase(
    'primitives/gather/matrix-of-indices',
    'indices [2, 4] of a table [7, 5]',
    gatherOf(given([7, 5]), integers([2, 4], MIXED)),
  ),
  callCase('primitives/gather/vector', 'elements of a vector', gatherOf(given([7]), integers([8], MIXED))),
  callCase('primitives/gather/high-rank', 'rows that are matrices', gatherOf(given([7, 2, 3]), integers([8], MIXED))),
  callCase('primitives/gather/int32', 'gather of int32', gatherOf(int([7, 3], 1), integers([8], MIXED))),
  callCase('primitives/gather/bool', 'gather of bool', gatherOf(int([7, 3], 1, 'bool'), integers([8], MIXED))),
  callCase('primitives/gather/all-missing', 'only −1', gatherOf(given([3, 4]), integers([3], [-1, -1, -1]))),
  callCase('primitives/gather/no-indices', 'no indices', gatherOf(given([3, 4]), integers([0], []))),
  callCase(
    'primitives/gather/special',
    'gather keeps −0, infinities and NaN',
    gatherOf(given([4, 1], { values: [-0, Infinity, NaN, -Infinity] }), integers([5], [3, 2, 1, 0, 2])),
  ),
  callCase(
    'primitives/gather/vocabulary',
    '600 rows of a table of 5003',
    gatherOf(given([5003, 8]), integers([600], pseudoIntegers(600, 4, -1, 5003))),
  ),

  ...callCases(
    'primitives/scatterAdd/rows',
    'rows are added by index, with repeats and −1',
    scatterOf(given([7, 5], { seed: 1 }), integers([8], MIXED), given([8, 5], { seed: 2 })),
  ),
  callCase(
    'primitives/scatterAdd/matrix-of-indices',
    'indices [2, 4]',
    scatterOf(given([7, 5], { seed: 1 }), integers([2, 4], MIXED), given([2, 4, 5], { seed: 2 })),
  ),
  callCase(
    'primitives/scatterAdd/vector',
    'into a vector',
    scatterOf(given([7], { seed: 1 }), integers([8], MIXED), given([8], { seed: 2 })),
  ),
  callCase(
    'primitives/scatterAdd/int32',
    'scatterAdd of int32',
    scatterOf(int([7, 2], 1), integers([8], MIXED), int([8, 2], 2)),
  ),
  callCase(
    'primitives/scatterAdd/one-row',
    '500 updates of one row',
    scatterOf(given([2, 3], { seed: 1 }), integers([500], new Float64Array(500).fill(1)), given([500, 3], { seed: 2 })),
  ),
  callCase(
    'primitives/scatterAdd/all-missing',
    'only −1 changes nothing',
    scatterOf(given([3, 2], { seed: 1 }), integers([2], [-1, -1]), given([2, 2], { seed: 2 })),
  ),
  callCase(
    'primitives/scatterAdd/no-indices',
    'no updates',
    scatterOf(given([3, 2], { seed: 1 }), integers([0], []), given([0, 2])),
  ),
  callCase(
    'primitives/scatterAdd/ascending',
    'additions to a row come in ascending order of the updates',
    scatterOf(
      given([1], { values: [0] }),
      integers([4], [0, 0, 0, 0]),
      given([4], { values: [2 ** 26, 1, -(2 ** 26), 1] }),
    ),
  ),
  callCase(
    'primitives/scatterAdd/vocabulary',
    '600 updates of a table of 5003',
    scatterOf(
      given([5003, 4], { values: new Float64Array(5003 * 4) }),
      integers([600], pseudoIntegers(600, 4, -1, 5003)),
      given([600, 4], { seed: 2 }),
    ),
  ),
]
