// Every op of the contract that runs here, by name. The type makes the table complete.

import type { FusedName, OpName } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { binary } from './binary.ts'
import { copy } from './copy.ts'
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts'
import { fill } from './fill.ts'
import { gather, scatterAdd } from './gather.ts'
import { concat, pad } from './join.ts'
import { argmax, topK } from './largest.ts'
import { layerNormBackward, layerNormForward } from './layer-norm.ts'
import { linearScanBackward, linearScanForward } from './linear-scan.ts'
import { matmul } from './matmul.ts'
import { adamStep, rmspropStep, sgdStep } from './optimizers.ts'
import { random } from './random.ts'
import { reduce } from './reduce.ts'
import { recurrentBackward } from './recurrent-backward.ts'
import { recurrentForward } from './recurrent-forward.ts'
import { select } from './select.ts'
import { softmax } from './softmax.ts'
import { sumOfSquares } from './sum-of-squares.ts'
import { transpose } from './transpose.ts'
import { unary } from './unary.ts'

/** Ops that core runs as their composites here: cells with options go step by step. */
type LeftToCore = 'recurrentVariantForward' | 'recurrentVariantBackward'

/** Fused ops that run here, whatever their shapes. */
export const FUSED: readonly FusedName[] = [
  'recurrentForward',
  'recurrentBackward',
  'linearScanForward',
  'linearScanBackward',
  'crossEntropyForward',
  'crossEntropyBackward',
  'layerNormForward',
  'layerNormBackward',
  'sumOfSquares',
  'sgdStep',
  'rmspropStep',
  'adamStep',
]

export const KERNELS: { readonly [Name in OpName]?: Kernel<Name> } = {
  adamStep,
  argmax,
  binary,
  concat,
  copy,
  crossEntropyBackward,
  crossEntropyForward,
  fill,
  gather,
  layerNormBackward,
  layerNormForward,
  linearScanBackward,
  linearScanForward,
  matmul,
  pad,
  random,
  reduce,
  recurrentBackward,
  recurrentForward,
  rmspropStep,
  scatterAdd,
  select,
  sgdStep,
  softmax,
  sumOfSquares,
  topK,
  transpose,
  unary,
} satisfies { readonly [Name in Exclude<OpName, LeftToCore>]: Kernel<Name> }
