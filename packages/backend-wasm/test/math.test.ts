// How exact the rational tanh and sigmoid are, over floats of all sizes.

import type { Backend } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import { BUILDS, makeBackend } from './builds.ts'
import { blank, evaluate, floats, U } from './kit.ts'

/** One in `every` of all floats between two positive ones, and their negatives. */
function floatsBetween(low: number, high: number, every: number): Float32Array {
  const bits = new Int32Array(new Float32Array([low, high]).buffer)
  const count = Math.floor((bits[1]! - bits[0]!) / every)
  const words = new Int32Array(2 * count)
  for (let i = 0; i < count; i++) {
    words[2 * i] = bits[0]! + i * every
    words[2 * i + 1] = words[2 * i]! | -0x80000000
  }
  return new Float32Array(words.buffer)
}

function apply(backend: Backend, kind: string, values: Float32Array): Float32Array | Int32Array {
  const count = values.length
  return evaluate(backend, {
    op: 'unary',
    inputs: [floats([count], values)],
    outputs: [blank([count])],
    attributes: { kind },
  })[0]!
}

describe.each(BUILDS)('elementary functions, $title', (build) => {
  test('tanh errs by at most 4 ulp, never leaves [−1, 1], and is ±1 for ±1000', async () => {
    const backend = await makeBackend(build)
    const x = floatsBetween(2 ** -100, 20, 1499)
    let worst = 0
    apply(backend, 'tanh', x).forEach((y, i) => {
      const due = Math.tanh(x[i]!)
      worst = Math.max(worst, Math.abs(y - due) / Math.abs(due))
      if (Math.abs(y) > 1) throw new Error(`tanh(${x[i]}) is ${y}`)
    })
    expect(worst / U).toBeLessThan(8)
    expect([...apply(backend, 'tanh', new Float32Array([1000, -1000, Infinity, -Infinity, NaN, 0]))]).toEqual([
      1,
      -1,
      1,
      -1,
      NaN,
      0,
    ])
    await backend.dispose()
  })

  test('sigmoid errs by at most 3 ulp of 1, and stays in [0, 1]', async () => {
    const backend = await makeBackend(build)
    const x = floatsBetween(2 ** -60, 60, 1499)
    let worst = 0
    apply(backend, 'sigmoid', x).forEach((y, i) => {
      worst = Math.max(worst, Math.abs(y - 1 / (1 + Math.exp(-x[i]!))))
      if (!(y >= 0 && y <= 1)) throw new Error(`sigmoid(${x[i]}) is ${y}`)
    })
    expect(worst / U).toBeLessThan(6)
    expect([...apply(backend, 'sigmoid', new Float32Array([1000, -1000, NaN, 0]))]).toEqual([1, 0, NaN, 0.5])
    await backend.dispose()
  })

  test('exp is exact to 2 ulp from the smallest result to infinity', async () => {
    const backend = await makeBackend(build)
    const x = floatsBetween(2 ** -40, 104, 1499)
    let worst = 0
    apply(backend, 'exp', x).forEach((y, i) => {
      const due = Math.exp(x[i]!)
      if (due > 3.4028234e38) worst = Math.max(worst, y === Infinity ? 0 : Infinity)
      else worst = Math.max(worst, Math.abs(y - due) / Math.max(due, 2 ** -126))
    })
    expect(worst / U).toBeLessThan(4)
    await backend.dispose()
  })
})
