// The loss of a batch with its weight, and the check that it is a loss.

import { formatShape, RnnError } from '@rnn/core'
import type { Loss, LossContext, MeasuredLoss } from '../losses/loss.ts'

/** @throws E_SHAPE when the loss is no scalar */
export function lossOf<Output, Targets>(
  loss: Loss<Output, Targets>,
  outputs: Output,
  targets: Targets,
  context: LossContext,
  size: number,
): MeasuredLoss {
  const measured = loss.measure?.(outputs, targets, context) ?? {
    mean: loss.compute(outputs, targets, context),
    weight: size,
  }
  const { dtype, shape } = measured.mean
  if (dtype === 'float32' && shape.length === 0) return measured
  throw new RnnError({
    code: 'E_SHAPE',
    operation: loss.name,
    problem: `the loss is ${dtype} ${formatShape(shape)}, expected a float32 scalar`,
    fix: 'reduce it with mean or sum',
  })
}
