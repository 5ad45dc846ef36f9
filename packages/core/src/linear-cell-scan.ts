// Runs a cell whose step is linear in the state over a sequence: all time steps at once, on one linear scan.

import type { PreparedScan, ScanResult } from './fused/recurrent.ts'
import { linearScan } from './fused/linear-scan.ts'
import { add, less, mul } from './ops/binary.ts'
import { checkShape } from './ops/checks.ts'
import { arange, zeros } from './ops/creation.ts'
import { copy, transpose } from './ops/layout.ts'
import { select } from './ops/select.ts'
import { reshape, slice } from './ops/views.ts'
import type { Tensor } from './tensor.ts'

/** The whole sequence of a cell that has a `recurrence`; undefined for any other. */
export function linearCellScan(prepared: PreparedScan): ScanResult | undefined {
  const { cell, projected, parameters, units, initial, lengths, reverse, timeMajor, zoneout } = prepared
  if (cell.recurrence === undefined) return undefined
  const { backend } = projected
  const [batch, time] = timeMajor ? [projected.shape[1] ?? 0, projected.shape[0] ?? 0] : projected.shape
  if (batch === undefined || time === undefined) return undefined
  const [before] = initial ?? []
  if (time === 0) {
    const final = before === undefined ? zeros([batch, units], { backend }) : copy(before)
    return { sequence: zeros([...projected.shape.slice(0, 2), units], { backend }), final: [final] }
  }

  const batchMajor = (x: Tensor): Tensor => (timeMajor ? transpose(x, [1, 0, 2]) : x)
  let { factor, term } = cell.recurrence(batchMajor(projected), parameters)
  checkShape(cell.kind, 'factor', factor, [batch, time, units])
  checkShape(cell.kind, 'term', term, [batch, time, units])
  const kept = zoneout?.[0]
  if (typeof kept === 'number') {
    factor = add(mul(factor, 1 - kept), kept)
    term = mul(term, 1 - kept)
  } else if (kept !== undefined) {
    const mask = batchMajor(kept)
    factor = select(mask, 1, factor)
    term = select(mask, 0, term)
  }
  const running = lengths && less(reshape(arange(time, { backend }), [1, time, 1]), reshape(lengths, [batch, 1, 1]))
  if (running !== undefined) {
    // Past a row's end the state stands still. In reverse it stands still until the row begins.
    factor = select(running, factor, 1)
    term = select(running, term, 0)
  }
  const states = linearScan(factor, term, { initial: before, reverse })
  const sequence = running === undefined ? states : select(running, states, 0)
  const final = lastOf(states, reverse ? 0 : time - 1)
  return { sequence: batchMajor(sequence), final: [final] }
}

/** One time step `[B, H]`, in memory of its own: a view would keep the whole sequence alive. */
function lastOf(states: Tensor, t: number): Tensor {
  const [batch = 0, , units = 0] = states.shape
  return copy(reshape(slice(states, 1, t, 1), [batch, units]))
}
