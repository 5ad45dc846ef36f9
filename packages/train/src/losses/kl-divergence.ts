// Kullback–Leibler divergence of predicted from given distributions, as in distillation.

import {
  cast,
  formatShape,
  greater,
  log,
  logSoftmax,
  mul,
  reshape,
  RnnError,
  sameShape,
  select,
  sub,
  sum,
} from '@rnn/core'
import { meanLoss, type Loss } from './loss.ts'
import { masked, rowWeights, weightedMean } from './weighted-mean.ts'

/**
 * `Σ_c t[c]·(log t[c] − log p[c])` with p = softmax(outputs), averaged over the rows: PyTorch's `KLDivLoss(reduction='batchmean')` of `log_softmax(outputs)`
 * for outputs `[batch, classes]`. It differs from `crossEntropy` by the entropy of the targets, so it is 0 where both agree. A target of 0 adds nothing.
 *
 * Outputs are logits, `[batch, classes]` or `[batch, time, classes]`; targets probabilities of the same shape. With time steps, those past a row's length
 * don't count. Sample weights: `Σ w·e / Σ w`.
 *
 * ```ts
 * await fit(model, trainSet, { loss: klDivergence(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE when outputs and targets don't match
 */
export function klDivergence(): Loss {
  return meanLoss('klDivergence', {}, (logits, targets, context) => {
    if (!sameShape(targets.shape, logits.shape)) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'klDivergence',
        problem: `targets have shape ${formatShape(targets.shape)}, the model's outputs ${formatShape(logits.shape)}`,
        fix: 'give the probability of each class; for class indices there is crossEntropy',
      })
    }
    const weights = rowWeights('klDivergence', logits.shape.slice(0, -1), context)
    const counted = weights.counted && reshape(weights.counted, [...weights.counted.shape, 1])
    const wanted = masked(cast(targets, 'float32'), counted)
    const present = select(greater(wanted, 0), wanted, 1) // 0·log 0 is 0
    const surprise = sub(mul(wanted, log(present)), mul(wanted, logSoftmax(masked(logits, counted))))
    return weightedMean(sum(surprise, { axis: -1 }), weights)
  })
}
