// Dropout (Srivastava et al. 2014), inverted: what is kept is scaled up in training, so that inference does nothing.

import { bernoulli, mul, RnnError, type RandomKey, type Tensor } from '@rnn/core'
import { checkRate } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { SameSize } from './same-size.ts'

/** A mask of 0 (with probability `rate`) and 1 / (1 − rate), float32 of `shape`. */
export function dropoutMask(x: Tensor, shape: readonly number[], rate: number, key: RandomKey): Tensor {
  const kept = bernoulli(key, shape, 1 - rate, { backend: x.backend, dtype: 'float32' })
  const mask = mul(kept, 1 / (1 - rate))
  kept.dispose()
  return mask
}

/** The key of a layer that needs one while training. @throws E_VALUE without one */
export function requireKey(operation: string, key: RandomKey | undefined): RandomKey {
  if (key !== undefined) return key
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: 'there is no random key to drop by while training',
    fix: 'pass one in the context: { training: true, key: key(1), … }',
  })
}

/** Sets elements to zero while training. No parameters. */
export class Dropout extends SameSize {
  readonly rate: number

  constructor(rate: number) {
    super()
    checkRate('dropout', 'rate', rate)
    this.rate = rate
  }

  override get type(): string {
    return 'dropout'
  }

  /** @returns x itself unless training */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    if (!context.training || this.rate === 0) return x
    return mul(x, dropoutMask(x, x.shape, this.rate, requireKey('dropout', context.key)))
  }

  override toJSON(): ModuleConfig {
    return describe('dropout', { rate: this.rate })
  }
}

/**
 * Sets each element to zero with probability `rate` while training, and scales the others by 1 / (1 − rate).
 *
 * ```ts
 * sequential(lstm({ units: 128 }), maxOverTime(), dropout(0.5), dense({ units: 6 }))
 * ```
 *
 * @throws E_VALUE unless 0 ≤ rate < 1
 */
export function dropout(rate: number): Dropout {
  return new Dropout(rate)
}
