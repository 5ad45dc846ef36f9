// Optimisers and options for which there are no reference values elsewhere, beside their papers' formulas in float64; and what a step costs.

import { cpu } from '@rnn/backend-cpu'
import { tensor } from '@rnn/core'
import { expect, test } from 'vitest'
import { adadelta, adagrad, adam, adamax, adamW, lion, nadam, OptimizerState, type Optimizer } from '../src/index.ts'

const STEPS = 12
const START = [1, -2, 0.5, 3]
const LR = 0.05
const SCALE = 0.5

/** The gradients of each step; one of them is 0 at first, as for words that were not met yet. */
const gradientAt = (step: number): number[] => [
  Math.sin(step + 1),
  Math.cos(step * 3) * 4,
  step < 4 ? 0 : 0.01 * step,
  (-1) ** step * 0.3,
]

/** One element's update, in float64: gets the gradient (scaled, decayed), the step from 1, and numbers that it may keep. */
type Formula = (g: number, t: number, kept: { a: number; b: number; c: number; product: number }) => number

const moments = (g: number, kept: { a: number; b: number }, beta1 = 0.9, beta2 = 0.999): void => {
  kept.a = beta1 * kept.a + (1 - beta1) * g
  kept.b = beta2 * kept.b + (1 - beta2) * g * g
}

const formulas: Readonly<Record<string, Formula>> = {
  lion(g, _, kept) {
    const direction = Math.sign(0.9 * kept.a + 0.1 * g)
    kept.a = 0.99 * kept.a + 0.01 * g
    return LR * direction
  },
  adagrad(g, t, kept) {
    kept.a += g * g
    return ((LR / (1 + (t - 1) * 0.1)) * g) / (Math.sqrt(kept.a + 0.1) + 1e-10)
  },
  adadelta(g, _, kept) {
    kept.a = 0.8 * kept.a + 0.2 * g * g
    const d = (g * Math.sqrt(kept.b + 1e-6)) / Math.sqrt(kept.a + 1e-6)
    kept.b = 0.8 * kept.b + 0.2 * d * d
    return LR * d
  },
  amsgrad(g, t, kept) {
    moments(g, kept)
    kept.c = Math.max(kept.c, kept.b)
    return ((LR / (1 - 0.9 ** t)) * kept.a) / (Math.sqrt(kept.c) / Math.sqrt(1 - 0.999 ** t) + 1e-8)
  },
  nadam(g, t, kept) {
    const at = (s: number): number => 0.9 * (1 - 0.5 * 0.96 ** (s * 0.004))
    moments(g, kept)
    kept.product *= at(t)
    const ahead = ((1 - at(t)) * g) / (1 - kept.product) + (at(t + 1) * kept.a) / (1 - kept.product * at(t + 1))
    return (LR * ahead) / (Math.sqrt(kept.b / (1 - 0.999 ** t)) + 1e-8)
  },
  adamax(g, t, kept) {
    kept.a = 0.9 * kept.a + 0.1 * g
    kept.b = Math.max(0.999 * kept.b, Math.abs(g) + 1e-8)
    return ((LR / (1 - 0.9 ** t)) * kept.a) / kept.b
  },
}

interface Case {
  readonly title: string
  readonly optimizer: Optimizer
  readonly formula: keyof typeof formulas
  readonly coupled?: number
  readonly decoupled?: number
}

