// The error bound of every output of a call, from its operands and its exact result.

import type { HostCall, HostTensor } from '../host-tensor.ts'
import { accumulation, ROUNDING, UNIT_ROUNDOFF } from '../tolerances.ts'
import type { Bound } from './bound.ts'
import {
  binaryBound,
  copyBound,
  magnitudes,
  matmulBound,
  ofMagnitudes,
  reduceBound,
  scatterAddBound,
  unaryBound,
} from './elementwise.ts'
import {
  crossEntropyBackwardBound,
  crossEntropyForwardBounds,
  layerNormBackwardBounds,
  layerNormForwardBounds,
  randomBound,
  softmaxBound,
} from './normalization.ts'
import { adamBounds, rmspropBounds, sgdBounds } from './optimizers.ts'
import { recurrentBackwardBounds, recurrentForwardBounds } from './recurrent.ts'

/**
 * One bound for each output of an evaluated call (null for outputs that are null).
 *
 * @param before the outputs as they were before the call; what ops in place start from
 */
export function boundsOf(call: HostCall, before: readonly (HostTensor | null)[]): readonly (Bound | null)[] {
  switch (call.op) {
    case 'fill':
    case 'transpose':
    case 'concat':
    case 'pad':
    case 'gather':
      return ['bits']
    case 'select':
    case 'argmax':
      return ['exact']
    case 'topK':
      return ['exact', 'exact']
    case 'copy':
      return [copyBound(call)]
    case 'unary':
      return [unaryBound(call)]
    case 'binary':
      return [binaryBound(call)]
    case 'reduce':
      return [reduceBound(call, before)]
    case 'matmul':
      return [matmulBound(call, before)]
    case 'scatterAdd':
      return [scatterAddBound(call, before)]
    case 'softmax':
      return [softmaxBound(call)]
    case 'random':
      return [randomBound(call)]
    case 'recurrentForward':
    case 'recurrentVariantForward':
      return recurrentForwardBounds(call)
    case 'recurrentBackward':
    case 'recurrentVariantBackward':
      return recurrentBackwardBounds(call)
    case 'linearScanForward':
      return [ofMagnitudes(call, before, accumulation(2 * call.inputs[0].shape[1]!))]
    case 'linearScanBackward': {
      const units = (accumulation(2 * call.inputs[1].shape[1]!) + ROUNDING) * UNIT_ROUNDOFF
      const each = magnitudes(call, before).map((values) => values.map((magnitude) => magnitude * units))
      return [each[0]!, each[1]!, each[2] ?? null]
    }
    case 'crossEntropyForward':
      return crossEntropyForwardBounds(call)
    case 'crossEntropyBackward':
      return [crossEntropyBackwardBound(call)]
    case 'layerNormForward':
      return layerNormForwardBounds(call)
    case 'layerNormBackward':
      return layerNormBackwardBounds(call)
    case 'sumOfSquares':
      return [
        ofMagnitudes(call, before, accumulation(call.inputs.reduce((sum, x) => sum + x.values.length, 0)) + ROUNDING),
      ]
    case 'sgdStep':
      return sgdBounds(call, before)
    case 'rmspropStep':
      return rmspropBounds(call, before)
    case 'adamStep':
      return adamBounds(call, before)
  }
}
