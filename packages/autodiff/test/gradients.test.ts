// Every rule against central differences of the forward pass.
//
// Forward runs in float32, so a difference quotient with step h errs by about u·|f|/h (u = 2⁻²⁴, from rounding) + h²·|f‴|/6. With values of order 1,
// sums of about ten terms and h = 2⁻⁷ that is below 10·2⁻²⁴·2⁷ + 2⁻¹⁴ < 2·10⁻⁴; the tests ask for 2·10⁻³ relative to the gradient's size plus 1.

import { cpu } from '@rnn/backend-cpu'
import { valueAndGrad } from '@rnn/autodiff'
import {
  abs,
  add,
  broadcastTo,
  cast,
  clip,
  concat,
  copy,
  decorate,
  div,
  exp,
  floor,
  gather,
  layerNorm,
  lerp,
  less,
  linear,
  linearScan,
  log,
  log1p,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  neg,
  pad,
  pow,
  prod,
  reciprocal,
  relu,
  rem,
  reshape,
  rsqrt,
  scope,
  select,
  sigmoid,
  sizeOf,
  slice,
  softmax,
  softmaxCrossEntropy,
  softplus,
  split,
  sqrt,
  square,
  stack,
  sub,
  sum,
  tanh,
  tensor,
  topK,
  transpose,
  unstack,
  type Backend,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { beforeAll, describe, expect, test } from 'vitest'

const STEP = 2 ** -7
const TOLERANCE = 2e-3

let backend: Backend
let composite: Backend
beforeAll(async () => {
  backend = await cpu()
  composite = decorate(await cpu(), { supports: () => ({ reason: 'composites only' }) })
})

type Inputs = readonly Tensor[]

/** Values between 0.25 and 1.75, all different, far from kinks at 0 and 2. */
function valuesOf(shape: Shape, seed: number): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1 + 0.75 * Math.sin(1 + i * 2.399 + seed * 1.1))
}

/** Compares the gradients of `Σ w·f(…)`, with a different weight for each element of the result, with central differences. */
function check(on: Backend, shapes: readonly Shape[], f: (...inputs: Inputs) => Tensor): void {
  const values = shapes.map((shape, i) => valuesOf(shape, i))
  const upload = (): Tensor[] => values.map((each, i) => tensor(each, { backend: on, shape: shapes[i] ?? [] }))
  const lossOf = (inputs: Inputs): Tensor => {
    const y = f(...inputs)
    const weights = tensor(
      Float32Array.from({ length: y.size }, (_, i) => 0.5 + Math.cos(i * 1.3)),
      { backend: on, shape: y.shape },
    )
    return sum(mul(y, weights))
  }
  const gradients = scope(on, () => {
    const result = valueAndGrad(lossOf)(upload())
    return result.gradients.map((each) => each.dataSync().slice())
  })
  const lossAt = (): number => scope(on, () => ({ loss: lossOf(upload()).dataSync()[0] ?? NaN })).loss
  values.forEach((each, input) => {
    each.forEach((value, i) => {
      each[i] = value + STEP
      const up = Math.fround(value + STEP)
      const above = lossAt()
      each[i] = value - STEP
      const down = Math.fround(value - STEP)
      const below = lossAt()
      each[i] = value
      const expected = (above - below) / (up - down)
      const got = gradients[input]?.[i] ?? NaN
      expect(Math.abs(got - expected), `input ${input}, element ${i}: ${got} against ${expected}`).toBeLessThan(
        TOLERANCE * (1 + Math.abs(expected)),
      )
    })
  })
}

const vector: readonly Shape[] = [[5]]
const matrix: readonly Shape[] = [[3, 4]]

