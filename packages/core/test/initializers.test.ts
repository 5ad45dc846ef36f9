// Initial values.

import {
  blocks,
  constant,
  glorotUniform,
  key,
  lstmCell,
  normalInitializer,
  orthogonal,
  uniformInitializer,
  zeroInitializer,
} from '@rnn/core'
import { expect, test } from 'vitest'

test.each([
  [4, 4],
  [3, 12],
  [12, 3],
  [64, 256],
])('orthogonal %i × %i: the fewer side is orthonormal to float32', (rows, columns) => {
  const values = orthogonal.values(key(1), [rows, columns])
  const at = (vector: number, i: number): number =>
    (rows <= columns ? values[vector * columns + i] : values[i * columns + vector]) ?? NaN
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows]
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0
      for (let i = 0; i < length; i++) product += at(a, i) * at(b, i)
      // Each of `length` products of rounded unit-vector elements errs by at most 2⁻²³ of itself.
      expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(2 ** -22)
    }
  }
})

test('glorot uniform fills its interval and nothing else', () => {
  const limit = Math.sqrt(6 / (100 + 50))
  const values = glorotUniform.values(key(1), [100, 50])
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit))
  expect(Math.max(...values)).toBeGreaterThan(0.99 * limit)
  expect(Math.min(...values)).toBeLessThan(-0.99 * limit)
})

test('values depend on the key and on nothing else', () => {
  for (const initializer of [glorotUniform, orthogonal, uniformInitializer(0, 1), normalInitializer(2)]) {
    expect(initializer.values(key(5), [3, 3])).toEqual(initializer.values(key(5), [3, 3]))
    expect(initializer.values(key(5), [3, 3])).not.toEqual(initializer.values(key(6), [3, 3]))
  }
})

test('blocks lie side by side on the last axis', () => {
  expect([...blocks(zeroInitializer, constant(1)).values(key(1), [2, 4])]).toEqual([0, 0, 1, 1, 0, 0, 1, 1])
})

test('the forget bias of an LSTM starts at 1, the others at 0', () => {
  const { bias } = lstmCell.parameters(3, 2)
  expect([...bias.initializer.values(key(1), bias.shape)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
})

test('orthogonal refuses what is no matrix', () => {
  expect(() => orthogonal.values(key(1), [2, 2, 2])).toThrow('orthogonal: [2, 2, 2] is no matrix')
})
