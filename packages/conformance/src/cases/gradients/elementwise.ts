// Gradients of element-wise ops, broadcast in every way, and of select.

import {
  abs,
  add,
  broadcastTo,
  ceil,
  clip,
  contiguous,
  copy,
  div,
  exp,
  floor,
  lerp,
  log,
  log1p,
  logicalNot,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  rem,
  round,
  rsqrt,
  select,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  sub,
  sumTo,
  tanh,
  greater,
  type Shape,
  type Tensor,
} from '@rnn/core'
import type { ConformanceCase } from '../../case.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf, type Input } from '../../programs.ts'
import { pseudoRandom } from '../../values.ts'

const positive = (shape: Shape, seed: number): Input =>
  inputOf(
    shape,
    input(shape, seed).values.map((x) => Math.abs(x) + 0.25),
  )

/** Away from the integers and from 0, where floor, sign and abs have their kinks. */
const offGrid = (shape: Shape, seed: number): Input =>
  inputOf(
    shape,
    input(shape, seed, 8).values.map((x) => Math.floor(x) + 0.3125 + (x - Math.floor(x)) / 8),
  )

const UNARY: readonly (readonly [name: string, f: (x: Tensor) => Tensor, x: Input])[] = [
  ['neg', neg, input([3, 5], 1)],
  ['abs', abs, offGrid([3, 5], 2)],
  ['sign', sign, offGrid([3, 5], 3)],
  ['exp', exp, input([3, 5], 4)],
  ['log', log, positive([3, 5], 5)],
  ['log1p', log1p, positive([3, 5], 6)],
  ['sqrt', sqrt, positive([3, 5], 7)],
  ['rsqrt', rsqrt, positive([3, 5], 8)],
  ['reciprocal', reciprocal, positive([3, 5], 9)],
  ['square', square, input([3, 5], 10)],
  ['tanh', tanh, input([3, 5], 11, 4)],
  ['sigmoid', sigmoid, input([3, 5], 12, 8)],
  ['relu', relu, offGrid([3, 5], 13)],
  ['softplus', softplus, input([3, 5], 14, 8)],
  ['floor', floor, offGrid([3, 5], 15)],
  ['ceil', ceil, offGrid([3, 5], 16)],
  ['round', round, offGrid([3, 5], 17)],
  ['clip', (x) => clip(x, -0.5, 0.75), input([3, 5], 18, 4)],
  ['copy', copy, input([3, 5], 19)],
  ['contiguous', contiguous, input([3, 5], 20)],
]

type Binary = (a: Tensor | number, b: Tensor | number) => Tensor

const BINARY: readonly (readonly [name: string, f: Binary, make: (shape: Shape, seed: number) => Input])[] = [
  ['add', add, input],
  ['sub', sub, input],
  ['mul', mul, input],
  ['div', div, positive],
  ['pow', pow, positive],
  ['minimum', minimum, input],
  ['maximum', maximum, input],
]

const BROADCASTS: readonly (readonly [name: string, a: Shape, b: Shape])[] = [
  ['equal', [3, 4], [3, 4]],
  ['row', [3, 4], [4]],
  ['column', [3, 1], [3, 4]],
  ['scalar', [], [3, 4]],
  ['outer', [3, 1], [1, 4]],
  ['both', [2, 1, 3], [4, 1]],
]

const mask = inputOf(
  [3, 4],
  pseudoRandom(12, 21).map((x) => Number(x > 0)),
  'bool',
)

export const elementwiseGradients: readonly ConformanceCase[] = [
  ...UNARY.flatMap(([name, f, x]) =>
    gradientCases(`gradients/unary/${name}`, `the gradient of ${name}`, {
      parameters: { x },
      run: ({ x }) => [f(x), mul(x, 0.5)],
    }),
  ),
  ...BINARY.flatMap(([name, f, make]) => [
    ...BROADCASTS.flatMap(([variant, a, b]) =>
      gradientCases(`gradients/binary/${name}-${variant}`, `the gradient of ${name}([${a.join()}], [${b.join()}])`, {
        parameters: { a: make(a, 31), b: make(b, 32) },
        run: ({ a, b }) => f(a, b),
      }),
    ),
    ...gradientCases(`gradients/binary/${name}-constant`, `the gradient of ${name} with a number on either side`, {
      parameters: { x: make([7], 33) },
      run: ({ x }) => [f(x, 1.5), f(0.75, x)],
    }),
    ...gradientCases(`gradients/binary/${name}-same`, `the gradient of ${name}(x, x)`, {
      parameters: { x: make([7], 34) },
      run: ({ x }) => f(x, x),
      differences: name !== 'minimum' && name !== 'maximum',
    }),
  ]),
  ...gradientCases('gradients/binary/rem', 'the gradient of rem with respect to the dividend', {
    parameters: { x: offGrid([9], 35) },
    run: ({ x }) => rem(x, 1.5),
  }),
  ...gradientCases('gradients/binary/ties', 'at equality the gradient of minimum and maximum goes half to each', {
    parameters: { a: inputOf([4], [1, 2, 3, 4]), b: inputOf([4], [1, 1, 3, 5]) },
    run: ({ a, b }) => [minimum(a, b), maximum(a, b)],
    differences: false,
  }),
  ...gradientCases('gradients/binary/lerp', 'the gradient of lerp', {
    parameters: { start: input([3, 4], 36), end: input([3, 4], 37), weight: input([3, 1], 38) },
    run: ({ start, end, weight }) => lerp(start, end, weight),
  }),
  ...gradientCases('gradients/binary/reuse', 'a tensor that is used many times collects all its gradients', {
    parameters: { x: input([3, 3], 39) },
    run: ({ x }) => add(mul(x, tanh(x)), mul(sigmoid(x), add(x, mul(x, x)))),
  }),
  ...gradientCases('gradients/binary/unused', 'a parameter that plays no part has the gradient 0', {
    parameters: { x: input([4], 40), unused: input([2, 3], 41) },
    run: ({ x }) => square(x),
  }),
  ...gradientCases('gradients/select/both', 'select sends each gradient to the choice that was made', {
    parameters: { a: input([3, 4], 42), b: input([3, 4], 43) },
    constants: { mask },
    run: ({ a, b }, constants) => [
      select(constants.mask, a, b),
      select(logicalNot(constants.mask), a, 0),
      select(constants.mask, 2, b),
    ],
  }),
  ...gradientCases('gradients/select/broadcast', 'select with a column of masks, a row and a matrix', {
    parameters: { a: input([4], 44), b: input([3, 4], 45) },
    constants: { mask: inputOf([3, 1], [1, 0, 1], 'bool') },
    run: ({ a, b }, constants) => select(constants.mask, a, b),
  }),
  ...gradientCases('gradients/select/by-value', 'a mask made from the values themselves', {
    parameters: { x: input([3, 4], 46) },
    run: ({ x }) => select(greater(x, 0), square(x), mul(x, -3)),
  }),
  ...gradientCases('gradients/broadcast/broadcastTo', 'broadcastTo sums over what it repeated', {
    parameters: { x: input([3, 1], 47) },
    run: ({ x }) => broadcastTo(x, [2, 3, 4]),
  }),
  ...gradientCases('gradients/broadcast/sumTo', 'sumTo repeats over what it summed', {
    parameters: { x: input([2, 3, 4], 48) },
    run: ({ x }) => sumTo(x, [3, 1]),
  }),
]