describe.each<[string, () => Backend]>([
  ['fused', () => backend],
  ['composite', () => composite],
])('%s', (_, on) => {
  test.each<[string, readonly Shape[], (...inputs: Inputs) => Tensor]>([
    ['layer norm', [[3, 4], [4], [4]], (x, gain, bias) => layerNorm(x!, { gain: gain!, bias: bias! })],
    ['layer norm without gain and bias', matrix, (x) => layerNorm(x!)],
    [
      'linear scan',
      [
        [2, 4, 3],
        [2, 4, 3],
        [2, 3],
      ],
      (a, b, initial) => linearScan(a!, b!, { initial: initial! }),
    ],
    [
      'linear scan in reverse',
      [
        [2, 4, 3],
        [2, 4, 3],
      ],
      (a, b) => linearScan(a!, b!, { reverse: true }),
    ],
    ['cross-entropy', matrix, (x) => softmaxCrossEntropy(x!, ints(x!, 2, -1, 0))],
    [
      'cross-entropy with smoothing and weights',
      matrix,
      (x) => {
        const classWeights = tensor([0.5, 1, 2, 3], { backend: x!.backend })
        return softmaxCrossEntropy(x!, ints(x!, 2, -1, 0), { labelSmoothing: 0.1, classWeights })
      },
    ],
  ])('%s', (__, shapes, f) => check(on(), shapes, f))
})

function ints(like: Tensor, ...values: number[]): Tensor {
  return tensor(Int32Array.from(values), { backend: like.backend })
}

