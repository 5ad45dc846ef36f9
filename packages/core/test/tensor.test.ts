// Making, reading, moving and freeing tensors.

import { cpu } from '@rnn/backend-cpu'
import {
  arange,
  cast,
  full,
  hasCode,
  matmul,
  readTensors,
  reshape,
  slice,
  Tensor,
  tensor,
  zeros,
  type Backend,
} from '@rnn/core'
import { beforeEach, describe, expect, test } from 'vitest'

let backend: Backend
beforeEach(async () => {
  backend = await cpu()
})

describe('tensor', () => {
  test('takes its shape from the nesting and its dtype from the values', async () => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { backend },
    )
    expect([x.shape, x.dtype]).toEqual([[2, 3], 'float32'])
    expect(await x.data()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(tensor(Int32Array.of(1, 2), { backend }).dtype).toBe('int32')
    const mask = tensor([true, false], { backend })
    expect(mask.dtype).toBe('bool')
    expect(await mask.data()).toEqual(Int32Array.of(1, 0))
    expect(tensor(7, { backend }).shape).toEqual([])
    expect(tensor([], { backend }).shape).toEqual([0])
  })

  test('owns a copy of the values', async () => {
    const values = Float32Array.of(1, 2)
    const x = tensor(values, { backend })
    values[0] = 9
    expect(await x.data()).toEqual(Float32Array.of(1, 2))
  })

  test.each([
    ['ragged rows', () => tensor([[1, 2], [3]], { backend }), 'E_SHAPE', /ragged at depth 1/],
    [
      'a shape of another size',
      () => tensor(Float32Array.of(1, 2, 3), { backend, shape: [2, 2] }),
      'E_SHAPE',
      /3 values for shape \[2, 2\], which holds 4/,
    ],
    ['a negative dimension', () => zeros([2, -1], { backend }), 'E_SHAPE', /\[2, -1\] is no shape/],
  ] as const)('refuses %s', (_, make, code, message) => {
    expect(make).toThrow(message)
    expect(codeOf(make)).toBe(code)
  })

  test('full, zeros and arange', async () => {
    expect(await full([2], 3, { backend }).data()).toEqual(Float32Array.of(3, 3))
    expect(await zeros([2], { backend, dtype: 'int32' }).data()).toEqual(Int32Array.of(0, 0))
    expect(await arange(3, { backend }).data()).toEqual(Int32Array.of(0, 1, 2))
  })
})

describe('reading', () => {
  test('gives the values as of the call, whatever happens to the tensor afterwards', async () => {
    const x = tensor([1, 2, 3], { backend })
    const reading = x.data()
    x.dispose()
    const y = tensor([7, 8, 9], { backend }) // may well take over the buffer
    expect(await reading).toEqual(Float32Array.of(1, 2, 3))
    y.dispose()
  })

  test('several tensors in one request, views included', async () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { backend },
    )
    const column = slice(x, 1, 1, 1)
    const live = backend.stats().liveBuffers
    expect(await readTensors([column, x])).toEqual([Float32Array.of(2, 4), Float32Array.of(1, 2, 3, 4)])
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('at once, where memory is at hand', () => {
    expect(
      slice(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { backend },
        ),
        1,
        0,
        1,
      ).dataSync(),
    ).toEqual(Float32Array.of(1, 3))
  })
})

describe('lifetime', () => {
  test('a storage lives as long as the last view of it', async () => {
    const before = backend.stats().liveBuffers
    const x = tensor([1, 2, 3, 4], { backend })
    const view = reshape(x, [2, 2])
    x.dispose()
    x.dispose()
    expect(await view.data()).toEqual(Float32Array.of(1, 2, 3, 4))
    view.dispose()
    expect(backend.stats().liveBuffers).toBe(before)
  })

  test('a tensor may be freed after its backend, which has freed everything', async () => {
    const gone = await cpu()
    const x = tensor([1, 2], { backend: gone })
    await gone.dispose()
    expect(() => x.dispose()).not.toThrow()
    expect(codeOf(() => reshape(x, [1, 2]))).toBe('E_DISPOSED')
  })

  test('a freed tensor says so when it is used', () => {
    const x = tensor([[1]], { backend })
    x[Symbol.dispose]()
    expect(() => matmul(x, x)).toThrow(
      'matmul: a tensor float32 [1, 1] was used after it was freed; return it from its scope, or keep(tensor) it',
    )
    expect(codeOf(() => matmul(x, x))).toBe('E_DISPOSED')
    expect(String(x)).toBe('Tensor float32 [1, 1] on cpu (disposed)')
  })
})

describe('backends', () => {
  test('tensors of two backends in one op are refused before anything runs', async () => {
    const other = await cpu()
    const a = tensor([[1]], { backend })
    const b = tensor([[2]], { backend: other })
    const runs = { ...backend.stats().runs }
    expect(() => matmul(a, b)).toThrow(
      /matmul: tensors live on two backends named 'cpu'; move one of them with await tensor.to\(backend\)/,
    )
    expect(codeOf(() => matmul(a, b))).toBe('E_BACKEND_MISMATCH')
    expect(backend.stats().runs).toEqual(runs)
    const moved = await b.to(backend)
    expect(await matmul(a, moved).data()).toEqual(Float32Array.of(2))
    expect(b.disposed).toBe(false)
  })

  test('moving keeps dtype and shape, of views too', async () => {
    const other = await cpu()
    const ids = slice(tensor(Int32Array.of(1, 2, 3, 4), { backend, shape: [2, 2] }), 1, 1, 1)
    const moved = await ids.to(other)
    expect([moved.dtype, moved.shape, await moved.data()]).toEqual(['int32', [2, 1], Int32Array.of(2, 4)])
    expect(await cast(moved, 'float32').data()).toEqual(Float32Array.of(2, 4))
    expect(await moved.to(other)).toBeInstanceOf(Tensor)
  })
})

function codeOf(body: () => unknown): string | undefined {
  try {
    body()
  } catch (error) {
    for (const code of ['E_SHAPE', 'E_DISPOSED', 'E_BACKEND_MISMATCH'] as const) if (hasCode(error, code)) return code
  }
  return undefined
}