const rate = { learningRate: LR }
const [beside, through] = [{ weightDecay: 0.1, decoupledWeightDecay: true }, { weightDecay: 0.1 }]
const adagradOptions = { ...rate, learningRateDecay: 0.1, initialAccumulator: 0.1 }
const cases: readonly Case[] = [
  { title: 'lion', optimizer: lion(rate), formula: 'lion' },
  { title: 'lion, decay', optimizer: lion({ ...rate, weightDecay: 0.1 }), formula: 'lion', decoupled: 0.1 },
  { title: 'adagrad', optimizer: adagrad(adagradOptions), formula: 'adagrad' },
  { title: 'adagrad, L2', optimizer: adagrad({ ...adagradOptions, ...through }), formula: 'adagrad', coupled: 0.1 },
  {
    title: 'adagrad, decay',
    optimizer: adagrad({ ...adagradOptions, ...beside }),
    formula: 'adagrad',
    decoupled: 0.1,
  },
  { title: 'adadelta', optimizer: adadelta({ ...rate, decay: 0.8 }), formula: 'adadelta' },
  {
    title: 'adadelta, L2',
    optimizer: adadelta({ ...rate, decay: 0.8, ...through }),
    formula: 'adadelta',
    coupled: 0.1,
  },
  {
    title: 'adadelta, decay',
    optimizer: adadelta({ ...rate, decay: 0.8, ...beside }),
    formula: 'adadelta',
    decoupled: 0.1,
  },
  { title: 'amsgrad', optimizer: adam({ ...rate, amsgrad: true }), formula: 'amsgrad' },
  {
    title: 'amsgrad, L2',
    optimizer: adam({ ...rate, amsgrad: true, ...through }),
    formula: 'amsgrad',
    coupled: 0.1,
  },
  {
    title: 'amsgrad, decay',
    optimizer: adamW({ ...rate, amsgrad: true, weightDecay: 0.1 }),
    formula: 'amsgrad',
    decoupled: 0.1,
  },
  { title: 'nadam', optimizer: nadam(rate), formula: 'nadam' },
  { title: 'nadam, L2', optimizer: nadam({ ...rate, ...through }), formula: 'nadam', coupled: 0.1 },
  { title: 'nadam, decay', optimizer: nadam({ ...rate, ...beside }), formula: 'nadam', decoupled: 0.1 },
  { title: 'adamax', optimizer: adamax(rate), formula: 'adamax' },
  { title: 'adamax, L2', optimizer: adamax({ ...rate, ...through }), formula: 'adamax', coupled: 0.1 },
  { title: 'adamax, decay', optimizer: adamax({ ...rate, ...beside }), formula: 'adamax', decoupled: 0.1 },
]

test.each(cases)('$title is its formula', async ({ optimizer, formula, coupled = 0, decoupled = 0 }) => {
  const backend = await cpu()
  const parameter = tensor(START, { backend })
  const gradientScale = tensor(Float32Array.of(SCALE), { backend, shape: [] })
  const state = new OptimizerState(optimizer, backend)
  const expected = [...START]
  const kept = START.map(() => ({ a: 0, b: 0, c: 0, product: 1 }))
  for (let step = 0; step < STEPS; step++) {
    state.apply({ w: parameter }, { w: tensor(gradientAt(step), { backend }) }, gradientScale)
    gradientAt(step).forEach((gradient, i) => {
      const before = expected[i]!
      const change = formulas[formula]!(gradient * SCALE + coupled * before, step + 1, kept[i]!)
      expected[i] = before - LR * decoupled * before - change
    })
    const actual = [...(await parameter.data())]
    // Each of the ≤ 16 roundings of a step is 2⁻²⁴ of a number no larger than 8.
    const tolerance = (step + 1) * 16 * 8 * 2 ** -24
    for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(tolerance)
  }
})

test.each([
  ['lion', lion(), 8],
  ['adagrad', adagrad(), 7],
  ['adadelta', adadelta(), 15],
  ['amsgrad', adam({ amsgrad: true }), 14],
  ['nadam', nadam(), 14],
  ['adamax', adamax(), 11],
] as const)('a step of %s is few calls and leaves no buffer', async (_, optimizer, expected) => {
  const backend = await cpu()
  const parameter = tensor(START, { backend })
  const gradient = tensor(gradientAt(1), { backend })
  const state = new OptimizerState(optimizer, backend)
  const total = (): number => Object.values(backend.stats().runs).reduce((sum: number, runs) => sum + Number(runs), 0)
  state.apply({ w: parameter }, { w: gradient })
  await backend.sync()
  const [runs, { liveBuffers, liveBytes }] = [total(), backend.stats()]
  state.apply({ w: parameter }, { w: gradient })
  await backend.sync()
  expect(total() - runs).toBe(expected)
  expect(backend.stats()).toMatchObject({ liveBuffers, liveBytes })
})
