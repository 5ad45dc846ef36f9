// Optimisers beside their arithmetic: options, state that is saved, restored and moved.

import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend, type Tensor } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { expect, test } from 'vitest'
import { adam, adamW, clipFactor, OptimizerState, rmsprop, sgd, stepDecay, type Optimizer } from '../src/index.ts'

const all: readonly Optimizer[] = [
  sgd({ momentum: 0.9 }),
  rmsprop({ centered: true, momentum: 0.5 }),
  adam(),
  adamW({ learningRate: stepDecay({ initial: 0.1, factor: 0.5, every: 2 }) }),
]

function gradientOf(step: number, backend: Backend): Tensor {
  return tensor([Math.sin(step), Math.cos(step * 3), step / 7], { backend })
}

function run(state: OptimizerState, parameter: Tensor, from: number, to: number): void {
  for (let step = from; step < to; step++) state.apply({ w: parameter }, { w: gradientOf(step, state.backend) })
}

async function saved(state: OptimizerState): Promise<Record<string, HostArray>> {
  const entries = Object.entries(state.tensors()).map(
    async ([name, each]) => [name, { data: await each.data(), shape: each.shape }] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

test.each(all)('$name goes on from a saved state to the last bit, on another backend too', async (optimizer) => {
  const [here, there] = [await cpu(), await cpu()]
  const straight = tensor([1, -2, 3], { backend: here })
  run(new OptimizerState(optimizer, here), straight, 0, 6)

  const first = tensor([1, -2, 3], { backend: here })
  const state = new OptimizerState(optimizer, here)
  run(state, first, 0, 3)

  const restored = new OptimizerState(optimizer, here)
  restored.restore(state.step, await saved(state))
  const again = tensor(await first.data(), { backend: here })
  run(restored, again, 3, 6)
  expect(await again.data()).toEqual(await straight.data())

  await state.to(there)
  const moved = await first.to(there)
  run(state, moved, 3, 6)
  expect(await moved.data()).toEqual(await straight.data())
})

test('the state names its tensors by path and slot, and frees them', async () => {
  const backend = await cpu()
  const before = backend.stats().liveBuffers
  const parameter = tensor([1, 2, 3], { backend })
  const state = new OptimizerState(adam(), backend)
  const gradient = gradientOf(1, backend)
  state.apply({ 'a.b': parameter }, { 'a.b': gradient })
  expect(Object.keys(state.tensors())).toEqual(['a.b/firstMoment', 'a.b/secondMoment'])
  state.dispose()
  parameter.dispose()
  gradient.dispose()
  await backend.sync()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('a schedule decides each step', async () => {
  const backend = await cpu()
  const parameter = tensor([0], { backend })
  const state = new OptimizerState(sgd({ learningRate: stepDecay({ initial: 1, factor: 0.5, every: 1 }) }), backend)
  for (let i = 0; i < 3; i++) state.apply({ w: parameter }, { w: tensor([1], { backend }) })
  expect([...(await parameter.data())]).toEqual([-1.75])
  expect(state.learningRate).toBe(0.125)
})

test('what does not fit is refused', async () => {
  const backend = await cpu()
  expect(() => sgd({ nesterov: true })).toThrow('sgd: nesterov without momentum; set momentum, 0.9 for instance')
  expect(() => adam({ beta1: 1 })).toThrow('adam: beta1 1; use 0 … below 1')
  expect(() => adamW({ weightDecay: -1 })).toThrow('adamW: weightDecay -1')
  expect(() => rmsprop({ learningRate: Number.NaN })).toThrow('learning rate NaN')
  expect(() => clipFactor([tensor([1], { backend })], 0)).toThrow('clipNorm 0; use a norm above 0')
  expect(() => clipFactor([], 1)).toThrow('there are no gradients')
  const state = new OptimizerState(sgd(), backend)
  expect(() => state.apply({}, { w: tensor([1], { backend }) })).toThrow("a gradient for 'w', which is no parameter")
})
