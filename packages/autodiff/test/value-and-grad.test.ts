// What valueAndGrad promises: structure, ownership, and errors. The numbers of every op are proved by the conformance kit and by gradients.test.ts.

import { cpu } from '@rnn/backend-cpu'
import { valueAndGrad } from '@rnn/autodiff'
import {
  accumulate,
  add,
  assignFromHost,
  cast,
  customGradient,
  detach,
  div,
  fillInto,
  matmul,
  mean,
  mul,
  pow,
  reshape,
  scope,
  slice,
  square,
  sub,
  sum,
  tanh,
  tensor,
  type Backend,
  type Tensor,
} from '@rnn/core'
import { beforeEach, describe, expect, test } from 'vitest'

let backend: Backend
beforeEach(async () => {
  backend = await cpu()
})
const vector = (...values: number[]): Tensor => tensor(values, { backend })

describe('structure', () => {
  test('one parameter, an array, a record', async () => {
    const [a, b] = [vector(1, 2), vector(3, 4)]
    const one = valueAndGrad((x: Tensor) => sum(square(x)))(a)
    expect(await one.value.data()).toEqual(Float32Array.of(5))
    expect(await one.gradients.data()).toEqual(Float32Array.of(2, 4))
    const pair = valueAndGrad(([x, y]: readonly [Tensor, Tensor]) => sum(mul(x, y)))([a, b])
    expect(await pair.gradients[1].data()).toEqual(Float32Array.of(1, 2))
    const record = valueAndGrad(({ x, y }: { x: Tensor; y: Tensor }) => sum(mul(x, y)))({ x: a, y: b })
    expect(await record.gradients.x.data()).toEqual(Float32Array.of(3, 4))
  })

  test('aux comes along, followed by nothing', async () => {
    const { aux } = valueAndGrad((x: Tensor) => {
      const y = tanh(x)
      return { value: sum(y), aux: { y, note: 'kept' } }
    })(vector(0))
    expect([await aux.y.data(), aux.y.tracker, aux.note]).toEqual([Float32Array.of(0), undefined, 'kept'])
  })

  test('a parameter that plays no part has a gradient of zeros', async () => {
    const { gradients } = valueAndGrad(({ x }: { x: Tensor; idle: Tensor }) => sum(x))({
      x: vector(1),
      idle: vector(1, 2),
    })
    expect(await gradients.idle.data()).toEqual(Float32Array.of(0, 0))
  })

  test('a parameter that is itself the value, and one that is named twice', async () => {
    const x = tensor(3, { backend })
    const { value, gradients } = valueAndGrad((p: Tensor) => p)(x)
    value.dispose()
    expect([await gradients.data(), await x.data()]).toEqual([Float32Array.of(1), Float32Array.of(3)])
    const twice = valueAndGrad(([p]: readonly [Tensor, Tensor]) => sum(square(p)))([x, x])
    expect(await Promise.all(twice.gradients.map((each) => each.data()))).toEqual([
      Float32Array.of(6),
      Float32Array.of(6),
    ])
  })

  test('gradients are contiguous and own their buffers', async () => {
    const { gradients } = valueAndGrad(([x, y]: readonly [Tensor, Tensor]) => sum(add(x, y)))([
      vector(1, 2),
      vector(3, 4),
    ])
    accumulate(gradients[0], vector(1, 1))
    expect([await gradients[0].data(), await gradients[1].data()]).toEqual([
      Float32Array.of(2, 2),
      Float32Array.of(1, 1),
    ])
  })
})

