// Computations that bring their own gradients.

import { whole, type RecordOf, type Rule } from './rule.ts'

export const customRule: Rule<RecordOf<'custom'>> = ({ attributes: { saved, backward }, inputs }, context) => {
  const kept = saved.map((tensor) => context.save(tensor))
  const count = inputs.length
  return (gradients) => {
    const results = backward(
      gradients,
      kept.map((each) => each.get()),
    )
    return Array.from({ length: count }, (_, input) => {
      const gradient = results[input]
      return gradient == null ? [] : whole(context, input, () => gradient)
    }).flat()
  }
}
