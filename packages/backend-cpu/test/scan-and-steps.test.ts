// Linear scans, sums of squares, optimiser steps and random numbers against their formulas.

import { threefry2x32 } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { expectClose, kit, randoms, ROUNDING } from './kit.ts'

describe.each([
  [false, true],
  [true, true],
  [false, false],
  [true, false],
])('linear scan, reverse %s, initial %s', (reverse, withInitial) => {
  test.each([
    [1, 1, 1],
    [2, 5, 3],
    [1, 7, 129],
    [2, 0, 3],
  ])('[%i, %i, %i]', async (B, T, H) => {
    const { floats, blank, run, values } = await kit()
    const a = randoms(1, B * T * H)
    const b = randoms(2, B * T * H)
    const initial = withInitial ? randoms(3, B * H) : null
    const gradH = randoms(4, B * T * H)
    const shape = [B, T, H]
    const h = blank(shape, { offset: 1 })
    const operands = { a: floats(shape, a, { offset: 2 }), initial: initial && floats([B, H], initial, { offset: 1 }) }
    const forwardInputs = [operands.a, floats(shape, b), operands.initial] as const
    run({ op: 'linearScanForward', inputs: forwardInputs, outputs: [h], attributes: { reverse } })
    const [gradA, gradB] = [blank(shape), blank(shape, { offset: 1 })]
    const gradInitial = initial && blank([B, H])
    const backwardInputs = [floats(shape, gradH), operands.a, h, operands.initial] as const
    run({
      op: 'linearScanBackward',
      inputs: backwardInputs,
      outputs: [gradA, gradB, gradInitial],
      attributes: { reverse },
    })

    const expected = { h: a.slice(), gradA: a.slice(), gradB: a.slice(), gradInitial: new Array<number>(B * H) }
    for (let row = 0; row < B; row++) {
      for (let j = 0; j < H; j++) {
        const at = (s: number): number => (row * T + (reverse ? T - 1 - s : s)) * H + j
        let state = initial?.[row * H + j] ?? 0
        const before: number[] = []
        for (let s = 0; s < T; s++) {
          before.push(state)
          state = a[at(s)]! * state + b[at(s)]!
          expected.h[at(s)] = state
        }
        let grad = 0
        for (let s = T - 1; s >= 0; s--) {
          const total = gradH[at(s)]! + grad
          expected.gradB[at(s)] = total
          expected.gradA[at(s)] = total * before[s]!
          grad = total * a[at(s)]!
        }
        expected.gradInitial[row * H + j] = grad
      }
    }
    // |a| < 1: each of T roundings of a state below T reaches the end undiminished at worst.
    expectClose(values(h), expected.h, ROUNDING, T * T * ROUNDING)
    expectClose(values(gradB), expected.gradB, ROUNDING, T * T * ROUNDING)
    expectClose(values(gradA), expected.gradA, ROUNDING, 2 * T ** 3 * ROUNDING)
    if (gradInitial) expectClose(values(gradInitial), expected.gradInitial, ROUNDING, T * T * ROUNDING)
  })
})

test('sumOfSquares over many tensors, in double precision', async () => {
  const { floats, blank, run, values } = await kit()
  const parts = [randoms(1, 1000), [], [1e-5], randoms(2, 129, 50)]
  const out = blank([], { offset: 1 })
  const inputs = parts.map((part, i) => floats([part.length], part, { offset: i }))
  run({ op: 'sumOfSquares', inputs, outputs: [out], attributes: {} })
  const squares = parts.flat().map((value) => Math.fround(value) ** 2)
  expectClose(values(out), [squares.reduce((sum, value) => sum + value, 0)], ROUNDING * 1.01)
})

