// Checks of containers around one layer.

import { formatShape, RnnError, sameShape, type Tensor } from '@rnn/core'
import type { AnyModule } from '../module.ts'

/** @throws E_CONFIGURATION unless a layer gives as many features as it gets, as far as both are known */
export function checkSameSize(
  operation: string,
  layer: AnyModule,
  inputSize: number | undefined,
  outputSize: number | undefined,
): void {
  if (inputSize === undefined || outputSize === undefined || inputSize === outputSize) return
  throw new RnnError({
    code: 'E_CONFIGURATION',
    operation,
    problem: `the ${layer.type} layer gets ${inputSize} features and gives ${outputSize}`,
    fix: 'give it as many units as it gets features, or put a dense layer before',
  })
}

/** @throws E_SHAPE unless a layer gives what it got: broadcasting would hide the mistake */
export function checkSameShape(operation: string, x: Tensor, y: Tensor): void {
  if (sameShape(x.shape, y.shape)) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `the layer turns ${formatShape(x.shape)} into ${formatShape(y.shape)}`,
    fix: "give one that keeps the shape; a recurrent layer must return 'sequence'",
  })
}
