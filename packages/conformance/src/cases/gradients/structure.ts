// Gradients of reductions, products of matrices, softmax, and of everything that moves elements.

import {
  add,
  concat,
  gather,
  logSoftmax,
  matmul,
  max,
  mean,
  min,
  mul,
  pad,
  prod,
  reshape,
  slice,
  softmax,
  split,
  stack,
  sub,
  sum,
  tanh,
  transpose,
  unstack,
  type Shape,
  type Tensor,
} from '@rnn/core'
import type { ConformanceCase } from '../../case.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf } from '../../programs.ts'

const REDUCTIONS = { sum, mean, max, min, prod } as const
const AXES: readonly (readonly [name: string, axis: number | readonly number[] | undefined])[] = [
  ['all', undefined],
  ['last', -1],
  ['first', 0],
  ['middle', 1],
  ['two', [0, 2]],
]

const reduceCases = Object.entries(REDUCTIONS).flatMap(([name, f]) => [
  ...AXES.flatMap(([variant, axis]) =>
    gradientCases(
      `gradients/reduce/${name}-${variant}`,
      `the gradient of ${name} over ${variant === 'all' ? 'everything' : `axis ${String(axis)}`}`,
      {
        parameters: { x: input([2, 3, 4], 51) },
        run: ({ x }) => f(x, axis === undefined ? {} : { axis }),
      },
    ),
  ),
  ...gradientCases(`gradients/reduce/${name}-keepDims`, `the gradient of ${name} with kept axes`, {
    parameters: { x: input([3, 4], 52) },
    run: ({ x }) => mul(x, f(x, { axis: 1, keepDims: true })),
  }),
])

