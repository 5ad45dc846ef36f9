// Gradients of ops that move elements, and of views.

import { reshape, slice, transpose } from '@rnn/core'
import { onlyGradient, whole, type RecordOf, type Rule } from './rule.ts'

/** A copy in the same dtype; casts give an output that nothing follows. */
export const copyRule: Rule<RecordOf<'copy'>> = (_, context) => (gradients) =>
  whole(context, 0, () => onlyGradient(gradients))

export const transposeRule: Rule<RecordOf<'transpose'>> = ({ attributes: { permutation } }, context) => {
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis))
  return (gradients) => whole(context, 0, () => transpose(onlyGradient(gradients), inverse))
}

export const concatRule: Rule<RecordOf<'concat'>> = ({ attributes: { axis }, inputs }, context) => {
  const sizes = inputs.map((input) => input.shape[axis] ?? 0)
  return (gradients) => {
    const g = onlyGradient(gradients)
    let start = 0
    return sizes.flatMap((size, input) => {
      const from = start
      start += size
      return whole(context, input, () => slice(g, axis, from, size))
    })
  }
}

export const padRule: Rule<RecordOf<'pad'>> = ({ attributes: { before }, inputs: [x] }, context) => {
  const { shape } = x
  return (gradients) =>
    whole(context, 0, () =>
      shape.reduce((inner, length, axis) => slice(inner, axis, before[axis] ?? 0, length), onlyGradient(gradients)),
    )
}

export const reshapeRule: Rule<RecordOf<'reshape'>> = ({ inputs: [x] }, context) => {
  const { shape } = x
  return (gradients) => whole(context, 0, () => reshape(onlyGradient(gradients), shape))
}

export const sliceRule: Rule<RecordOf<'slice'>> =
  ({ attributes: { axis, start } }) =>
  (gradients) => [{ kind: 'slice', input: 0, gradient: onlyGradient(gradients), axis, start }]

export const gatherRule: Rule<RecordOf<'gather'>> = ({ inputs: [, indices] }, context) => {
  const saved = context.save(indices)
  return (gradients) => [{ kind: 'rows', input: 0, gradient: onlyGradient(gradients), indices: saved.get() }]
}
