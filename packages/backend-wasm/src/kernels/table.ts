// Every op of the contract by name. The type makes the table complete.

import type { OpName } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { binary, select, unary } from './elementwise.ts'
import { fill } from './fill.ts'
import { gather, scatterAdd } from './gather.ts'
import { concat, copy, pad, transpose } from './layout.ts'
import { matmul } from './matmul.ts'
import { adamStep, rmspropStep, sgdStep } from './optimizers.ts'
import { random } from './random.ts'
import { recurrentBackward, recurrentForward, recurrentVariantBackward, recurrentVariantForward } from './recurrent.ts'
import { argmax, reduce, sumOfSquares, topK } from './reduce.ts'
import { crossEntropyBackward, crossEntropyForward, layerNormBackward, layerNormForward, softmax } from './rows.ts'
import { linearScanBackward, linearScanForward } from './scan.ts'

export const KERNELS: { readonly [Name in OpName]: Kernel<Name> } = {
  fill,
  copy,
  unary,
  binary,
  select,
  reduce,
  argmax,
  topK,
  matmul,
  transpose,
  concat,
  pad,
  gather,
  scatterAdd,
  softmax,
  random,
  recurrentForward,
  recurrentBackward,
  recurrentVariantForward,
  recurrentVariantBackward,
  linearScanForward,
  linearScanBackward,
  crossEntropyForward,
  crossEntropyBackward,
  layerNormForward,
  layerNormBackward,
  sumOfSquares,
  sgdStep,
  rmspropStep,
  adamStep,
}
