// Reduce, argmax, topK and softmax.

import { sizeOf, type DType, type ReduceKind, type Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'
import { pseudoIntegers, pseudoRandom } from '../../values.ts'

function reduceOf(kind: ReduceKind, x: OperandSpec, axes: readonly number[], keep = false): () => CallSpec {
  const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [length]))
  return () => ({ op: 'reduce', inputs: [x], outputs: [result(shape, x.dtype)], attributes: { kind, axes } })
}

const FLOAT_KINDS: readonly ReduceKind[] = ['sum', 'mean', 'max', 'min', 'product']
const AXES: readonly (readonly [name: string, shape: Shape, axes: readonly number[]])[] = [
  ['last', [3, 5, 7], [2]],
  ['first', [3, 5, 7], [0]],
  ['middle', [3, 5, 7], [1]],
  ['outer', [3, 5, 7], [0, 2]],
  ['inner', [3, 5, 7], [1, 2]],
  ['all', [3, 5, 7], [0, 1, 2]],
  ['one', [3, 1, 7], [1]],
]
const integers = (shape: Shape, seed: number, dtype: DType = 'int32'): OperandSpec =>
  given(shape, {
    dtype,
    values: pseudoIntegers(sizeOf(shape), seed, dtype === 'bool' ? 0 : -9, dtype === 'bool' ? 2 : 9),
  })

/** Factors near 1, so that long products stay in range. */
const factors = (shape: Shape): OperandSpec =>
  given(shape, { values: pseudoRandom(sizeOf(shape), 8).map((x) => x + 1.25) })

const reduceCases: readonly ConformanceCase[] = [
  ...FLOAT_KINDS.flatMap((kind) =>
    AXES.flatMap(([name, shape, axes]) =>
      callCases(
        `primitives/${kind}/${name}`,
        `${kind} over axes [${axes.join()}] of [${shape.join()}]`,
        reduceOf(kind, kind === 'product' ? factors(shape) : given(shape), axes),
        name === 'last' || name === 'first' ? ['plain', 'offset'] : ['plain'],
      ),
    ),
  ),
  callCase(
    'primitives/sum/keep-dimensions',
    'reduced axes are kept as 1',
    reduceOf('sum', given([3, 5, 7]), [0, 2], true),
  ),
  callCase('primitives/sum/long-row', 'sum of 10007 elements', reduceOf('sum', given([2, 10007]), [1])),
  callCase('primitives/sum/long-column', 'sum of a column of 4099', reduceOf('sum', given([4099, 3]), [0])),
  callCase(
    'primitives/mean/long-offset',
    'mean of numbers far from zero',
    reduceOf('mean', given([3, 2053], { values: pseudoRandom(3 * 2053, 4).map((x) => 100 + x) }), [1]),
  ),
  callCase('primitives/sum/wide', 'sums of 1000 rows of 3', reduceOf('sum', given([1000, 3]), [1])),
  callCase('primitives/sum/nothing', 'a sum over nothing is 0', reduceOf('sum', given([3, 0]), [1])),
  callCase('primitives/product/nothing', 'a product over nothing is 1', reduceOf('product', given([3, 0]), [1])),
  callCase('primitives/max/nothing', 'a maximum over nothing is −∞', reduceOf('max', given([3, 0]), [1])),
  callCase('primitives/min/nothing', 'a minimum over nothing is +∞', reduceOf('min', given([3, 0]), [1])),
  callCase('primitives/sum/no-rows', 'a sum of no rows gives nothing', reduceOf('sum', given([0, 3]), [1])),
  callCase(
    'primitives/sum/special',
    'sums of infinities and NaN',
    reduceOf('sum', given([4, 2], { values: [1, Infinity, -Infinity, 1, Infinity, -Infinity, NaN, 1] }), [1]),
  ),
  callCase(
    'primitives/max/infinite',
    'maxima of rows of −∞',
    reduceOf('max', given([2, 3], { values: [-Infinity, -Infinity, -Infinity, -Infinity, -5, -Infinity] }), [1]),
  ),
  callCase(
    'primitives/min/negative',
    'minima of positive rows',
    reduceOf('min', given([2, 3], { values: [3, 2, 5, 1e30, 1e20, Infinity] }), [1]),
  ),
  ...(['sum', 'max', 'min', 'product'] as const).map((kind) =>
    callCase(`primitives/${kind}/int32`, `${kind} of int32`, reduceOf(kind, integers([4, 6], 3), [1])),
  ),
  callCase(
    'primitives/sum/int32-wraps',
    'int32 sums wrap around',
    reduceOf('sum', given([2, 2], { dtype: 'int32', values: [2 ** 31 - 1, 1, -(2 ** 31), -1] }), [1]),
  ),
  callCase(
    'primitives/sum/int32-large',
    'int32 sums are exact beyond 2²⁴',
    reduceOf('sum', given([1, 3], { dtype: 'int32', values: [2 ** 24, 1, 2 ** 25 + 1] }), [1]),
  ),
  callCase('primitives/max/bool', 'any', reduceOf('max', integers([5, 2], 4, 'bool'), [1])),
  callCase('primitives/min/bool', 'all', reduceOf('min', integers([5, 2], 5, 'bool'), [1])),
]

const argmaxOf =
  (x: OperandSpec, axis: number): (() => CallSpec) =>
  () => ({ op: 'argmax', inputs: [x], outputs: [result(x.shape.toSpliced(axis, 1), 'int32')], attributes: { axis } })

