// The hinge loss for one class out of many.

import {
  add,
  argmax,
  arange,
  cast,
  equal,
  formatShape,
  greaterEqual,
  max,
  relu,
  reshape,
  RnnError,
  sameShape,
  select,
  sub,
  sum,
  type Tensor,
} from '@rnn/core'
import { checkClassRange } from '../metrics/class-labels.ts'
import { meanLoss, type Loss } from './loss.ts'
import { masked, product, rowWeights, weightedMean } from './weighted-mean.ts'

/**
 * `max(0, 1 + max_{c≠y} x[c] − x[y])`, averaged over the rows (Crammer & Singer 2001): the right class shall lead by 1. Keras's `CategoricalHinge`, but that
 * one counts the right class among the others with the score 0.
 *
 * Outputs are scores, `[batch, classes]` or `[batch, time, classes]` with two classes or more; targets class indices, int32 of that shape without the classes, or one-hot rows of that
 * shape. What doesn't count: the index −1, time steps past a row's length. Sample weights: `Σ w·e / Σ w`. Among others that lead together the gradient is shared.
 *
 * ```ts
 * await fit(model, trainSet, { loss: categoricalHinge(), optimizer: adam({ learningRate: 1e-3 }), epochs: 10 })
 * ```
 *
 * @throws E_SHAPE, E_DTYPE when outputs and targets don't match; E_INDEX_RANGE, at once or at the next read, for a class index that is none
 */
export function categoricalHinge(): Loss {
  return meanLoss('categoricalHinge', {}, (outputs, targets, context) => {
    const rows = outputs.shape.slice(0, -1)
    const classes = outputs.shape.at(-1) ?? 0
    const { counted: within, factors } = rowWeights('categoricalHinge', rows, context)
    const given = labelsOf(outputs, targets)
    const labels = within === undefined ? given : select(within, given, -1)
    checkClassRange('categoricalHinge', labels, classes)
    const counted = greaterEqual(labels, 0)
    const scores = masked(outputs, reshape(counted, [...rows, 1]))
    const right = equal(reshape(labels, [...rows, 1]), arange(classes, { backend: outputs.backend, dtype: 'int32' }))
    const own = sum(select(right, scores, 0), { axis: -1 })
    const rival = max(select(right, -Infinity, scores), { axis: -1 })
    const weights = { counted, factors: product(cast(counted, 'float32'), factors) }
    return weightedMean(relu(add(sub(rival, own), 1)), weights)
  })
}

function labelsOf(outputs: Tensor, targets: Tensor): Tensor {
  const { shape } = outputs
  const rows = shape.slice(0, -1)
  const hot = sameShape(targets.shape, shape)
  if ((shape.at(-1) ?? 0) >= 2 && hot) return argmax(targets.dtype === 'bool' ? cast(targets, 'int32') : targets)
  const indices = sameShape(targets.shape, rows)
  if ((shape.at(-1) ?? 0) >= 2 && indices && targets.dtype === 'int32') return targets
  const few = (shape.at(-1) ?? 0) < 2
  throw new RnnError({
    code: indices && !few ? 'E_DTYPE' : 'E_SHAPE',
    operation: 'categoricalHinge',
    problem: `targets are ${targets.dtype} ${formatShape(targets.shape)}, the model's outputs ${formatShape(shape)}`,
    fix: few
      ? 'it takes two classes or more; for a single score there is hinge'
      : `give class indices, int32 ${formatShape(rows)}, or one-hot rows, ${formatShape(shape)}`,
  })
}
