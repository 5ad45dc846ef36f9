// Learning-rate schedules as functions of the step.

import { expect, test } from 'vitest'
import { constantRate, cosineDecay, stepDecay } from '../src/index.ts'

test('constantRate is constant', () => {
  expect([0, 10, 1e6].map((step) => constantRate(0.01).at(step))).toEqual([0.01, 0.01, 0.01])
})

test('stepDecay falls after every so many steps', () => {
  const rate = stepDecay({ initial: 1, factor: 0.5, every: 3 })
  expect([0, 1, 2, 3, 5, 6].map((step) => rate.at(step))).toEqual([1, 1, 1, 0.5, 0.5, 0.25])
})

test('cosineDecay rises in a line, falls along a cosine, and stays at its end', () => {
  const rate = cosineDecay({ peak: 1, warmUpSteps: 4, totalSteps: 104, final: 0.1 })
  expect([0, 1, 2, 3, 4].map((step) => rate.at(step))).toEqual([0.25, 0.5, 0.75, 1, 1])
  expect(rate.at(54)).toBeCloseTo(0.55, 12)
  expect(rate.at(29)).toBeCloseTo(0.1 + (0.9 * (1 + Math.SQRT1_2)) / 2, 12)
  expect(rate.at(104)).toBeCloseTo(0.1, 12)
  expect(rate.at(1e6)).toBeCloseTo(0.1, 12)
})

test('schedules describe themselves as JSON', () => {
  const rate = cosineDecay({ peak: 1, totalSteps: 10 })
  expect(JSON.parse(JSON.stringify({ name: rate.name, ...rate.configuration }))).toEqual({
    name: 'cosineDecay',
    peak: 1,
    totalSteps: 10,
    warmUpSteps: 0,
    final: 0,
  })
})

test('options out of range are refused', () => {
  expect(() => constantRate(-1)).toThrow('learning rate -1')
  expect(() => constantRate(Number.NaN)).toThrow('learning rate NaN')
  expect(() => stepDecay({ initial: 1, every: 0 })).toThrow('every 0')
  expect(() => cosineDecay({ peak: 1, totalSteps: 5, warmUpSteps: 5 })).toThrow(
    'leaves nothing after 5 steps of warm-up',
  )
})