const topKOf =
  (x: OperandSpec, k: number): (() => CallSpec) =>
  () => {
    const shape = [...x.shape.slice(0, -1), k]
    return { op: 'topK', inputs: [x], outputs: [result(shape, x.dtype), result(shape, 'int32')], attributes: { k } }
  }

const ties = (shape: Shape, dtype: DType = 'float32'): OperandSpec =>
  given(shape, { dtype, values: pseudoIntegers(sizeOf(shape), 6, -3, 4) })

const orderCases: readonly ConformanceCase[] = [
  ...callCases('primitives/argmax/last', 'index of the largest of the last axis', argmaxOf(given([3, 5, 7]), 2), [
    'plain',
    'offset',
  ]),
  callCase('primitives/argmax/first', 'argmax over the first axis', argmaxOf(given([3, 5, 7]), 0)),
  callCase('primitives/argmax/middle', 'argmax over a middle axis', argmaxOf(given([3, 5, 7]), 1)),
  callCase('primitives/argmax/ties', 'the lowest index among equals', argmaxOf(ties([8, 9]), 1)),
  callCase(
    'primitives/argmax/nan',
    'NaN counts as largest',
    argmaxOf(given([3, 4], { values: [1, NaN, 9, NaN, Infinity, 1, NaN, 2, NaN, 1, 2, 3] }), 1),
  ),
  callCase(
    'primitives/argmax/infinite',
    'a row of −∞',
    argmaxOf(given([2, 3], { values: [-Infinity, -Infinity, -Infinity, -Infinity, -1e38, -Infinity] }), 1),
  ),
  callCase(
    'primitives/argmax/int32',
    'argmax of int32',
    argmaxOf(given([2, 3], { dtype: 'int32', values: [-(2 ** 31), -5, 3, 2 ** 24, 2 ** 24 + 1, 0] }), 1),
  ),
  callCase('primitives/argmax/vocabulary', 'argmax of 10007 classes', argmaxOf(given([2, 10007]), 1)),
  ...callCases('primitives/topK/some', 'the 3 largest of 9 with their indices', topKOf(given([4, 9]), 3), [
    'plain',
    'offset',
  ]),
  callCase('primitives/topK/all', 'all of a row: a sort', topKOf(given([3, 7]), 7)),
  callCase('primitives/topK/one', 'k = 1', topKOf(given([2, 3, 5]), 1)),
  callCase('primitives/topK/ties', 'the lower index first among equals', topKOf(ties([6, 11]), 6)),
  callCase('primitives/topK/int32', 'topK of int32', topKOf(ties([3, 8], 'int32'), 4)),
  callCase(
    'primitives/topK/infinite',
    'topK of infinities',
    topKOf(given([2, 4], { values: [-Infinity, 1, Infinity, -Infinity, 0, -Infinity, -1, -Infinity] }), 4),
  ),
  callCase('primitives/topK/vocabulary', 'the 5 largest of 3001 classes', topKOf(given([2, 3001]), 5)),
]

const softmaxOf =
  (x: OperandSpec, log: boolean): (() => CallSpec) =>
  () => ({ op: 'softmax', inputs: [x], outputs: [result(x.shape)], attributes: { log } })

const softmaxCases: readonly ConformanceCase[] = [false, true].flatMap((log) => {
  const name = log ? 'logSoftmax' : 'softmax'
  return [
    ...callCases(
      `primitives/${name}/rows-of-7`,
      `${name} of [3, 5, 7]`,
      softmaxOf(given([3, 5, 7], { scale: 8 }), log),
      ['plain', 'offset'],
    ),
    callCase(`primitives/${name}/vector`, `${name} of a vector`, softmaxOf(given([6], { scale: 4 }), log)),
    callCase(`primitives/${name}/one-class`, `${name} of one class`, softmaxOf(given([4, 1]), log)),
    callCase(
      `primitives/${name}/vocabulary`,
      `${name} of 10007 classes`,
      softmaxOf(given([2, 10007], { scale: 16 }), log),
    ),
    callCase(
      `primitives/${name}/large`,
      `${name} of large entries does not overflow`,
      softmaxOf(given([3, 3], { values: [1000, 999, -1000, -1000, -1001, -1002, 3e38, 0, -3e38] }), log),
    ),
    callCase(
      `primitives/${name}/masked`,
      `${name} with −∞ entries`,
      softmaxOf(given([2, 4], { values: [-Infinity, 1, -Infinity, 2, 0, -Infinity, -Infinity, -Infinity] }), log),
    ),
    callCase(
      `primitives/${name}/equal`,
      `${name} of equal entries`,
      softmaxOf(given([2, 8], { values: new Float64Array(16).fill(5) }), log),
    ),
    callCase(
      `primitives/${name}/nan`,
      'NaN spreads over its row and no further',
      softmaxOf(given([2, 2], { values: [NaN, 1, 2, 1] }), log),
    ),
    callCase(`primitives/${name}/no-rows`, `${name} of no rows`, softmaxOf(given([0, 4]), log)),
    ...(log
      ? []
      : [
          callCase(
            'primitives/softmax/all-masked',
            'a row of −∞ gives zeros',
            softmaxOf(given([2, 3], { values: [-Infinity, -Infinity, -Infinity, 0, 0, 0] }), false),
          ),
        ]),
  ]
})

export const reductionCases: readonly ConformanceCase[] = [...reduceCases, ...orderCases, ...softmaxCases]
