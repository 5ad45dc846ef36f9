// What core adds to the kernels: shapes, broadcasting, defaults, and messages. The numbers of the kernels are proved by the conformance kit.

import { cpu } from '@rnn/backend-cpu'
import {
  accumulate,
  add,
  argmax,
  assign,
  assignFromHost,
  bernoulli,
  broadcastTo,
  clip,
  concat,
  decorate,
  equal,
  full,
  gather,
  key,
  layerNorm,
  lerp,
  less,
  linear,
  linearScan,
  logicalAnd,
  logSoftmax,
  matmul,
  matmulInto,
  max,
  mean,
  mul,
  oneHot,
  ones,
  pad,
  reshape,
  scatterAdd,
  select,
  sgdStep,
  slice,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  sub,
  sum,
  sumOfSquares,
  sumTo,
  tanh,
  tensor,
  topK,
  transpose,
  zeros,
  type Backend,
  type Tensor,
} from '@rnn/core'
import { beforeAll, describe, expect, test } from 'vitest'

let backend: Backend
beforeAll(async () => {
  backend = await cpu()
})

const floats = (values: readonly (number | readonly number[])[]): Tensor => tensor(values, { backend })
const ints = (...values: number[]): Tensor => tensor(Int32Array.from(values), { backend })
const listOf = async (x: Tensor): Promise<number[]> => [...(await x.data())]

describe('element by element', () => {
  test('numbers stand on either side, in the dtype of the tensor', async () => {
    expect(await listOf(sub(1, floats([0.25, 2])))).toEqual([0.75, -1])
    const five = add(ints(2, 3), 5)
    expect([five.dtype, await listOf(five)]).toEqual(['int32', [7, 8]])
  })

  test('broadcasting follows NumPy', async () => {
    const column = floats([[1], [2]])
    const row = floats([10, 20, 30])
    expect(await listOf(add(column, row))).toEqual([11, 21, 31, 12, 22, 32])
    expect(await listOf(sumTo(add(column, row), [2, 1]))).toEqual([63, 66])
    expect(await listOf(sumTo(add(column, row), [3]))).toEqual([23, 43, 63])
    expect(await listOf(broadcastTo(column, [2, 2]))).toEqual([1, 1, 2, 2])
  })

  test('comparisons give masks, and select reads them', async () => {
    const mask = less(floats([1, 2, 3]), 2.5)
    expect(mask.dtype).toBe('bool')
    expect(await listOf(select(mask, floats([1, 2, 3]), 0))).toEqual([1, 2, 0])
    expect(await listOf(logicalAnd(mask, equal(ints(1, 0, 1), 1)))).toEqual([1, 0, 0])
  })

  test('lerp and clip', async () => {
    expect(await listOf(lerp(floats([0, 0]), floats([4, 8]), floats([0.25, 0.5])))).toEqual([1, 4])
    expect(await listOf(clip(floats([-2, 0.5, 9]), -1, 1))).toEqual([-1, 0.5, 1])
  })
})

