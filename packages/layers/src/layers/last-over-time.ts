// The last step of a sequence.

import { add, clip, equal, gather, reshape, scope, select, slice, tensor, zeros, type Tensor } from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { SameSize } from './same-size.ts'
import { checkPooling } from './time-mask.ts'

/** `[batch, time, features]` → `[batch, features]`. No parameters. */
export class LastOverTime extends SameSize {
  override get type(): string {
    return 'lastOverTime'
  }

  /** @param x float32 `[batch, time, features]` @returns float32 `[batch, features]`; zeros for a row of length 0 */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const { lengths } = context
    checkPooling('lastOverTime', x, lengths)
    const { backend } = x
    const [batch = 0, time = 0, features = 0] = x.shape
    if (time === 0) return zeros([batch, features], { backend })
    return scope(backend, () => {
      if (lengths === undefined) return reshape(slice(x, 1, time - 1, 1), [batch, features])
      const beforeRows = tensor(
        Int32Array.from({ length: batch }, (_, row) => row * time - 1),
        { backend },
      )
      // gather reads −1 as "no row": zeros, and no gradient.
      const within = clip(lengths, 0, time) // lengths past the end must not reach into the next row
      const places = select(equal(within, 0), -1, add(within, beforeRows))
      return gather(reshape(x, [batch * time, features]), places)
    })
  }

  override toJSON(): ModuleConfig {
    return describe('lastOverTime', {})
  }
}

/**
 * The step at the end of each row. Of a layer that walks backward, or in both directions, this is not the final state: use `returns: 'last'` there.
 *
 * ```ts
 * sequential(gru({ units: 64, inputSize: 8 }), lastOverTime(), dense({ units: 1 }))
 * ```
 */
export function lastOverTime(): LastOverTime {
  return new LastOverTime()
}
