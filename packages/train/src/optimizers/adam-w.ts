// AdamW: Adam whose weight decay doesn't pass through the moving averages.

import { adamLike, type AdamOptions } from './adam.ts'
import type { Optimizer } from './optimizer.ts'

/**
 * AdamW (Loshchilov & Hutter 2019) as PyTorch's `AdamW`: `p −= lr·weightDecay·p` before the update of Adam. Weight decay is 0.01 by default.
 *
 * ```ts
 * const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.05 })
 * ```
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamLike('adamW', { weightDecay: 0.01, ...options }, true)
}
