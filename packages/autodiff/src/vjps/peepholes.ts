// Gradients of an LSTM's peepholes: sums of what enters the gates' gradients, times the cells that the gates see.

import { mul, reshape, slice, sum, type RecurrentTrace, type Tensor } from '@rnn/core'
import type { Contribution } from './rule.ts'
import { statesBefore, withinRows } from './states.ts'

/** `Σ gradient(gate)·c` over rows and steps, a row `[1, H]` for each gate that sees the cell, of `input`. */
export function peepholeGradients(trace: RecurrentTrace, gradProjected: Tensor, input: number): Contribution[] {
  const { sequence, recurrent, reserve, initialCell } = trace
  const units = sequence.shape[2] ?? 0
  const gates = (recurrent.shape[1] ?? 0) / Math.max(units, 1)
  const rowsOfGate = (gate: number, cells: Tensor): Tensor => mul(slice(gradProjected, 2, gate * units, units), cells)
  if (reserve === null || sequence.size === 0) return []
  const after = withinRows(trace, slice(reserve, 2, gates * units, units))
  const before = statesBefore(trace, after, initialCell)
  // i, f, g, o, or i, g, o where f follows i.
  const products = [
    ...Array.from({ length: gates - 2 }, (_, gate) => rowsOfGate(gate, before)),
    rowsOfGate(gates - 1, after),
  ]
  return products.map((product, start) => ({
    kind: 'slice',
    input,
    gradient: reshape(sum(reshape(product, [-1, units]), { axis: 0 }), [1, units]),
    axis: 0,
    start,
  }))
}
