// Keyed random numbers: integers, uniforms and masks to the bit, normals within tolerance.

import type { DType, RandomOp, Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { integers, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'

const KEYS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [-1, -1],
  [0x13198a2e, 0x03707344],
]

const randomOf =
  (
    key: readonly [number, number],
    shape: Shape,
    dtype: DType,
    attributes: RandomOp<OperandSpec>['attributes'],
  ): (() => CallSpec) =>
  () => ({ op: 'random', inputs: [integers([2], key)], outputs: [result(shape, dtype)], attributes })

export const randomCases: readonly ConformanceCase[] = [
  ...KEYS.flatMap((key) => [
    callCase(
      `primitives/random/bits-${key.join('_')}`,
      'the words of Threefry-2x32',
      randomOf(key, [129], 'int32', { kind: 'bits' }),
    ),
    callCase(
      `primitives/random/normal-${key.join('_')}`,
      'normal numbers within tolerance',
      randomOf(key, [129], 'float32', { kind: 'normal' }),
    ),
  ]),
  ...callCases(
    'primitives/random/uniform',
    'uniform numbers to the bit',
    randomOf([1, 2], [7, 13], 'float32', { kind: 'uniform' }),
    ['plain', 'offset'],
  ),
  callCase(
    'primitives/random/uniform-long',
    '5001 uniform numbers, whatever the tiling',
    randomOf([1, 2], [5001], 'float32', { kind: 'uniform' }),
  ),
  callCase(
    'primitives/random/bits-offset',
    'element i from counter i, wherever the output lies',
    randomOf([1, 2], [33], 'int32', { kind: 'bits' }),
    'offset',
  ),
  callCase('primitives/random/one', 'a single element', randomOf([1, 2], [], 'float32', { kind: 'uniform' })),
  callCase('primitives/random/nothing', 'no elements', randomOf([1, 2], [0], 'float32', { kind: 'normal' })),
  callCase(
    'primitives/random/bernoulli-half',
    'a mask with probability ½',
    randomOf([3, 4], [11, 13], 'bool', { kind: 'bernoulli', probability: 0.5 }),
  ),
  callCase(
    'primitives/random/bernoulli-float32',
    'a mask as float32',
    randomOf([3, 4], [11, 13], 'float32', { kind: 'bernoulli', probability: 0.8 }),
  ),
  callCase(
    'primitives/random/bernoulli-0',
    'probability 0',
    randomOf([3, 4], [100], 'bool', { kind: 'bernoulli', probability: 0 }),
  ),
  callCase(
    'primitives/random/bernoulli-1',
    'probability 1',
    randomOf([3, 4], [100], 'bool', { kind: 'bernoulli', probability: 1 }),
  ),
  callCase(
    'primitives/random/bernoulli-third',
    'a probability that float32 cannot hold',
    randomOf([3, 4], [3000], 'bool', { kind: 'bernoulli', probability: 1 / 3 }),
  ),
]