test.each<[string, readonly Shape[], (...inputs: Inputs) => Tensor]>([
  ...[neg, abs, exp, log, log1p, sqrt, rsqrt, reciprocal, square, tanh, sigmoid, relu, softplus, copy].map(
    (f): [string, readonly Shape[], (...inputs: Inputs) => Tensor] => [f.name, vector, (x) => f(x!)],
  ),
  ['relu and abs below zero', vector, (x) => add(relu(sub(x!, 1.01)), abs(sub(x!, 1.01)))],
  ['floor, whose gradient is zero', vector, (x) => add(floor(mul(x!, 0.1)), x!)],
  ...[add, sub, mul, div, pow, minimum, maximum].flatMap(
    (f): [string, readonly Shape[], (...inputs: Inputs) => Tensor][] => [
      [
        `${f.name} of one shape`,
        [
          [3, 4],
          [3, 4],
        ],
        (a, b) => f(a!, b!),
      ],
      [
        `${f.name}, broadcast`,
        [
          [3, 1],
          [2, 1, 4],
        ],
        (a, b) => f(a!, b!),
      ],
      [`${f.name} with numbers`, vector, (x) => add(f(x!, 1.37), f(2.37, x!))],
      [`${f.name} of a tensor with itself`, vector, (x) => f(x!, mul(x!, 1.5))],
    ],
  ),
  ['remainder by a number', vector, (x) => rem(x!, 2.6)],
  ['a tie of minimum and maximum goes half and half', vector, (x) => add(minimum(x!, x!), maximum(x!, x!))],
  ['clip', vector, (x) => clip(x!, 0.6, 1.4)],
  ['lerp', [[4], [4], [4]], (a, b, w) => lerp(a!, b!, w!)],
  ['select', [[3, 4], [4]], (a, b) => select(less(a!, 1), a!, b!)],
  ['select with a number', matrix, (x) => add(select(less(x!, 1), x!, 3), select(less(x!, 1), 3, x!))],
  ['sum over an axis', [[2, 3, 4]], (x) => sum(x!, { axis: 1 })],
  ['sum over all', matrix, (x) => sum(x!)],
  ['mean, dimensions kept', [[2, 3, 4]], (x) => mean(x!, { axis: [0, 2], keepDims: true })],
  ['max', [[3, 4]], (x) => max(x!, { axis: 1 })],
  ['min', [[2, 3, 4]], (x) => min(x!, { axis: [0, 1] })],
  ['product', [[3, 4]], (x) => prod(x!, { axis: 0 })],
  ['product over a zero', [[4]], (x) => prod(mul(x!, tensor([1, 0, 1, 1], { backend: x!.backend })), { axis: 0 })],
  ['top k', [[3, 5]], (x) => topK(x!, 2).values],
  [
    'matmul',
    [
      [3, 4],
      [4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  [
    'matmul, a transposed',
    [
      [4, 3],
      [4, 2],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true }),
  ],
  [
    'matmul, b transposed',
    [
      [3, 4],
      [2, 4],
    ],
    (a, b) => matmul(a!, b!, { transposeB: true }),
  ],
  [
    'matmul, both transposed',
    [
      [4, 3],
      [2, 4],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true, transposeB: true }),
  ],
  [
    'matmul of batches',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  [
    'matmul of batches, transposed',
    [
      [2, 4, 3],
      [2, 2, 4],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true, transposeB: true }),
  ],
  [
    'matmul of a matrix with a batch',
    [
      [3, 4],
      [2, 4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  [
    'matmul of a batch with a transposed matrix',
    [
      [2, 4, 3],
      [4, 2],
    ],
    (a, b) => matmul(a!, b!, { transposeA: true }),
  ],
  [
    'matmul of broadcast batches',
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    (a, b) => matmul(a!, b!),
  ],
  ['linear', [[2, 3, 4], [4, 2], [2]], (x, kernel, bias) => linear(x!, kernel!, bias!)],
  ['transpose', [[2, 3, 4]], (x) => transpose(x!, [2, 0, 1])],
  ['concat of a tensor with itself', matrix, (x) => concat([x!, square(x!), x!], 0)],
  ['stack', [[3], [3]], (a, b) => stack([a!, b!, a!], 1)],
  [
    'pad',
    matrix,
    (x) =>
      pad(
        x!,
        [
          [1, 0],
          [2, 1],
        ],
        7,
      ),
  ],
  ['reshape', matrix, (x) => square(reshape(x!, [2, 6]))],
  ['slice', [[3, 4, 2]], (x) => square(slice(x!, 1, 1, 2))],
  ['overlapping slices', vector, (x) => mul(slice(x!, 0, 0, 3), slice(x!, 0, 2, 3))],
  ['a slice and the whole', vector, (x) => concat([square(x!), slice(x!, 0, 1, 2)], 0)],
  ['split', [[3, 6]], (x) => (([a, b, c]) => mul(a, add(b, c)))(split(x!, 3))],
  ['unstack', [[3, 4, 2]], (x) => unstack(x!, 1).reduce((product, step) => mul(product, step))],
  ['broadcastTo', [[3, 1]], (x) => square(broadcastTo(x!, [2, 3, 4]))],
  ['cast to its own dtype', vector, (x) => square(cast(x!, 'float32'))],
  ['gather with repeats and no row', [[4, 3]], (x) => square(gather(x!, ints(x!, 2, 0, 2, -1, 2)))],
  ['softmax', matrix, (x) => softmax(x!)],
  ['softmax along another axis', matrix, (x) => softmax(x!, 0)],
  ['log-softmax', matrix, (x) => logSoftmax(x!)],
])('%s', (_, shapes, f) => check(backend, shapes, f))

test('gradients of slices are added in place, never padded', () => {
  const x = tensor(valuesOf([4, 50, 3], 1), { backend, shape: [4, 50, 3] })
  const before = { ...backend.stats().runs }
  scope(
    backend,
    () => void valueAndGrad((p: Tensor) => sum(unstack(p, 1).reduce((total, step) => add(total, step))))(x),
  )
  const after = backend.stats().runs
  expect((after.pad ?? 0) - (before.pad ?? 0)).toBe(0)
  // One fill for the whole gradient and one for the seed, not one a slice.
  expect((after.fill ?? 0) - (before.fill ?? 0)).toBeLessThanOrEqual(2)
})

test('a power of 0 has no slope, not even at 0', async () => {
  const backend = await cpu()
  const x = tensor([0, 2], { backend })
  const byNumber = valueAndGrad((a: Tensor) => sum(pow(a, 0)))(x)
  expect(await byNumber.gradients.data()).toEqual(Float32Array.of(0, 0))
  const byTensor = valueAndGrad((a: Tensor) => sum(pow(a, tensor([0, 3], { backend }))))(x)
  expect(await byTensor.gradients.data()).toEqual(Float32Array.of(0, 12))
})
