// The float64 reference: every op of the contract, written from its doc comment, as naive loops.

import type { OpName } from '@rnn/core'
import type { HostCall, HostCallOf } from '../host-tensor.ts'
import { binary, copy, fill, select, unary } from './elementwise.ts'
import { concat, gather, pad, scatterAdd, transpose } from './layout.ts'
import { linearScanBackward, linearScanForward, sumOfSquares } from './linear-scan.ts'
import { crossEntropyBackward, crossEntropyForward, layerNormBackward, layerNormForward } from './normalization.ts'
import { adamStep, rmspropStep, sgdStep } from './optimizers.ts'
import { random } from './random.ts'
import { recurrentBackward, recurrentForward, recurrentVariantBackward, recurrentVariantForward } from './recurrent.ts'
import { argmax, matmul, reduce, softmax, topK } from './reductions.ts'

const REFERENCE: { readonly [Name in OpName]: (call: HostCallOf<Name>) => void } = {
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

/** Runs a call on the host in double precision: writes the values of its outputs. @throws E_INDEX_RANGE */
export function evaluate(call: HostCall): void {
  const kernel = REFERENCE[call.op] as (call: HostCall) => void // the table's type says that they match
  kernel(call)
}
