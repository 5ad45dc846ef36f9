// Cosine distance, for outputs whose direction matters and whose length doesn't.

import {
  cast,
  formatShape,
  maximum,
  mul,
  reshape,
  RnnError,
  rsqrt,
  sameShape,
  square,
  sub,
  sum,
  type Tensor,
} from '@rnn/core'
import { meanLoss, type Loss } from './loss.ts'
import { masked, rowWeights, weightedMean } from './weighted-mean.ts'

/** Lengths below 10⁻⁸ count as that, as in PyTorch's `cosine_similarity`. */
const LEAST_SQUARE = 1e-16

/**
 * `1 − cos(output, target)` over the last axis, 0 … 2, averaged over the rows: PyTorch's `CosineEmbeddingLoss` for pairs that belong together;
 * Keras's `CosineSimilarity` is this less 1. A row of zeros is at distance 1 from everything.
 *
 * Outputs `[batch, features]` or `[batch, time, features]`, targets of the same shape. With time steps, those past a row's length don't count. Sample
 * weights: `Σ w·e / Σ w`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: cosineDistance(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function cosineDistance(): Loss {
  return meanLoss('cosineDistance', {}, (outputs, targets, context) => {
    if (!sameShape(targets.shape, outputs.shape) || outputs.rank < 2) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'cosineDistance',
        problem: `targets have shape ${formatShape(targets.shape)}, the model's outputs ${formatShape(outputs.shape)}`,
        fix: 'both must have one shape, [batch, features] or [batch, time, features]',
      })
    }
    const weights = rowWeights('cosineDistance', outputs.shape.slice(0, -1), context)
    const counted = weights.counted && reshape(weights.counted, [...weights.counted.shape, 1])
    const [x, t] = [masked(outputs, counted), masked(cast(targets, 'float32'), counted)]
    const along = (each: Tensor): Tensor => sum(each, { axis: -1 })
    const perLength = (each: Tensor): Tensor => rsqrt(maximum(along(square(each)), LEAST_SQUARE))
    return weightedMean(sub(1, mul(mul(along(mul(x, t)), perLength(x)), perLength(t))), weights)
  })
}