interface Product {
  readonly a: Shape
  readonly b: Shape
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

const PRODUCTS: readonly (readonly [name: string, product: Product])[] = [
  ['plain', { a: [3, 4], b: [4, 5] }],
  ['transposeA', { a: [4, 3], b: [4, 5], transposeA: true }],
  ['transposeB', { a: [3, 4], b: [5, 4], transposeB: true }],
  ['transposeAB', { a: [4, 3], b: [5, 4], transposeA: true, transposeB: true }],
  ['batch', { a: [2, 3, 4], b: [2, 4, 5] }],
  ['batch-transposeA', { a: [2, 4, 3], b: [2, 4, 5], transposeA: true }],
  ['batch-transposeB', { a: [2, 3, 4], b: [2, 5, 4], transposeB: true }],
  ['batch-transposeAB', { a: [2, 4, 3], b: [2, 5, 4], transposeA: true, transposeB: true }],
  ['shared-b', { a: [2, 3, 4], b: [4, 5] }],
  ['shared-b-transposeA', { a: [2, 4, 3], b: [4, 5], transposeA: true }],
  ['shared-a', { a: [3, 4], b: [2, 4, 5] }],
  ['broadcast-batch', { a: [2, 1, 3, 4], b: [3, 4, 2] }],
]

const matmulCases = PRODUCTS.flatMap(([name, { a, b, transposeA = false, transposeB = false }]) =>
  gradientCases(`gradients/matmul/${name}`, `the gradient of [${a.join()}] × [${b.join()}]`, {
    parameters: { a: input(a, 61), b: input(b, 62), bias: input([b.at(transposeB ? -2 : -1)!], 63) },
    run: ({ a, b, bias }) => matmul(a, b, { transposeA, transposeB, bias }),
  }),
)

const SHAPE = [2, 3, 4]
const x = input(SHAPE, 71)

const MOVES: readonly (readonly [name: string, f: (x: Tensor) => Tensor | readonly Tensor[]])[] = [
  ['reshape', (x) => reshape(x, [4, -1])],
  ['transpose', (x) => transpose(x, [2, 0, 1])],
  ['transpose-last', (x) => transpose(x)],
  ['slice-first', (x) => slice(x, 0, 1, 1)],
  ['slice-middle', (x) => slice(x, 1, 1, 2)],
  ['slice-last', (x) => slice(x, 2, 1, 2)],
  ['slice-of-slice', (x) => slice(slice(x, 2, 1, 3), 1, 0, 2)],
  ['slice-overlapping', (x) => [slice(x, 1, 0, 2), slice(x, 1, 1, 2)]],
  ['slice-reused', (x) => mul(slice(x, 1, 0, 2), slice(x, 1, 1, 2))],
  ['split', (x) => split(x, [1, 3]).map((part) => tanh(part))],
  ['split-gates', (x) => split(x, 4).map((gate, i) => (i % 2 === 0 ? tanh(gate) : gate))],
  ['unstack', (x) => unstack(x, 1).map((part) => tanh(part))],
  ['unstack-one-used', (x) => tanh(unstack(x, 1)[1]!)],
  ['stack', (x) => stack(unstack(x, 2), 0)],
  ['concat', (x) => concat([x, tanh(x), slice(x, 2, 0, 1)], 2)],
  ['concat-first', (x) => concat([x, x], 0)],
  [
    'pad',
    (x) =>
      pad(
        x,
        [
          [0, 1],
          [2, 0],
          [1, 1],
        ],
        3,
      ),
  ],
  ['column-of-matrix', (x) => tanh(slice(reshape(x, [6, 4]), 1, 2, 1))],
  ['softmax', (x) => softmax(x)],
  ['softmax-middle', (x) => softmax(x, 1)],
  ['logSoftmax', (x) => logSoftmax(x)],
  ['logSoftmax-first', (x) => logSoftmax(x, 0)],
]

const moveCases = MOVES.flatMap(([name, f]) =>
  gradientCases(`gradients/structure/${name}`, `the gradient of ${name}`, { parameters: { x }, run: ({ x }) => f(x) }),
)

export const structureGradients: readonly ConformanceCase[] = [
  ...reduceCases,
  ...gradientCases('gradients/reduce/ties', 'equal maxima share the gradient evenly', {
    parameters: { x: inputOf([2, 3], [1, 1, 0, 2, 2, 2]) },
    run: ({ x }) => [max(x, { axis: 1 }), min(x, { axis: 1 })],
    differences: false,
  }),
  ...gradientCases('gradients/reduce/prod-zero', 'the gradient of a product with a zero in it', {
    parameters: { x: inputOf([2, 3], [1, 0, 2, 3, 4, 5]) },
    run: ({ x }) => prod(x, { axis: 1 }),
  }),
  ...matmulCases,
  ...moveCases,
  ...gradientCases('gradients/gather/repeats', 'gather adds up the gradients of repeated rows; −1 has none', {
    parameters: { table: input([5, 3], 72) },
    constants: { indices: inputOf([2, 4], [3, -1, 0, 3, 4, 3, -1, 1], 'int32') },
    run: ({ table }, { indices }) => tanh(gather(table, indices)),
  }),
  ...gradientCases('gradients/gather/vector', 'gather of elements of a vector', {
    parameters: { table: input([5], 73) },
    constants: { indices: inputOf([4], [4, 4, -1, 0], 'int32') },
    run: ({ table }, { indices }) => tanh(gather(table, indices)),
  }),
  ...gradientCases('gradients/gather/shared-table', 'two gathers of one table', {
    parameters: { table: input([4, 2], 74) },
    constants: { first: inputOf([3], [0, 1, 1], 'int32'), second: inputOf([2], [3, 1], 'int32') },
    run: ({ table }, { first, second }) => [gather(table, first), mul(gather(table, second), 2)],
  }),
  ...gradientCases('gradients/structure/perceptron', 'a perceptron of two layers with softmax', {
    parameters: { w: input([4, 5], 75), b: input([5], 76), v: input([5, 3], 77) },
    constants: { data: input([6, 4], 78) },
    run: ({ w, b, v }, { data }) => softmax(matmul(tanh(matmul(data, w, { bias: b })), v)),
  }),
  ...gradientCases('gradients/structure/attention', 'dot-product attention, written out', {
    parameters: { query: input([2, 3, 4], 79), keys: input([2, 5, 4], 80) },
    run: ({ query, keys }) => {
      const scores = softmax(mul(matmul(query, keys, { transposeB: true }), 0.5))
      return sub(matmul(scores, keys), add(query, 1))
    },
  }),
]
