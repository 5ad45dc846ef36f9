// The largest value of each feature over a sequence.

import { greater, max, reshape, scope, select, zeros, type Tensor } from '@rnn/core'
import { checkNoStream } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { SameSize } from './same-size.ts'
import { checkPooling, timeMask } from './time-mask.ts'

/** Stands for a step that doesn't count. Finite: shader compilers may assume that there are no infinities. */
const LOWEST = -3.4028234663852886e38

/** `[batch, time, features]` → `[batch, features]`. No parameters. */
export class MaxOverTime extends SameSize {
  override get type(): string {
    return 'maxOverTime'
  }

  /** @param x float32 `[batch, time, features]` @returns float32 `[batch, features]`; zeros for a row of length 0. @throws E_UNSUPPORTED in a stream */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { lengths } = context
    checkPooling('maxOverTime', x, lengths)
    checkNoStream('maxOverTime', context)
    const [batch = 0, time = 0, features = 0] = x.shape
    if (time === 0) return zeros([batch, features], { backend: x.backend })
    if (lengths === undefined) return max(x, { axis: 1 })
    return scope(x.backend, () => {
      const largest = max(select(timeMask(lengths, time), x, LOWEST), { axis: 1 })
      return select(reshape(greater(lengths, 0), [batch, 1]), largest, 0)
    })
  }

  override toJSON(): ModuleConfig {
    return describe('maxOverTime', {})
  }
}

/**
 * The largest value of each feature over the steps that count.
 *
 * ```ts
 * sequential(embedding({ vocabularySize: 5000, units: 64 }), bidirectional(lstm({ units: 64 })), maxOverTime(), dense({ units: 6 }))
 * ```
 */
export function maxOverTime(): MaxOverTime {
  return new MaxOverTime()
}
