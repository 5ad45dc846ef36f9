// Gradients of a whole sequence of a recurrent cell: the gates' gradients of a step, then one small product toward the step before.

import type { CallOf, Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Doubles } from '../scratch.ts'
import type { CellRows, Peephole } from './cell-rows.ts'
import { CELLS, variantRows } from './cells.ts'
import { panelRow, wholeColumns, wholeRows } from './panels.ts'
import { resetBeforeBackward } from './reset-before.ts'
import { clearPastEnds, layoutOf, loadState, planSequence, reserveLayout, storeState } from './sequence-plan.ts'
import { multiplyStep, prepareWeights } from './step-weights.ts'

export const recurrentBackward: Kernel<'recurrentBackward'> = (call, context) =>
  runBackward(call, CELLS[call.attributes.cell], null, context)

export const recurrentVariantBackward: Kernel<'recurrentVariantBackward'> = (call, context) => {
  const { cell, gate } = call.attributes
  if (cell === 'gruResetBefore') {
    resetBeforeBackward(call, context)
    return
  }
  const peephole = call.inputs[10]
  const weights = peephole && { weights: context.floats(peephole), start: startOf(peephole) }
  runBackward(call, variantRows(cell, gate), weights, context)
}

function runBackward(
  call: CallOf<'recurrentBackward' | 'recurrentVariantBackward'>,
  { gates, reserved, before, backward }: CellRows,
  peephole: Peephole | null,
  context: KernelContext,
): void {
  const [gradSequence, gradFinalHidden, gradFinalCell, sequence, reserve, recurrent] = call.inputs
  const [, , , , , , initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [gradProjected, gradRecurrentProduct, gradInitialHidden, gradInitialCell] = call.outputs
  const { reverse, timeMajor } = call.attributes
  const units = sequence.shape[2]!
  const width = gates * units
  const rows = sequence.shape[timeMajor ? 1 : 0]!
  const plan = planSequence(rows, sequence.shape[timeMajor ? 0 : 1]!, lengths, context)
  const { order, active } = plan
  const { scratch } = context

  const hidden = scratch.doubles('hidden', rows * units)
  const cell = scratch.doubles('cell', rows * units)
  loadState(gradFinalHidden, units, plan, hidden, context)
  loadState(gradFinalCell, units, plan, cell, context)

  const weights = prepareWeights(recurrent, true, rows, plan.steps, context)
  const grads = scratch.doubles('panelsA', wholeRows(rows) * width)
  const stride = wholeColumns(units)
  const product = scratch.doubles('product', wholeRows(rows) * stride)

  const upstream = layoutOf(gradSequence, units, timeMajor, context)
  const outputs = layoutOf(sequence, units, timeMajor, context)
  const kept = reserve ? reserveLayout(reserve, reserved * units, plan, timeMajor, context) : outputs
  const toProjected = layoutOf(gradProjected, width, timeMajor, context)
  const toProduct = gradRecurrentProduct ? layoutOf(gradRecurrentProduct, width, timeMajor, context) : toProjected
  // The state before a step: of the step before, in the reserve or the sequence, or the initial one at a row's first step.
  const earlier = before === 'cell' ? kept : outputs
  const earlierOffset = before === 'cell' ? (reserved - 1) * units : 0
  const first = before === 'cell' ? initialCell : initialHidden
  const firstValues = first ? context.floats(first) : scratch.zeros(units)
  const masks = hiddenMask && context.floats(hiddenMask)
  const maskStart = hiddenMask ? startOf(hiddenMask) : 0
  const arrays = {
    gradSequence: upstream.values,
    sequence: outputs.values,
    reserve: kept.values,
    gradProjected: toProjected.values,
    gradProduct: toProduct.values,
    panels: grads,
    hidden,
    cell,
    peephole,
  }
  for (let s = plan.steps - 1; s >= 0; s--) {
    const running = active[s]!
    for (let slot = 0; slot < running; slot++) {
      const row = order[slot]!
      const t = reverse ? plan.lengths[slot]! - 1 - s : s
      const previous = reverse ? t + 1 : t - 1
      const x =
        s > 0
          ? earlier.start + row * earlier.rowStride + previous * earlier.timeStride + earlierOffset
          : first
            ? startOf(first) + row * units
            : 0
      backward(
        arrays,
        units,
        upstream.start + row * upstream.rowStride + t * upstream.timeStride,
        outputs.start + row * outputs.rowStride + t * outputs.timeStride,
        kept.start + row * kept.rowStride + t * kept.timeStride,
        s > 0 ? earlier.values : firstValues,
        x,
        slot * units,
        toProjected.start + row * toProjected.rowStride + t * toProjected.timeStride,
        toProduct.start + row * toProduct.rowStride + t * toProduct.timeStride,
        panelRow(slot, width),
      )
    }
    if (running === 0 || (s === 0 && gradInitialHidden === null)) continue
    multiplyStep(grads, running, weights, product, stride)
    for (let slot = 0; slot < running; slot++) {
      addRow(product, slot * stride, masks, maskStart + order[slot]! * units, hidden, slot * units, units)
    }
  }
  clearPastEnds(toProjected, width, plan)
  if (gradRecurrentProduct) clearPastEnds(toProduct, width, plan)
  if (gradInitialHidden) storeState(hidden, units, plan, gradInitialHidden, context)
  if (gradInitialCell) storeState(cell, units, plan, gradInitialCell, context)
}

/** hidden += product, times the mask. */
function addRow(
  product: Doubles,
  p: number,
  masks: Float32Array | null,
  m: number,
  hidden: Doubles,
  s: number,
  units: number,
): void {
  if (masks) for (let j = 0; j < units; j++) hidden[s + j] = hidden[s + j]! + product[p + j]! * masks[m + j]!
  else for (let j = 0; j < units; j++) hidden[s + j] = hidden[s + j]! + product[p + j]!
}
