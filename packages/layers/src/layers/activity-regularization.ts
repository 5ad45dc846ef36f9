// A penalty on what a layer gives, where one on its weights would miss the point: sparse codes, small states.

import { mul, reshape, RnnError, scope, select, type Tensor } from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import type { Regularizer } from '../weights/regularizer.ts'
import { SameSize } from './same-size.ts'
import { timeMask } from './time-mask.ts'

/** Adds the penalty on `x`, over the steps that count and divided by the rows of the batch, to the loss, where one is computed. */
export function noteActivity(x: Tensor, regularizer: Regularizer, context: ForwardContext): void {
  const { notes, lengths } = context
  if (notes === undefined || !context.training) return
  const [batch = 0, time = 0, ...rest] = x.shape
  scope(x.backend, () => {
    let counted = x
    if (lengths !== undefined && x.rank > 2)
      counted = select(reshape(timeMask(lengths, time), [batch, time, ...rest.map(() => 1)]), counted, 0)
    if (notes.rows?.size === batch)
      counted = select(reshape(notes.rows, [batch, ...x.shape.slice(1).map(() => 1)]), counted, 0)
    notes.penalty(mul(regularizer.penalty(counted), 1 / Math.max(1, batch)))
  })
}

/** Gives what it gets, and adds a penalty on it to the loss while training. No parameters. */
export class ActivityRegularization extends SameSize {
  readonly regularizer: Regularizer

  constructor(regularizer: Regularizer) {
    super()
    this.regularizer = regularizer
  }

  override get type(): string {
    return 'activityRegularization'
  }

  /** @returns x itself */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    noteActivity(x, this.regularizer, context)
    return x
  }

  override toJSON(): ModuleConfig {
    const { configuration } = this.regularizer
    if (configuration !== undefined) return describe('activityRegularization', { regularizer: configuration })
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'activityRegularization',
      problem: 'a regularizer of your own has no JSON form',
      fix: 'give it a configuration and the layer a type of your own, or use l1, l2 or l1l2',
    })
  }
}

/**
 * A penalty on the output of the layer before, added to the loss while training: the regularizer's, divided by the rows of the batch. Steps past a row's
 * end don't count.
 *
 * ```ts
 * sequential(gru({ units: 64, inputSize: 8 }), activityRegularization(l1(1e-5)), lastOverTime(), dense({ units: 1 }))
 * ```
 */
export function activityRegularization(regularizer: Regularizer): ActivityRegularization {
  return new ActivityRegularization(regularizer)
}
