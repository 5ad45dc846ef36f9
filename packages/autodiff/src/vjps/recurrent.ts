// Gradients of whole sequences: one fused backward pass gives those of the gates; all weights follow from them by large products.

import {
  add,
  arange,
  gather,
  linearScanBackward,
  matmul,
  maximum,
  mul,
  recurrentBackward,
  reshape,
  slice,
  sub,
  sum,
  type RecurrentTrace,
  type Tensor,
} from '@rnn/core'
import { peepholeGradients } from './peepholes.ts'
import { onlyGradient, refuse, whole, type Contribution, type RecordOf, type Rule } from './rule.ts'
import { statesBefore, withinRows } from './states.ts'

export const recurrentRule: Rule<RecordOf<'recurrentForward' | 'recurrentVariantForward'>> = (
  { attributes, inputs, outputs },
  context,
) => {
  const [, recurrent, , initialHidden, initialCell, lengths, hiddenMask, peephole = null] = inputs
  const [sequence, , , reserve] = outputs
  refuse(context, 6, attributes.cell, 'the recurrent dropout mask')
  const save = (tensor: Tensor | null): (() => Tensor) | null => {
    if (tensor === null) return null
    const saved = context.save(tensor)
    return () => saved.get()
  }
  const saved = {
    sequence: context.save(sequence),
    recurrent: context.save(recurrent),
    reserve: save(reserve),
    initialHidden: save(initialHidden),
    initialCell: save(initialCell),
    lengths: save(lengths),
    hiddenMask: save(hiddenMask),
    peephole: save(peephole),
  }

  return ([gradSequence = null, gradFinalHidden = null, gradFinalCell = null]) => {
    const trace: RecurrentTrace = {
      attributes,
      sequence: saved.sequence.get(),
      recurrent: saved.recurrent.get(),
      reserve: saved.reserve?.() ?? null,
      initialHidden: saved.initialHidden?.() ?? null,
      initialCell: saved.initialCell?.() ?? null,
      lengths: saved.lengths?.() ?? null,
      hiddenMask: saved.hiddenMask?.() ?? null,
      peephole: saved.peephole?.() ?? null,
    }
    const gradients = recurrentBackward(trace, [gradSequence, gradFinalHidden, gradFinalCell])
    const { recurrentProduct } = gradients
    const weights = attributes.cell === 'gruResetBefore' ? resetBeforeWeights : recurrentWeights
    const gateWidth = recurrentProduct.shape[2] ?? 0
    return [
      ...whole(context, 0, () => gradients.projected),
      ...(context.needs[1] === true ? weights(trace, recurrentProduct) : []),
      ...whole(context, 2, () => sum(reshape(recurrentProduct, [-1, gateWidth]), { axis: 0 })),
      ...whole(context, 3, () => gradients.initialHidden ?? recurrentProduct),
      ...whole(context, 4, () => gradients.initialCell ?? recurrentProduct),
      ...(context.needs[7] === true ? peepholeGradients(trace, gradients.projected, 7) : []),
    ]
  }
}

/**
 * `dR = Σ h(before step)ᵀ · gradient(step)`: one product over all steps but each row's first, one for the initial state. In reverse, the state before
 * step t is h[t+1]; past a row's end h is zero, so its last step adds nothing here.
 */
function recurrentWeights(trace: RecurrentTrace, gradProduct: Tensor): Contribution[] {
  const { attributes, sequence, hiddenMask, initialHidden } = trace
  const { reverse, timeMajor } = attributes
  const timeAxis = timeMajor ? 0 : 1
  const time = sequence.shape[timeAxis] ?? 0
  const units = sequence.shape[2] ?? 0
  const product = (a: Tensor, b: Tensor): Contribution => ({
    kind: 'product',
    input: 1,
    a,
    b,
    transposeA: true,
    transposeB: false,
  })
  const contributions: Contribution[] = []
  if (time > 1) {
    const before = slice(sequence, timeAxis, reverse ? 1 : 0, time - 1)
    const at = slice(gradProduct, timeAxis, reverse ? 0 : 1, time - 1)
    const mask = hiddenMask && reshape(hiddenMask, timeMajor ? [1, -1, units] : [-1, 1, units])
    // Three dimensions on purpose: the products of the batch are summed without a copy of the slices.
    contributions.push(product(mask === null ? before : mul(before, mask), at))
  }
  if (initialHidden !== null && time > 0) {
    const fed = hiddenMask === null ? initialHidden : mul(initialHidden, hiddenMask)
    contributions.push(product(fed, firstSteps(trace, gradProduct, time)))
  }
  return contributions
}

/** The weights of r and z as they are elsewhere; those of n from what the reset gate left of the state. */
function resetBeforeWeights(trace: RecurrentTrace, gradProjected: Tensor): Contribution[] {
  const { attributes, sequence, reserve, initialHidden, hiddenMask } = trace
  if (reserve === null || sequence.size === 0) return []
  const units = sequence.shape[2] ?? 0
  const before = statesBefore(trace, sequence, initialHidden)
  const mask = hiddenMask && reshape(hiddenMask, attributes.timeMajor ? [1, -1, units] : [-1, 1, units])
  const fed = mask === null ? before : mul(before, mask)
  const gated = mul(fed, withinRows(trace, slice(reserve, 2, 0, units)))
  const toBlock = (left: Tensor, start: number, width: number): Contribution => {
    const right = reshape(slice(gradProjected, 2, start, width), [-1, width])
    const gradient = matmul(reshape(left, [-1, units]), right, { transposeA: true })
    return { kind: 'slice', input: 1, gradient, axis: 1, start }
  }
  return [toBlock(fed, 0, 2 * units), toBlock(gated, 2 * units, units)]
}

/** The gradients `[B, G·H]` at the step that each row takes first. */
function firstSteps({ attributes, lengths }: RecurrentTrace, gradProduct: Tensor, time: number): Tensor {
  const { reverse, timeMajor } = attributes
  const timeAxis = timeMajor ? 0 : 1
  const batch = gradProduct.shape[timeMajor ? 1 : 0] ?? 0
  const gateWidth = gradProduct.shape[2] ?? 0
  if (!reverse || lengths === null) {
    return reshape(slice(gradProduct, timeAxis, reverse ? time - 1 : 0, 1), [batch, gateWidth])
  }
  // A row of length 0 takes no step: it points to step 0, where its gradient is zero.
  const last = maximum(sub(lengths, 1), 0)
  const rows = arange(batch, { backend: gradProduct.backend })
  const index = timeMajor ? add(mul(last, batch), rows) : add(mul(rows, time), last)
  return gather(reshape(gradProduct, [-1, gateWidth]), index)
}

export const linearScanRule: Rule<RecordOf<'linearScanForward'>> = (entry, context) => {
  const {
    attributes: { reverse },
    inputs: [a, , initial],
    outputs: [h],
  } = entry
  const [savedA, savedH] = [context.save(a), context.save(h)]
  const savedInitial = initial && context.save(initial)
  return (gradients) => {
    const trace = { a: savedA.get(), h: savedH.get(), initial: savedInitial?.get() ?? null, reverse }
    const result = linearScanBackward(trace, onlyGradient(gradients))
    return [
      ...whole(context, 0, () => result.a),
      ...whole(context, 1, () => result.b),
      ...whole(context, 2, () => result.initial ?? result.b),
    ]
  }
}
