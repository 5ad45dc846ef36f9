// Every op of the contract by name. The type makes the table complete.

import type { OpName } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { argmax } from './argmax.ts'
import { binary } from './binary.ts'
import { copy } from './copy.ts'
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts'
import { fill } from './fill.ts'
import { gather, scatterAdd } from './gather.ts'
import { concat, pad } from './join.ts'
import { layerNormBackward, layerNormForward } from './layer-norm.ts'
import { linearScanBackward, linearScanForward } from './linear-scan.ts'
import { matmul } from './matmul.ts'
import { adamStep, rmspropStep, sgdStep } from './optimizers.ts'
import { random } from './random.ts'
import { recurrentBackward, recurrentVariantBackward } from './recurrent-backward.ts'
import { recurrentForward, recurrentVariantForward } from './recurrent-forward.ts'
import { reduce } from './reduce.ts'
import { select } from './select.ts'
import { softmax } from './softmax.ts'
import { sumOfSquares } from './sum-of-squares.ts'
import { topK } from './top-k.ts'
import { transpose } from './transpose.ts'
import { unary } from './unary.ts'

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
