// Learning-rate schedules as functions of the step.

import { expect, test } from 'vitest'
import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  oneCycle,
  polynomialDecay,
  stepDecay,
  warmUp,
  type Schedule,
} from '../src/index.ts'

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

test('exponentialDecay falls by the same factor over as many updates, wherever it is', () => {
  const rate = exponentialDecay({ initial: 0.8, factor: 0.25, every: 10 })
  for (const [step, expected] of Object.entries({ 0: 0.8, 5: 0.4, 10: 0.2, 15: 0.1, 30: 0.0125 })) {
    expect(rate.at(Number(step))).toBeCloseTo(expected, 12)
  }
  expect(exponentialDecay({ initial: 1, factor: 0.5 }).at(3)).toBe(0.125)
})

test('polynomialDecay falls along a power, and stays at its end', () => {
  const rate = polynomialDecay({ initial: 1, final: 0.1, totalSteps: 4, power: 2 })
  for (const [step, expected] of Object.entries({ 0: 1, 1: 0.60625, 2: 0.325, 4: 0.1, 9: 0.1 })) {
    expect(rate.at(Number(step))).toBeCloseTo(expected, 12)
  }
  expect(polynomialDecay({ initial: 1, totalSteps: 4 }).at(1)).toBe(0.75)
})

test('oneCycle is the OneCycleLR of PyTorch, and stays at its end', () => {
  const cosine = oneCycle({ peak: 0.1, totalSteps: 100 })
  const linear = oneCycle({ peak: 0.1, totalSteps: 100, shape: 'linear' })
  const expected = [
    [0, 0.004, 0.004],
    [10, 0.029516394846410082, 0.037103448275862067],
    [29, 0.1, 0.1],
    [30, 0.09994965352845243, 0.09857143428571429],
    [60, 0.05892800902855288, 0.05571446285714286],
    [99, 4e-7, 4e-7],
    [150, 4e-7, 4e-7],
  ] as const
  for (const [step, byCosine, byLine] of expected) {
    expect(cosine.at(step)).toBeCloseTo(byCosine, 12)
    expect(linear.at(step)).toBeCloseTo(byLine, 12)
  }
  expect(oneCycle({ peak: 1, totalSteps: 10, warmUpShare: 0 }).at(0)).toBe(1)
})

test('warmUp rises in a line to where any schedule begins', () => {
  const rate = warmUp(stepDecay({ initial: 1, factor: 0.5, every: 2 }), { steps: 4 })
  expect([0, 1, 2, 3, 4, 5, 6].map((step) => rate.at(step))).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 0.5])
  expect(warmUp(0.1, { steps: 2 }).at(0)).toBe(0.05)
})

const all: readonly Schedule[] = [
  constantRate(0.1),
  stepDecay({ initial: 1, every: 2 }),
  cosineDecay({ peak: 1, totalSteps: 10, warmUpSteps: 2 }),
  exponentialDecay({ initial: 1, factor: 0.9 }),
  polynomialDecay({ initial: 1, totalSteps: 10 }),
  oneCycle({ peak: 1, totalSteps: 10 }),
  warmUp(cosineDecay({ peak: 1, totalSteps: 10 }), { steps: 3 }),
]

test.each(all)('$name gives a learning rate for every update, and its options as JSON', (rate) => {
  for (let step = 0; step < 40; step++) expect(rate.at(step)).toBeGreaterThanOrEqual(0)
  expect(JSON.parse(JSON.stringify(rate.configuration))).toEqual(rate.configuration)
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

test('rates that are none, and schedules without steps, are refused', () => {
  for (const rate of [0, -1, Number.NaN]) {
    const problem = `${rate}; use a number above 0`
    expect(() => constantRate(rate)).toThrow(`learning rate ${problem}`)
    expect(() => stepDecay({ initial: rate, every: 1 })).toThrow(`initial ${problem}`)
    expect(() => cosineDecay({ peak: rate, totalSteps: 10 })).toThrow(`peak ${problem}`)
    expect(() => exponentialDecay({ initial: rate, factor: 0.5 })).toThrow(`initial ${problem}`)
    expect(() => polynomialDecay({ initial: rate, totalSteps: 10 })).toThrow(`initial ${problem}`)
    expect(() => oneCycle({ peak: rate, totalSteps: 10 })).toThrow(`peak ${problem}`)
    expect(() => warmUp(rate, { steps: 3 })).toThrow(`learning rate ${problem}`)
  }
  expect(() => exponentialDecay({ initial: 1, factor: 0 })).toThrow('factor 0')
  expect(() => exponentialDecay({ initial: 1, factor: 0.5, every: 0 })).toThrow('every 0')
  expect(() => polynomialDecay({ initial: 1, totalSteps: 0 })).toThrow('totalSteps 0; use a number, 1 or more')
  expect(() => polynomialDecay({ initial: 1, totalSteps: 10, power: 0 })).toThrow('power 0')
  expect(() => oneCycle({ peak: 1, totalSteps: 1 })).toThrow(
    'totalSteps 1, of which a share of 0.3 rises; totalSteps is 2',
  )
  expect(() => oneCycle({ peak: 1, totalSteps: 10, warmUpShare: 1 })).toThrow('a share of 1 rises')
  expect(() => warmUp(0.1, { steps: 0 })).toThrow('warmUp: steps 0; use a number, 1 or more')
})
