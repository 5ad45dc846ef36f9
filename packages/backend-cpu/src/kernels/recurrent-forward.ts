// A whole sequence of a recurrent cell: one small product per step, the gates right after it.

import type { CallOf, Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Doubles } from '../scratch.ts'
import type { CellRows, Peephole } from './cell-rows.ts'
import { CELLS, variantRows } from './cells.ts'
import { PANEL_ROWS, panelRow, wholeColumns, wholeRows } from './panels.ts'
import { resetBeforeForward } from './reset-before.ts'
import { clearPastEnds, layoutOf, loadState, planSequence, reserveLayout, storeState } from './sequence-plan.ts'
import { multiplyStep, prepareWeights } from './step-weights.ts'

export const recurrentForward: Kernel<'recurrentForward'> = (call, context) =>
  runForward(call, CELLS[call.attributes.cell], null, context)

export const recurrentVariantForward: Kernel<'recurrentVariantForward'> = (call, context) => {
  const { cell, gate } = call.attributes
  if (cell === 'gruResetBefore') {
    resetBeforeForward(call, context)
    return
  }
  const peephole = call.inputs[7]
  const weights = peephole && { weights: context.floats(peephole), start: startOf(peephole) }
  runForward(call, variantRows(cell, gate), weights, context)
}

function runForward(
  call: CallOf<'recurrentForward' | 'recurrentVariantForward'>,
  { gates, reserved, forward }: CellRows,
  peephole: Peephole | null,
  context: KernelContext,
): void {
  const [projected, recurrent, recurrentBias, initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [sequence, finalHidden, finalCell, reserve] = call.outputs
  const { reverse, timeMajor } = call.attributes
  const units = sequence.shape[2]!
  const width = gates * units
  const rows = sequence.shape[timeMajor ? 1 : 0]!
  const plan = planSequence(rows, sequence.shape[timeMajor ? 0 : 1]!, lengths, context)
  const { order, active } = plan
  const { scratch } = context

  const hidden = scratch.doubles('hidden', rows * units)
  const cell = scratch.doubles('cell', rows * units)
  loadState(initialHidden, units, plan, hidden, context)
  loadState(initialCell, units, plan, cell, context)

  // The recurrent weights are packed once; each step's hidden state is packed row by row as its gates are done.
  const weights = prepareWeights(recurrent, false, rows, plan.steps, context)
  const states = scratch.doubles('panelsA', wholeRows(rows) * units)
  const masks = hiddenMask && context.floats(hiddenMask)
  const maskStart = hiddenMask ? startOf(hiddenMask) : 0
  for (let slot = 0; slot < rows; slot++) {
    packState(hidden, slot * units, units, masks, maskStart + order[slot]! * units, states, panelRow(slot, units))
  }

  const from = layoutOf(projected, width, timeMajor, context)
  const to = layoutOf(sequence, units, timeMajor, context)
  const kept = reserve && reserveLayout(reserve, reserved * units, plan, timeMajor, context)
  const stride = wholeColumns(width)
  const product = scratch.doubles('product', wholeRows(rows) * stride)
  const bias = recurrentBias ? context.floats(recurrentBias) : scratch.zeros(width)
  const biasStart = recurrentBias ? startOf(recurrentBias) : 0
  const arrays = {
    projected: from.values,
    product,
    bias,
    hidden,
    cell,
    sequence: to.values,
    reserve: kept && kept.values,
    peephole,
  }
  for (let s = 0; s < plan.steps && active[s]! > 0; s++) {
    const running = active[s]!
    if (s === 0 && initialHidden === null) product.fill(0, 0, running * stride)
    else multiplyStep(states, running, weights, product, stride)
    for (let slot = 0; slot < running; slot++) {
      const row = order[slot]!
      const t = reverse ? plan.lengths[slot]! - 1 - s : s
      const p = from.start + row * from.rowStride + t * from.timeStride
      const o = to.start + row * to.rowStride + t * to.timeStride
      const r = kept ? kept.start + row * kept.rowStride + t * kept.timeStride : 0
      forward(arrays, units, p, slot * stride, biasStart, slot * units, o, r)
      packState(hidden, slot * units, units, masks, maskStart + row * units, states, panelRow(slot, units))
    }
  }
  clearPastEnds(to, units, plan)
  storeState(hidden, units, plan, finalHidden, context)
  if (finalCell) storeState(cell, units, plan, finalCell, context)
}

/** Packs a row's hidden state, times the mask, for the next step's product. */
function packState(
  hidden: Doubles,
  s: number,
  units: number,
  masks: Float32Array | null,
  m: number,
  panels: Doubles,
  o: number,
): void {
  if (masks) for (let j = 0; j < units; j++, o += PANEL_ROWS) panels[o] = hidden[s + j]! * masks[m + j]!
  else for (let j = 0; j < units; j++, o += PANEL_ROWS) panels[o] = hidden[s + j]!
}
