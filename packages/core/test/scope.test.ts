// Scopes free what was made in them, and nothing else.

import { cpu } from '@rnn/backend-cpu'
import { add, keep, scope, tensor, type Backend, type Tensor } from '@rnn/core'
import { beforeEach, expect, test } from 'vitest'

let backend: Backend
let before: number
beforeEach(async () => {
  backend = await cpu()
  before = backend.stats().liveBuffers
})

test('frees everything but what is returned, however deep', () => {
  const { kept } = scope(backend, () => {
    const x = tensor([1], { backend })
    return { kept: [{ y: add(x, x) }] }
  })
  expect(backend.stats().liveBuffers).toBe(before + 1)
  kept[0]?.y.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('a returned tensor belongs to the enclosing scope', () => {
  scope(backend, () => {
    const inner = scope(backend, () => tensor([1], { backend }))
    expect(inner.disposed).toBe(false)
  })
  expect(backend.stats().liveBuffers).toBe(before)
})

test('a tensor from outside that is returned stays as it was', () => {
  const outside = tensor([1], { backend })
  scope(backend, () => outside)
  expect(outside.disposed).toBe(false)
  outside.dispose()
})

test('keep takes a tensor out of all scopes', () => {
  let kept: Tensor | undefined
  scope(backend, () => scope(backend, () => void (kept = keep(tensor([1], { backend })))))
  expect(kept?.disposed).toBe(false)
  kept?.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('an error frees everything and passes through', () => {
  expect(() =>
    scope(backend, () => {
      tensor([1], { backend })
      throw new Error('mine')
    }),
  ).toThrow('mine')
  expect(backend.stats().liveBuffers).toBe(before)
})

test('an async function is refused before it runs', () => {
  let ran = false
  const attempt = (): unknown =>
    scope(backend, async () => {
      ran = true
    })
  expect(attempt).toThrow(/scope: an async function was given/)
  expect(ran).toBe(false)
})

test('a function that returns a promise is refused, and leaves nothing behind', () => {
  const attempt = (): unknown => scope(backend, () => tensor([1], { backend }).data())
  expect(attempt).toThrow(/the function returned a promise/)
  expect(attempt).toThrow(expect.objectContaining({ code: 'E_ASYNC_SCOPE' }))
  expect(backend.stats().liveBuffers).toBe(before)
})

test('the scopes of two backends do not meet', async () => {
  const other = await cpu()
  const foreign = scope(backend, () => {
    const made = tensor([1], { backend: other })
    return { dropped: tensor([2], { backend }), made }
  })
  expect(foreign.made.disposed).toBe(false)
  let left: Tensor | undefined
  scope(backend, () => {
    left = tensor([3], { backend: other })
  })
  expect(left?.disposed).toBe(false)
})

test('tensors outside any scope are freed when nobody holds them', async () => {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) return // runs where the engine lends its collector (node --expose-gc)
  for (let i = 0; i < 10; i++) tensor([i], { backend })
  for (let i = 0; i < 20 && backend.stats().liveBuffers > before; i++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(backend.stats().liveBuffers).toBe(before)
})
