// Views against plain arrays: any chain of slices and reshapes reads the same elements, and every kernel that takes rows sees them.

import { cpu } from '@rnn/backend-cpu'
import {
  contiguous,
  mul,
  neg,
  reshape,
  scope,
  sizeOf,
  slice,
  split,
  stack,
  tensor,
  unstack,
  type Backend,
  type Shape,
  type Tensor,
} from '@rnn/core'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

let backend: Backend
beforeAll(async () => {
  backend = await cpu()
})

/** A shape with the elements that belong to it: what views are compared with. */
interface Model {
  readonly shape: Shape
  readonly values: readonly number[]
}

function sliceModel({ shape, values }: Model, axis: number, start: number, size: number): Model {
  const length = shape[axis] ?? 0
  const inner = sizeOf(shape.slice(axis + 1))
  const taken = values.filter((_, i) => {
    const at = Math.floor(i / inner) % length
    return at >= start && at < start + size
  })
  return { shape: shape.with(axis, size), values: taken }
}

/** Other ways to write the same number of elements. */
function reshapings(shape: Shape): Shape[] {
  const size = sizeOf(shape)
  const merged = shape.length > 1 ? [(shape[0] ?? 1) * (shape[1] ?? 1), ...shape.slice(2)] : [1, size]
  return [
    [size],
    merged,
    [...shape, 1],
    [1, ...shape],
    [...shape.slice(0, -2), (shape.at(-2) ?? 1) * (shape.at(-1) ?? 1)],
  ]
}

test('any chain of slices and reshapes reads the same elements', () => {
  const dimensions = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(1000), fc.nat(1000), fc.nat(1000)), { maxLength: 5 })
  fc.assert(
    fc.property(dimensions, steps, (shape, chain) => {
      scope(backend, () => {
        let model: Model = { shape, values: Array.from({ length: sizeOf(shape) }, (_, i) => i + 1) }
        let x: Tensor = tensor(Float32Array.from(model.values), { backend, shape })
        for (const [isSlice, a, b, c] of chain) {
          if (isSlice && model.shape.length > 0) {
            const axis = a % model.shape.length
            const length = model.shape[axis] ?? 1
            const size = 1 + (b % length)
            const start = c % (length - size + 1)
            x = slice(x, axis, start, size)
            model = sliceModel(model, axis, start, size)
          } else {
            const options = reshapings(model.shape).filter((each) => sizeOf(each) === model.values.length)
            const target = options[a % options.length] ?? model.shape
            x = reshape(x, target)
            model = { shape: target, values: model.values }
          }
        }
        expect(x.shape).toEqual(model.shape)
        expect([...x.dataSync()]).toEqual(model.values)
        expect([...neg(x).dataSync()]).toEqual(model.values.map((value) => -value))
        expect([...mul(x, contiguous(x)).dataSync()]).toEqual(model.values.map((value) => value * value))
      })
    }),
    { numRuns: 300 },
  )
})

describe('without a copy', () => {
  const copies = (body: () => void): number => {
    const before = backend.stats().runs.copy ?? 0
    scope(backend, body)
    return (backend.stats().runs.copy ?? 0) - before
  }

  test('time steps, gates, h[:, :-1], halves of a bidirectional output, and their steps', () => {
    expect(
      copies(() => {
        const h = tensor(
          Float32Array.from({ length: 2 * 5 * 8 }, (_, i) => i),
          { backend, shape: [2, 5, 8] },
        )
        unstack(h, 1).map((step) => split(step, 4))
        slice(h, 1, 0, 4)
        const [left] = split(h, 2)
        unstack(left, 1)
      }),
    ).toBe(0)
  })

  test('a slice that rows can not say is copied, once', () => {
    expect(
      copies(() => {
        const x = tensor(
          Float32Array.from({ length: 4 * 4 * 4 }, (_, i) => i),
          { backend, shape: [4, 4, 4] },
        )
        slice(slice(x, 2, 0, 2), 1, 0, 2)
      }),
    ).toBe(1)
  })
})

test('unstack and stack undo one another along each axis', () => {
  scope(backend, () => {
    const x = tensor(
      Float32Array.from({ length: 24 }, (_, i) => i),
      { backend, shape: [2, 3, 4] },
    )
    for (const axis of [0, 1, 2, -1]) expect(stack(unstack(x, axis), axis).dataSync()).toEqual(x.dataSync())
  })
})

test.each([
  [() => reshape(tensor([1, 2, 3], { backend }), [2, 2]), /reshape: \[3\] holds 3 elements, which don't fit \[2, 2\]/],
  [() => reshape(tensor([1, 2, 3], { backend }), [-1, 2]), /don't fit \[-1, 2\]/],
  [() => slice(tensor([1, 2, 3], { backend }), 0, 2, 2), /slice: 2 … 4 of axis 0, which has 3/],
  [() => slice(tensor([1, 2, 3], { backend }), 1, 0, 1), /axis 1 of a tensor with 1 dimension; use -1 … 0/],
  [() => split(tensor([1, 2, 3], { backend }), 2), /split: axis -1 of \[3\] can't be split into 2 equal parts/],
  [() => split(tensor([1, 2, 3], { backend }), 1.5), /split: .* can't be split into 1.5 equal parts/],
  [() => split(tensor([1, 2, 3], { backend }), -1), /split: .* can't be split into -1 equal parts/],
  [() => split(tensor([1, 2, 3], { backend }), 0), /split: .* can't be split into 0 equal parts/],
  [() => split(tensor([1, 2, 3], { backend }), [1, 1]), /can't be split into sizes \[1, 1\]/],
])('refuses what does not fit', (attempt, message) => {
  expect(attempt).toThrow(message)
})