describe('reductions', () => {
  test('over all axes, some, and none', async () => {
    const x = floats([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect([sum(x).shape, await listOf(sum(x))]).toEqual([[], [21]])
    expect(await listOf(mean(x, { axis: 0 }))).toEqual([2.5, 3.5, 4.5])
    expect(max(x, { axis: -1, keepDims: true }).shape).toEqual([2, 1])
    expect(await listOf(sum(x, { axis: [] }))).toEqual([1, 2, 3, 4, 5, 6])
    expect(await listOf(argmax(x))).toEqual([2, 2])
    const { values, indices } = topK(x, 2)
    expect([await listOf(values), await listOf(indices)]).toEqual([
      [3, 2, 6, 5],
      [2, 1, 2, 1],
    ])
  })
})

describe('matrices', () => {
  test('a batch on the left meets one matrix on the right', async () => {
    const x = tensor([[[1, 2]], [[3, 4]]], { backend })
    const kernel = floats([
      [1, 0, 1],
      [0, 1, 1],
    ])
    const y = linear(x, kernel, floats([0, 0, 10]))
    expect([y.shape, await listOf(y)]).toEqual([
      [2, 1, 3],
      [1, 2, 13, 3, 4, 17],
    ])
    expect(await listOf(linear(floats([1, 2]), kernel))).toEqual([1, 2, 3])
  })

  test('batches broadcast, whatever their rank', async () => {
    const a = full([2, 1, 1, 3], 1, { backend })
    const b = full([1, 4, 3, 2], 2, { backend })
    const c = matmul(a, b)
    expect(c.shape).toEqual([2, 4, 1, 2])
    expect(await listOf(c)).toEqual(new Array(16).fill(6))
  })

  test('a shape mistake names both shapes and guesses the fix', () => {
    const a = zeros([32, 128], { backend })
    const b = zeros([256, 128], { backend })
    expect(() => matmul(a, b)).toThrow(
      'matmul: inner dimensions differ, [32, 128] × [256, 128]; did you mean transposeB?',
    )
    expect(matmul(a, b, { transposeB: true }).shape).toEqual([32, 256])
  })
})

describe('moving elements', () => {
  test('transpose, concat, pad, gather, one-hot', async () => {
    const x = floats([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(await listOf(transpose(x))).toEqual([1, 4, 2, 5, 3, 6])
    expect(await listOf(concat([x, x], 0))).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
    expect(await listOf(pad(floats([1, 2]), [[1, 2]], 9))).toEqual([9, 1, 2, 9, 9])
    expect(await listOf(gather(x, ints(1, -1)))).toEqual([4, 5, 6, 0, 0, 0])
    expect(await listOf(oneHot(ints(1, -1), 2))).toEqual([0, 1, 0, 0])
  })

  test('softmax along another axis', async () => {
    const x = floats([
      [0, 0],
      [0, 0],
    ])
    expect(await listOf(softmax(x, 0))).toEqual([0.5, 0.5, 0.5, 0.5])
    expect((await listOf(logSoftmax(x, 0)))[0]).toBeCloseTo(-Math.LN2, 6)
  })
})

describe('in place', () => {
  test('assign, accumulate and scatterAdd change the target and nothing else', async () => {
    const target = zeros([2, 2], { backend })
    const { version } = target.storage
    assign(
      target,
      floats([
        [1, 2],
        [3, 4],
      ]),
    )
    accumulate(
      target,
      floats([
        [1, 1],
        [1, 1],
      ]),
    )
    scatterAdd(
      target,
      ints(1, -1, 1),
      floats([
        [10, 0],
        [7, 7],
        [1, 1],
      ]),
    )
    expect(await listOf(target)).toEqual([2, 3, 15, 6])
    assignFromHost(target, Float32Array.of(0, 0, 0, 1))
    expect(await listOf(target)).toEqual([0, 0, 0, 1])
    expect(target.storage.version).toBeGreaterThan(version)
  })

  test('a target outlives an error of the backend, a result does not', async () => {
    const inner = await cpu()
    let failing = false
    const broken = decorate(inner, {
      run: (call) => {
        if (failing) throw new Error('broken')
        inner.run(call)
      },
    })
    const [target, x] = [zeros([2], { backend: broken }), ones([2], { backend: broken })]
    failing = true
    expect(() => assign(target, x)).toThrow('broken')
    expect(() => tanh(x)).toThrow('broken')
    expect([target.disposed, inner.stats().liveBuffers]).toEqual([false, 2])
  })

  test('parts of one tensor may be written from one another: kernels get them in buffers of their own', async () => {
    const shared: boolean[] = []
    const inner = await cpu()
    const watched = decorate(inner, {
      run: (call) => {
        const written = new Set(call.outputs.map((each) => each?.buffer))
        shared.push(call.inputs.some((each) => each !== null && written.has(each.buffer)))
        inner.run(call)
      },
    })
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ]
    const [a, b] = [tensor(rows, { backend: watched }), tensor(rows, { backend: watched })]
    assign(slice(a, 1, 1, 2), slice(a, 1, 0, 2))
    expect(await listOf(a)).toEqual([1, 1, 2, 4, 4, 5])
    accumulate(slice(b, 1, 1, 2), slice(b, 1, 0, 2))
    accumulate(b, b)
    expect(await listOf(b)).toEqual([2, 6, 10, 8, 18, 22])
    const square = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { backend: watched },
    )
    matmulInto(square, square, square)
    expect(await listOf(square)).toEqual([8, 12, 18, 26])
    sgdStep([square, tensor([0.5], { backend: watched }), null], [square, null], {
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    })
    expect(await listOf(square)).toEqual([4, 6, 9, 13])
    expect(shared).not.toContain(true)
  })
})

describe('messages', () => {
  const x = (): Tensor => zeros([2, 3], { backend })
  test.each<[string, () => unknown, string]>([
    ['broadcast', () => add(x(), zeros([2], { backend })), "add: shapes [2, 3] and [2] don't broadcast (3 against 2)"],
    ['dtype', () => tanh(ints(1)), "tanh: x is int32, expected float32; convert it with cast(x, 'float32')"],
    [
      'mixed dtypes',
      () => add(floats([1]), ints(1)),
      "add: b is int32, expected float32; convert it with cast(b, 'float32')",
    ],
    ['two numbers', () => add(1, 2), 'add: both operands are numbers, so no backend is named'],
    ['mask', () => select(floats([1]), 1, floats([1])), 'select: mask is float32, expected bool'],
    ['axis', () => sum(x(), { axis: 2 }), 'sum: axis 2 of a tensor with 2 dimensions; use -2 … 1'],
    ['axis twice', () => sum(x(), { axis: [0, -2] }), 'sum: an axis is named twice'],
    ['top k', () => topK(x(), 4), 'topK: k = 4 of 3 elements; use 1 … 3'],
    [
      'concat',
      () => concat([x(), zeros([3, 2], { backend })], 0),
      'concat: shapes [2, 3] and [3, 2] differ outside axis 0',
    ],
    ['permutation', () => transpose(x(), [0, 0]), 'transpose: [0,0] is no permutation of the axes of [2, 3]'],
    ['pad', () => pad(x(), [[1, 1]]), 'pad: widths [[1,1]] for shape [2, 3]; give [before, after] for each axis'],
    [
      'bias',
      () => matmul(x(), zeros([3, 4], { backend }), { bias: zeros([3], { backend }) }),
      'matmul: bias has shape [3], expected [4]',
    ],
    ['indices', () => gather(x(), floats([1])), 'gather: indices is float32, expected int32'],
    ['labels', () => softmaxCrossEntropy(x(), ints(1)), 'softmaxCrossEntropy: labels has shape [1], expected [2]'],
    [
      'smoothing',
      () => softmaxCrossEntropy(x(), ints(1, 1), { labelSmoothing: 1 }),
      'softmaxCrossEntropy: labelSmoothing 1; use 0 … below 1',
    ],
    [
      'layer norm',
      () => layerNorm(x(), { gain: zeros([2], { backend }) }),
      'layerNorm: gain has shape [2], expected [3]',
    ],
    ['linear scan', () => linearScan(x(), x()), 'linearScan: a has shape [2, 3], expected [batch, time, units]'],
    ['probability', () => bernoulli(key(1), [2], 1.5, { backend }), 'bernoulli: probability 1.5; use 0 … 1'],
    ['assign', () => assign(x(), zeros([3], { backend })), 'assign: x has shape [3], expected [2, 3]'],
    ['clip', () => clip(x(), 1, 0), 'clip: low 1 is above high 0'],
    [
      'a fraction beside whole numbers',
      () => mul(ints(4, 6), 0.5),
      "mul: 0.5 is no int32, which the tensor beside it is; convert that tensor first: cast(x, 'float32')",
    ],
    ['a fraction to compare with', () => less(ints(0, 1), 0.5), 'less: 0.5 is no int32'],
    [
      'infinity among whole numbers',
      () => select(less(ints(1), 2), ints(1), -Infinity),
      'select: -Infinity is no int32',
    ],
    [
      'a gain of whole numbers',
      () => layerNorm(x(), { gain: ints(1, 1, 1) }),
      'layerNorm: gain is int32, expected float32',
    ],
    [
      'an initial state of whole numbers',
      () =>
        linearScan(ones([1, 1, 1], { backend }), ones([1, 1, 1], { backend }), { initial: reshape(ints(1), [1, 1]) }),
      'linearScan: initial is int32, expected float32',
    ],
    ['squares of whole numbers', () => sumOfSquares([ints(3)]), 'sumOfSquares: x is int32, expected float32'],
    [
      'a gradient of whole numbers',
      () =>
        sgdStep([ints(3), floats([0.1]), null], [floats([1]), null], { momentum: 0, nesterov: false, weightDecay: 0 }),
      'sgdStep: gradient is int32, expected float32',
    ],
    [
      'a product of whole numbers',
      () => matmulInto(zeros([1, 1], { backend }), reshape(ints(1), [1, 1]), ones([1, 1], { backend })),
      'matmulInto: a is int32, expected float32',
    ],
  ])('%s', (_, attempt, message) => {
    expect(attempt).toThrow(message)
  })

  test('an index outside the table is reported, never read', async () => {
    await expect(async () => gather(x(), ints(0, 2)).data()).rejects.toMatchObject({ code: 'E_INDEX_RANGE' })
    await expect(async () => sqrt(softmaxCrossEntropy(x(), ints(0, 3))).data()).rejects.toMatchObject({
      code: 'E_INDEX_RANGE',
    })
  })
})