describe('ownership', () => {
  test('nothing is left but what is returned, and only that until then', () => {
    const [w, x] = [vector(1, 2), vector(3, 4)]
    const before = backend.stats().liveBuffers
    const { value, gradients } = valueAndGrad((p: Tensor) => mean(square(tanh(mul(p, x)))))(w)
    expect(backend.stats().liveBuffers).toBe(before + 2)
    value.dispose()
    gradients.dispose()
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('an error on the way leaves nothing behind and the parameters as they were', () => {
    const w = vector(1, 2)
    const before = backend.stats().liveBuffers
    expect(() =>
      valueAndGrad((p: Tensor) => {
        tanh(p)
        throw new Error('mine')
      })(w),
    ).toThrow('mine')
    expect(w.tracker).toBeUndefined()
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('backward lets go of what an op saved as soon as it is used', () => {
    const depth = 40
    const w = tensor(new Float32Array(1000), { backend })
    let afterForward = 0
    let peak = 0
    const before = backend.stats().liveBytes
    const counting = backend.run.bind(backend)
    backend.run = (call) => {
      counting(call)
      if (afterForward > 0) peak = Math.max(peak, backend.stats().liveBytes - before)
    }
    const { value, gradients } = valueAndGrad((p: Tensor) => {
      let y = p
      for (let i = 0; i < depth; i++) y = tanh(y)
      const total = sum(y)
      afterForward = backend.stats().liveBytes - before
      return total
    })(w)
    // Saved: one result a layer. On the way back at most a layer's work comes on top.
    expect(afterForward).toBeGreaterThanOrEqual(depth * 4000)
    expect(peak).toBeLessThanOrEqual(afterForward + 3 * 4000)
    value.dispose()
    gradients.dispose()
  })
})

describe('limits', () => {
  test('detach stops gradients: truncated backpropagation', async () => {
    const { gradients } = valueAndGrad((x: Tensor) => sum(mul(detach(square(x)), x)))(vector(3))
    expect(await gradients.data()).toEqual(Float32Array.of(9))
  })

  test.each<[string, (x: Tensor) => Tensor, string, RegExp]>([
    [
      'a value that is no scalar',
      (x) => square(x),
      'E_SHAPE',
      /the value is float32 \[2\], expected a float32 scalar; reduce it with mean or sum/,
    ],
    ['a value of whole numbers', (x) => sum(cast(x, 'int32')), 'E_SHAPE', /the value is int32/],
    [
      'a value that depends on no parameter',
      (x) => sum(detach(x)),
      'E_NO_GRADIENT',
      /depends on none of the parameters/,
    ],
    [
      'gradients of gradients',
      (x) => valueAndGrad((y: Tensor) => sum(mul(x, y)))(vector(1, 1)).value,
      'E_NESTED_GRADIENT',
      /second-order gradients are not supported/,
    ],
    [
      'gradients by a parameter that an outer computation follows',
      (x) => sum(square(valueAndGrad((y: Tensor) => sum(square(y)))(x).gradients)),
      'E_NESTED_GRADIENT',
      /valueAndGrad: a parameter is followed by another open gradient computation/,
    ],
    [
      'a change in place of what is followed',
      (x) => {
        const y = add(x, 1)
        fillInto(y, 7)
        return sum(y)
      },
      'E_NOT_DIFFERENTIABLE',
      /fillInto: the target is part of a gradient computation/,
    ],
    [
      'a followed tensor in a change in place',
      (x) => (accumulate(vector(0, 0), x), sum(x)),
      'E_NOT_DIFFERENTIABLE',
      /pass detach\(x\)/,
    ],
  ])('refuses %s', (_, f, code, message) => {
    const x = vector(1, 2)
    const attempt = (): unknown => scope(backend, () => void valueAndGrad(f)(x))
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ code }))
    expect(x.tracker).toBeUndefined()
  })

  test('an inner gradient with parameters of its own is a constant to the outer one', async () => {
    const { gradients } = valueAndGrad((x: Tensor) => {
      const inner = valueAndGrad((y: Tensor) => sum(square(y)))(vector(3)).gradients
      return sum(mul(x, inner))
    })(vector(1))
    expect(await gradients.data()).toEqual(Float32Array.of(6))
  })

  test.each([
    ['mul', mul],
    ['div', div],
    ['pow', pow],
  ])('a value that backward needs must not change in between: the error names the call, %s', (operation, call) => {
    const [w, x] = [vector(1, 2), vector(3, 4)]
    const attempt = (): unknown =>
      valueAndGrad((p: Tensor) => {
        const y = sum(call(p, x))
        fillInto(x, 0)
        return y
      })(w)
    expect(attempt).toThrow(
      /: its backward pass needs a float32 \[2\] that was changed in place after the forward pass/,
    )
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_SAVED_MUTATED', operation }))
  })

  test('no parameters at all', () => {
    expect(() => valueAndGrad(() => vector(1))([])).toThrow('there are no parameters to differentiate by')
  })
})

describe('gradients that a computation brings itself', () => {
  test('are used in place of those of the steps inside', async () => {
    const lossOf = ([a, b]: readonly [Tensor, Tensor]): Tensor => {
      const [y = a] = customGradient('threefold', [a, b], ([x = a, z = b], wanted) => {
        expect(wanted).toEqual([true, true])
        return {
          outputs: [add(mul(x, 3), z)],
          saved: [z],
          backward: ([gradient = null], [kept]) => [gradient && mul(gradient, kept ?? 0), null],
        }
      })
      return sum(square(y))
    }
    const live = backend.stats().liveBuffers
    const [a, b] = [vector(1, 2), vector(10, 20)]
    const { value, gradients } = valueAndGrad(lossOf)([a, b])
    expect(value.dataSync()[0]).toBe(13 ** 2 + 26 ** 2)
    expect(gradients.map((each) => [...each.dataSync()])).toEqual([
      [2 * 13 * 10, 2 * 26 * 20],
      [0, 0],
    ])
    for (const each of [value, ...gradients, a, b]) each.dispose()
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('nothing is recorded without a tape', () => {
    const x = vector(1, 2)
    const [y] = customGradient('negated', [x], ([each = x], wanted) => {
      expect(wanted).toEqual([false])
      return { outputs: [mul(each, -1)], saved: [], backward: () => [] }
    })
    expect([...(y?.dataSync() ?? [])]).toEqual([-1, -2])
  })
})

describe('the pieces of a tensor', () => {
  const taken = (pieces: readonly (readonly [start: number, size: number])[]): number[] => {
    const x = reshape(vector(1, 2, 3, 4, 5, 6), [1, 6])
    const expected = new Array<number>(6).fill(0)
    const { value, gradients } = valueAndGrad((each: Tensor) => {
      const terms = pieces.map(([start, size], i) => {
        for (let at = start; at < start + size; at++) expected[at] = (expected[at] ?? 0) + i + 1
        return sum(mul(slice(each, 1, start, size), i + 1))
      })
      return terms.reduce((total, term) => add(total, term))
    })(x)
    const found = [...gradients.dataSync()]
    for (const each of [value, gradients, x]) each.dispose()
    expect(found).toEqual(expected)
    return found
  }

  test.each<[string, readonly (readonly [number, number])[]]>([
    [
      'beside one another, the last first',
      [
        [0, 2],
        [2, 3],
        [5, 1],
      ],
    ],
    [
      'beside one another, the first first',
      [
        [5, 1],
        [2, 3],
        [0, 2],
      ],
    ],
    [
      'from the middle outwards',
      [
        [5, 1],
        [0, 2],
        [2, 3],
      ],
    ],
    ['one alone', [[2, 2]]],
    [
      'with a gap',
      [
        [0, 1],
        [4, 2],
      ],
    ],
    [
      'one twice, and over one another',
      [
        [1, 3],
        [2, 4],
        [2, 4],
        [0, 6],
      ],
    ],
    [
      'the whole first, then a piece',
      [
        [0, 6],
        [3, 2],
      ],
    ],
  ])('%s', (_, pieces) => {
    taken(pieces)
  })

  test('of two axes', () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { backend },
    )
    const { gradients } = valueAndGrad((each: Tensor) => add(sum(slice(each, 0, 0, 1)), sum(slice(each, 1, 1, 1))))(x)
    expect([...gradients.dataSync()]).toEqual([1, 2, 0, 1])
  })
})

test('least squares by hand finds the line', async () => {
  const x = tensor([[0], [1], [2], [3]], { backend })
  const y = tensor([[1], [3], [5], [7]], { backend })
  const parameters = { slope: tensor([[0]], { backend }), intercept: vector(0) }
  const lossOf = ({ slope, intercept }: typeof parameters): Tensor =>
    mean(square(sub(matmul(x, slope, { bias: intercept }), y)))
  const before = backend.stats().liveBuffers
  for (let step = 0; step < 300; step++) {
    const { value, gradients } = valueAndGrad(lossOf)(parameters)
    for (const name of ['slope', 'intercept'] as const) {
      const gradient = gradients[name].dataSync()
      assignFromHost(
        parameters[name],
        (parameters[name].dataSync() as Float32Array).map((p, i) => p - 0.1 * (gradient[i] ?? 0)),
      )
      gradients[name].dispose()
    }
    value.dispose()
  }
  expect(parameters.slope.dataSync()[0]).toBeCloseTo(2, 4)
  expect(parameters.intercept.dataSync()[0]).toBeCloseTo(1, 4)
  expect(backend.stats().liveBuffers).toBe(before)
})