describe.each([null, 0.25])('optimiser steps with gradient scale %s', (scale) => {
  const n = 7
  const gradient = randoms(1, n)
  const parameter = randoms(2, n)
  const state = (seed: number): number[] => randoms(seed, n).map(Math.abs)
  const rate = Math.fround(0.1)
  const scaled = (weightDecay: number): number[] =>
    gradient.map((g, i) => g * (scale ?? 1) + weightDecay * parameter[i]!)
  // A stored value is rounded once; the arithmetic before it is in doubles, of values below 10.
  const close = (actual: readonly number[], expected: readonly number[]): void =>
    expectClose(actual, expected, ROUNDING * 1.01, 1e-14)

  test.each([
    [0, false, 0],
    [0, false, 0.01],
    [0.9, false, 0.01],
    [0.9, true, 0.01],
  ])('sgd, momentum %f, nesterov %s, weight decay %f', async (momentum, nesterov, weightDecay) => {
    const { floats, run, values } = await kit()
    const p = floats([n], parameter, { offset: 1 })
    const velocity = state(3)
    const v = momentum === 0 ? null : floats([n], velocity, { offset: 2 })
    const inputs = [floats([n], gradient), floats([1], [rate]), scale === null ? null : floats([], [scale])] as const
    run({ op: 'sgdStep', inputs, outputs: [p, v], attributes: { momentum, nesterov, weightDecay } })
    const g = scaled(weightDecay)
    const moved = g.map((value, i) => momentum * velocity[i]! + value)
    const used = momentum === 0 ? g : nesterov ? g.map((value, i) => value + momentum * moved[i]!) : moved
    close(
      values(p),
      parameter.map((value, i) => value - rate * used[i]!),
    )
    if (v) close(values(v), moved)
  })

  test.each([
    [0, false],
    [0.9, false],
    [0, true],
    [0.9, true],
  ])('rmsprop, momentum %f, centred %s', async (momentum, centred) => {
    const { floats, run, values } = await kit()
    const [decay, epsilon, weightDecay] = [0.9, 1e-7, 0.02]
    const [square, average, velocity] = [state(3).map((value) => value + 1), state(4), state(5)]
    const p = floats([n], parameter)
    const s = floats([n], square, { offset: 1 })
    const a = centred ? floats([n], average) : null
    const v = momentum === 0 ? null : floats([n], velocity)
    const inputs = [floats([n], gradient), floats([1], [rate]), scale === null ? null : floats([], [scale])] as const
    run({ op: 'rmspropStep', inputs, outputs: [p, s, a, v], attributes: { decay, epsilon, momentum, weightDecay } })
    const g = scaled(weightDecay)
    const nextSquare = g.map((value, i) => decay * Math.fround(square[i]!) + (1 - decay) * value ** 2)
    const nextAverage = g.map((value, i) => decay * average[i]! + (1 - decay) * value)
    const steps = g.map((value, i) => {
      const variance = nextSquare[i]! - (centred ? nextAverage[i]! ** 2 : 0)
      return value / (Math.sqrt(variance) + epsilon) + (momentum === 0 ? 0 : momentum * velocity[i]!)
    })
    close(
      values(p),
      parameter.map((value, i) => value - rate * steps[i]!),
    )
    close(values(s), nextSquare)
    if (a) close(values(a), nextAverage)
    if (v) close(values(v), steps)
  })

  test.each([
    [0, false],
    [0.1, false],
    [0.1, true],
  ])('adam, weight decay %f, decoupled %s', async (weightDecay, decoupled) => {
    const { floats, run, values } = await kit()
    const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8]
    const [first, second] = [randoms(3, n), state(4)]
    const corrections = [1 - beta1 ** 3, 1 - beta2 ** 3].map(Math.fround) as [number, number]
    const p = floats([n], parameter, { offset: 3 })
    const m = floats([n], first, { offset: 1 })
    const v = floats([n], second)
    const schedule = floats([3], [rate, ...corrections], { offset: 1 })
    const inputs = [floats([n], gradient), schedule, scale === null ? null : floats([], [scale])] as const
    run({ op: 'adamStep', inputs, outputs: [p, m, v], attributes: { beta1, beta2, epsilon, weightDecay, decoupled } })
    const g = scaled(decoupled ? 0 : weightDecay)
    const nextFirst = g.map((value, i) => beta1 * first[i]! + (1 - beta1) * value)
    const nextSecond = g.map((value, i) => beta2 * second[i]! + (1 - beta2) * value ** 2)
    const expected = parameter.map((value, i) => {
      const start = decoupled ? value - rate * weightDecay * value : value
      return start - (rate * (nextFirst[i]! / corrections[0])) / (Math.sqrt(nextSecond[i]! / corrections[1]) + epsilon)
    })
    close(values(p), expected)
    close(values(m), nextFirst)
    close(values(v), nextSecond)
  })
})

describe('random', () => {
  const words = [-123456789, 987654321] as const
  /** Word i of the stream, as the contract has it. */
  const wordOf = (i: number): number => {
    const block = new Int32Array(2)
    threefry2x32(words[0], words[1], i >> 1, 0, block)
    return block[i & 1]!
  }
  const count = 1001
  const stream = Array.from({ length: count }, (_, i) => wordOf(i))

  test('bits, uniform and bernoulli equal the formulas to the bit', async () => {
    const { ints, blank, run, values } = await kit()
    const key = ints([2], words, { offset: 1 })
    const bits = blank([count], { offset: 1 }, 'int32')
    run({ op: 'random', inputs: [key], outputs: [bits], attributes: { kind: 'bits' } })
    expect(values(bits)).toEqual(stream)
    const uniform = blank([7, 143], { offset: 1 })
    run({ op: 'random', inputs: [key], outputs: [uniform], attributes: { kind: 'uniform' } })
    expect(values(uniform)).toEqual(stream.map((word) => (word >>> 8) / 2 ** 24))
    for (const probability of [0, 0.3, 1]) {
      const expected = stream.map((word) => Number(word >>> 8 < Math.round(probability * 2 ** 24)))
      for (const dtype of ['float32', 'bool'] as const) {
        const out = blank([count], { offset: 2 }, dtype)
        run({ op: 'random', inputs: [key], outputs: [out], attributes: { kind: 'bernoulli', probability } })
        expect(values(out)).toEqual(expected)
      }
    }
  })

  test('normal follows Box and Muller', async () => {
    const { ints, blank, run, values } = await kit()
    const out = blank([count])
    run({ op: 'random', inputs: [ints([2], words)], outputs: [out], attributes: { kind: 'normal' } })
    const expected = Array.from({ length: count }, (_, i) => {
      const u = ((wordOf(2 * i) >>> 8) + 1) / 2 ** 24
      const v = (wordOf(2 * i + 1) >>> 8) / 2 ** 24
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
    })
    expectClose(values(out), expected)
  })
})
