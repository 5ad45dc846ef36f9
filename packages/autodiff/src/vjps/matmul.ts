// Gradients of matrix products: two matrix products, added straight into the gradients they belong to.

import { sum, type Tensor } from '@rnn/core'
import { onlyGradient, whole, type Contribution, type RecordOf, type Rule } from './rule.ts'

export const matmulRule: Rule<RecordOf<'matmul'>> = ({ attributes, inputs: [a, b], outputs: [out] }, context) => {
  const { transposeA, transposeB } = attributes
  const savedA = context.needs[1] === true ? context.save(a) : undefined
  const savedB = context.needs[0] === true ? context.save(b) : undefined
  const outShape = out.shape

  return (gradients) => {
    const g = onlyGradient(gradients)
    const contributions: Contribution[] = []
    if (savedB !== undefined) {
      const right = savedB.get()
      contributions.push(transposeA ? product(0, right, g, transposeB, true) : product(0, g, right, false, !transposeB))
    }
    if (savedA !== undefined) {
      const left = savedA.get()
      contributions.push(transposeB ? product(1, g, left, true, transposeA) : product(1, left, g, !transposeA, false))
    }
    const axes = outShape.slice(0, -1).map((_, axis) => axis)
    contributions.push(...whole(context, 2, () => sum(g, { axis: axes })))
    return contributions
  }

  /** An operand whose batch of 1 served a larger one gets the sum: the accumulator sees to it. */
  function product(
    input: 0 | 1,
    left: Tensor,
    right: Tensor,
    transposeLeft: boolean,
    transposeRight: boolean,
  ): Contribution {
    return { kind: 'product', input, a: left, b: right, transposeA: transposeLeft, transposeB: transposeRight }
  }
}
