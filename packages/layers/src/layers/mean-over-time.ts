// The mean of each feature over a sequence.

import { cast, div, maximum, mean, reshape, scope, select, sum, zeros, type Tensor } from '@rnn/core'
import { checkNoStream } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { SameSize } from './same-size.ts'
import { checkPooling, timeMask } from './time-mask.ts'

/** `[batch, time, features]` → `[batch, features]`. No parameters. */
export class MeanOverTime extends SameSize {
  override get type(): string {
    return 'meanOverTime'
  }

  /** @param x float32 `[batch, time, features]` @returns float32 `[batch, features]`; zeros for a row of length 0. @throws E_UNSUPPORTED in a stream */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { lengths } = context
    checkPooling('meanOverTime', x, lengths)
    checkNoStream('meanOverTime', context)
    const [batch = 0, time = 0, features = 0] = x.shape
    if (time === 0) return zeros([batch, features], { backend: x.backend })
    if (lengths === undefined) return mean(x, { axis: 1 })
    return scope(x.backend, () => {
      const total = sum(select(timeMask(lengths, time), x, 0), { axis: 1 })
      return div(total, reshape(cast(maximum(lengths, 1), 'float32'), [batch, 1]))
    })
  }

  override toJSON(): ModuleConfig {
    return describe('meanOverTime', {})
  }
}

/**
 * The mean of each feature over the steps that count.
 *
 * ```ts
 * sequential(embedding({ vocabularySize: 5000, units: 64 }), meanOverTime(), dense({ units: 2 })) // a bag of words
 * ```
 */
export function meanOverTime(): MeanOverTime {
  return new MeanOverTime()
}
