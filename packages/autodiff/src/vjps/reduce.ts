// Gradients of reductions.

import {
  broadcastTo,
  cast,
  div,
  equal,
  exp,
  greater,
  matmul,
  mul,
  oneHot,
  prod,
  reshape,
  select,
  sizeOf,
  sub,
  sum,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { onlyGradient, whole, type RecordOf, type Rule } from './rule.ts'

export const reduceRule: Rule<RecordOf<'reduce'>> = (
  { attributes: { kind, axes }, inputs: [x], outputs: [y] },
  context,
) => {
  const { shape } = x
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
  const spread = (each: Tensor): Tensor => broadcastTo(reshape(each, kept), shape)

  switch (kind) {
    case 'sum':
      return (gradients) => whole(context, 0, () => spread(onlyGradient(gradients)))
    case 'mean': {
      const count = sizeOf(axes.map((axis) => shape[axis] ?? 1))
      return (gradients) => whole(context, 0, () => spread(mul(onlyGradient(gradients), 1 / count)))
    }
    case 'max':
    case 'min': {
      const [savedX, savedY] = [context.save(x), context.save(y)]
      return (gradients) =>
        whole(context, 0, () => {
          const winners = cast(equal(savedX.get(), reshape(savedY.get(), kept)), 'float32')
          const shared = div(reshape(onlyGradient(gradients), kept), sum(winners, { axis: axes, keepDims: true }))
          return mul(winners, shared)
        })
    }
    case 'product': {
      const savedX = context.save(x)
      return (gradients) =>
        whole(context, 0, () => mul(reshape(onlyGradient(gradients), kept), productOfOthers(savedX.get(), axes)))
    }
  }
}

/** For each element the product of all others that it was multiplied with; exact where some are 0. */
function productOfOthers(x: Tensor, axes: Shape): Tensor {
  const isZero = equal(x, 0)
  const nonZero = select(isZero, 1, x)
  const product = prod(nonZero, { axis: axes, keepDims: true })
  const zeros = cast(isZero, 'float32')
  const otherZeros = sub(sum(zeros, { axis: axes, keepDims: true }), zeros)
  return select(greater(otherZeros, 0), 0, div(broadcastTo(product, x.shape), nonZero))
}

export const topKRule: Rule<RecordOf<'topK'>> = ({ attributes: { k }, inputs: [x], outputs: [, indices] }, context) => {
  const saved = context.save(indices)
  const { shape } = x
  const length = shape.at(-1) ?? 0
  return (gradients) =>
    whole(context, 0, () => {
      const rows = sizeOf(shape.slice(0, -1))
      const hot = oneHot(reshape(saved.get(), [rows, k]), length)
      const values = reshape(onlyGradient(gradients), [rows, 1, k])
      return reshape(matmul(values, hot), shape)
    })
}

/** Both logarithm and softmax itself need only the result. */
export const softmaxRule: Rule<RecordOf<'softmax'>> = ({ attributes: { log }, outputs: [y] }, context) => {
  const saved = context.save(y)
  return (gradients) =>
    whole(context, 0, () => {
      const g = onlyGradient(gradients)
      const result = saved.get()
      if (log) return sub(g, mul(exp(result), sum(g, { axis: -1, keepDims: true })))
      return mul(result, sub(g, sum(mul(g, result), { axis: -1, keepDims: true })))
    })
}
