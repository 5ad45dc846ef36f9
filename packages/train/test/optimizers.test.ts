// Optimisers beside their arithmetic: options, state that is saved, restored and moved.

import { cpu } from '@rnn/backend-cpu'
import { tensor, type Backend, type Tensor } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { expect, test } from 'vitest'
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  clipFactor,
  constantRate,
  lion,
  nadam,
  OptimizerState,
  rmsprop,
  sgd,
  stepDecay,
  type Optimizer,
} from '../src/index.ts'

const all: readonly Optimizer[] = [
  sgd({ momentum: 0.9 }),
  rmsprop({ centered: true, momentum: 0.5 }),
  adam(),
  adamW({ learningRate: stepDecay({ initial: 0.1, factor: 0.5, every: 2 }) }),
  adam({ amsgrad: true, weightDecay: 0.1 }),
  adamW({ amsgrad: true }),
  adagrad({ learningRateDecay: 0.1, initialAccumulator: 0.1 }),
  adadelta(),
  nadam({ weightDecay: 0.1, decoupledWeightDecay: true }),
  adamax(),
  lion({ learningRate: stepDecay({ initial: 0.1, factor: 0.5, every: 2 }), weightDecay: 0.1 }),
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
  const whole = new OptimizerState(optimizer, here)
  run(whole, straight, 0, 3)
  whole.scaleLearningRate(0.5)
  run(whole, straight, 3, 6)

  const first = tensor([1, -2, 3], { backend: here })
  const state = new OptimizerState(optimizer, here)
  run(state, first, 0, 3)
  state.scaleLearningRate(0.5)

  const restored = new OptimizerState(optimizer, here)
  restored.restore(state.step, await saved(state), state.learningRateScale)
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
  state.scaleLearningRate(0.5)
  expect([state.lastLearningRate, state.learningRate]).toEqual([0.25, 0.0625])
  state.apply({ w: parameter }, { w: tensor([1], { backend }) })
  expect([...(await parameter.data())]).toEqual([-1.8125])
  expect([state.lastLearningRate, state.learningRate]).toEqual([0.0625, 0.03125])
})

test.each(all)('$name describes itself as JSON', (optimizer) => {
  const { configuration } = optimizer
  expect(JSON.parse(JSON.stringify(configuration))).toEqual(configuration)
})

test('what does not fit is refused', async () => {
  const backend = await cpu()
  expect(() => sgd({ nesterov: true })).toThrow('sgd: nesterov without momentum; set momentum, 0.9 for instance')
  expect(() => adam({ beta1: 1 })).toThrow('adam: beta1 1; use 0 … below 1')
  expect(() => adamW({ weightDecay: -1 })).toThrow('adamW: weightDecay -1')
  expect(() => rmsprop({ learningRate: Number.NaN })).toThrow('learning rate NaN')
  expect(() => clipFactor([tensor([1], { backend })], 0)).toThrow('clipNorm 0; use a norm above 0')
  expect(() => clipFactor([], 1)).toThrow('there are no gradients')
  for (const make of [sgd, rmsprop, adam, adamW, adagrad, adadelta, nadam, adamax, lion]) {
    for (const learningRate of [0, -0.1, Infinity]) {
      expect(() => make({ learningRate })).toThrow(`learning rate ${learningRate}; use a number above 0`)
    }
    expect(() => make({ weightDecay: -1 })).toThrow('weightDecay -1; use a number, 0 or more')
  }
  for (const make of [adam, adamW, nadam, adamax, lion]) {
    expect(() => make({ beta1: 1 })).toThrow('beta1 1; use 0 … below 1')
    expect(() => make({ beta2: -0.1 })).toThrow('beta2 -0.1; use 0 … below 1')
  }
  for (const make of [adam, adagrad, adadelta, nadam, adamax]) {
    expect(() => make({ epsilon: Number.NaN })).toThrow('epsilon NaN')
  }
  expect(() => adadelta({ decay: 1 })).toThrow('adadelta: decay 1; use 0 … below 1')
  expect(() => adagrad({ learningRateDecay: -1 })).toThrow('adagrad: learningRateDecay -1')
  expect(() => adagrad({ initialAccumulator: -1 })).toThrow('adagrad: initialAccumulator -1')
  expect(() => nadam({ momentumDecay: -1 })).toThrow('nadam: momentumDecay -1')
  const parameter = tensor([1, 2], { backend })
  expect(() => new OptimizerState(lion(), backend).apply({ w: parameter }, { w: tensor([1], { backend }) })).toThrow(
    'lion: the gradient is float32 [1], its parameter float32 [2]',
  )
  const state = new OptimizerState(sgd(), backend)
  expect(() => state.scaleLearningRate(0)).toThrow('factor 0; use a number above 0')
  expect(() => constantRate(0)).toThrow('learning rate 0')
  expect(() => state.apply({}, { w: tensor([1], { backend }) })).toThrow("a gradient for 'w', which is no parameter")
})
