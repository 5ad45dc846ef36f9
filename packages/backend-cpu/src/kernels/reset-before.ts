// A whole sequence of the GRU whose reset gate comes before the recurrent product (Cho et al. 2014, later version): two products a step, of which the second waits
// for the gates. The weights are read where they lie.

import type { RecurrentGate } from '@rnn/core'
import type { CallOf, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { hardSigmoid, hardSigmoidSlope, sigmoid, sigmoidSlope, tanh } from '../math.ts'
import { multiplyInPlace } from './in-place.ts'
import { PANEL_ROWS, panelRow, wholeColumns, wholeRows } from './panels.ts'
import { clearPastEnds, layoutOf, loadState, planSequence, reserveLayout, storeState } from './sequence-plan.ts'

const FUNCTIONS: Readonly<Record<RecurrentGate, readonly [of: (x: number) => number, slope: (y: number) => number]>> = {
  sigmoid: [sigmoid, sigmoidSlope],
  hardSigmoid: [hardSigmoid, hardSigmoidSlope],
}

export function resetBeforeForward(call: CallOf<'recurrentVariantForward'>, context: KernelContext): void {
  const [projected, recurrent, , initialHidden, , lengths, hiddenMask] = call.inputs
  const [sequence, finalHidden, , reserve] = call.outputs
  const { gate, reverse, timeMajor } = call.attributes
  const [activate] = FUNCTIONS[gate]
  const units = sequence.shape[2]!
  const width = 3 * units
  const rows = sequence.shape[timeMajor ? 1 : 0]!
  const plan = planSequence(rows, sequence.shape[timeMajor ? 0 : 1]!, lengths, context)
  const { order, active } = plan
  const { scratch } = context
  const hidden = scratch.doubles('hidden', rows * units)
  loadState(initialHidden, units, plan, hidden, context)
  const weights = context.floats(recurrent)
  const start = startOf(recurrent)
  const fed = scratch.doubles('panelsA', wholeRows(rows) * units)
  const gates = scratch.doubles('product', wholeRows(rows) * 2 * units)
  const candidates = scratch.doubles('cell', wholeRows(rows) * units)
  const masks = hiddenMask && context.floats(hiddenMask)
  const maskStart = hiddenMask ? startOf(hiddenMask) : 0
  const from = layoutOf(projected, width, timeMajor, context)
  const to = layoutOf(sequence, units, timeMajor, context)
  const kept = reserve && reserveLayout(reserve, width, plan, timeMajor, context)
  for (let s = 0; s < plan.steps && active[s]! > 0; s++) {
    const running = active[s]!
    const timeOf = (slot: number): number => (reverse ? plan.lengths[slot]! - 1 - s : s)
    for (let slot = 0; slot < running; slot++) {
      const m = maskStart + order[slot]! * units
      let d = panelRow(slot, units)
      for (let j = 0; j < units; j++, d += PANEL_ROWS) {
        fed[d] = masks === null ? hidden[slot * units + j]! : hidden[slot * units + j]! * masks[m + j]!
      }
    }
    multiplyInPlace(fed, running, weights, start, 1, width, 2 * units, units, gates, 2 * units)
    for (let slot = 0; slot < running; slot++) {
      const p = from.start + order[slot]! * from.rowStride + timeOf(slot) * from.timeStride
      const r = kept ? kept.start + order[slot]! * kept.rowStride + timeOf(slot) * kept.timeStride : 0
      const q = slot * 2 * units
      let d = panelRow(slot, units)
      for (let j = 0; j < units; j++, d += PANEL_ROWS) {
        const reset = activate(from.values[p + j]! + gates[q + j]!)
        const update = activate(from.values[p + units + j]! + gates[q + units + j]!)
        fed[d] = fed[d]! * reset
        gates[q + units + j] = update
        if (kept) {
          kept.values[r + j] = reset
          kept.values[r + units + j] = update
        }
      }
    }
    multiplyInPlace(fed, running, weights, start + 2 * units, 1, width, units, units, candidates, units)
    for (let slot = 0; slot < running; slot++) {
      const t = timeOf(slot)
      const p = from.start + order[slot]! * from.rowStride + t * from.timeStride + 2 * units
      const o = to.start + order[slot]! * to.rowStride + t * to.timeStride
      const r = kept ? kept.start + order[slot]! * kept.rowStride + t * kept.timeStride + 2 * units : 0
      const c = slot * units
      for (let j = 0; j < units; j++) {
        const candidate = tanh(from.values[p + j]! + candidates[c + j]!)
        const h = Math.fround(candidate + gates[2 * c + units + j]! * (hidden[c + j]! - candidate))
        hidden[c + j] = h
        to.values[o + j] = h
        if (kept) kept.values[r + j] = candidate
      }
    }
  }
  clearPastEnds(to, units, plan)
  storeState(hidden, units, plan, finalHidden, context)
}

export function resetBeforeBackward(call: CallOf<'recurrentVariantBackward'>, context: KernelContext): void {
  const [gradSequence, gradFinalHidden, , sequence, reserve, recurrent, initialHidden, , lengths, hiddenMask] =
    call.inputs
  const [gradProjected, , gradInitialHidden] = call.outputs
  const { gate, reverse, timeMajor } = call.attributes
  const [, slope] = FUNCTIONS[gate]
  const units = sequence.shape[2]!
  const width = 3 * units
  const rows = sequence.shape[timeMajor ? 1 : 0]!
  const plan = planSequence(rows, sequence.shape[timeMajor ? 0 : 1]!, lengths, context)
  const { order, active } = plan
  const { scratch } = context
  const hidden = scratch.doubles('hidden', rows * units)
  loadState(gradFinalHidden, units, plan, hidden, context)
  const weights = context.floats(recurrent)
  const start = startOf(recurrent)
  const ofCandidate = scratch.doubles('panelsA', wholeRows(rows) * units)
  const ofGates = scratch.doubles('panelsB', wholeRows(rows) * 2 * units)
  const stride = wholeColumns(units)
  const product = scratch.doubles('product', wholeRows(rows) * stride)
  const upstream = layoutOf(gradSequence, units, timeMajor, context)
  const states = layoutOf(sequence, units, timeMajor, context)
  const kept = reserveLayout(reserve, width, plan, timeMajor, context)
  const to = layoutOf(gradProjected, width, timeMajor, context)
  const first = initialHidden ? context.floats(initialHidden) : scratch.zeros(units)
  const masks = hiddenMask && context.floats(hiddenMask)
  const maskStart = hiddenMask ? startOf(hiddenMask) : 0
  for (let s = plan.steps - 1; s >= 0; s--) {
    const running = active[s]!
    if (running === 0) continue
    const before = s > 0 ? states.values : first
    const timeOf = (slot: number): number => (reverse ? plan.lengths[slot]! - 1 - s : s)
    const beforeOf = (slot: number): number => {
      const row = order[slot]!
      if (s > 0) return states.start + row * states.rowStride + (timeOf(slot) + (reverse ? 1 : -1)) * states.timeStride
      return initialHidden ? startOf(initialHidden) + row * units : 0
    }
    const at = ({ start: own, rowStride, timeStride }: typeof to, slot: number): number =>
      own + order[slot]! * rowStride + timeOf(slot) * timeStride

    for (let slot = 0; slot < running; slot++) {
      const [g, r, o, x] = [at(upstream, slot), at(kept, slot), at(to, slot), beforeOf(slot)]
      let [n, d] = [panelRow(slot, units), panelRow(slot, 2 * units) + PANEL_ROWS * units]
      for (let j = 0; j < units; j++, n += PANEL_ROWS, d += PANEL_ROWS) {
        const update = kept.values[r + units + j]!
        const candidate = kept.values[r + 2 * units + j]!
        const gradH = upstream.values[g + j]! + hidden[slot * units + j]!
        const gradN = gradH * (1 - update) * (1 - candidate * candidate)
        const gradZ = gradH * (before[x + j]! - candidate) * slope(update)
        to.values[o + units + j] = gradZ
        to.values[o + 2 * units + j] = gradN
        ofCandidate[n] = gradN
        ofGates[d] = gradZ
        hidden[slot * units + j] = gradH * update
      }
    }
    multiplyInPlace(ofCandidate, running, weights, start + 2 * units, width, 1, units, units, product, stride)
    for (let slot = 0; slot < running; slot++) {
      const [r, o, x, m] = [at(kept, slot), at(to, slot), beforeOf(slot), maskStart + order[slot]! * units]
      let d = panelRow(slot, 2 * units)
      for (let j = 0; j < units; j++, d += PANEL_ROWS) {
        const reset = kept.values[r + j]!
        // What flows to r·h, through the mask to h.
        const gradGated = product[slot * stride + j]! * (masks === null ? 1 : masks[m + j]!)
        const gradR = gradGated * before[x + j]! * slope(reset)
        to.values[o + j] = gradR
        ofGates[d] = gradR
        hidden[slot * units + j] = hidden[slot * units + j]! + gradGated * reset
      }
    }
    multiplyInPlace(ofGates, running, weights, start, width, 1, units, 2 * units, product, stride)
    for (let slot = 0; slot < running; slot++) {
      const [c, m] = [slot * units, maskStart + order[slot]! * units]
      for (let j = 0; j < units; j++) {
        hidden[c + j] = hidden[c + j]! + product[slot * stride + j]! * (masks === null ? 1 : masks[m + j]!)
      }
    }
  }
  clearPastEnds(to, width, plan)
  if (gradInitialHidden) storeState(hidden, units, plan, gradInitialHidden, context)
}
