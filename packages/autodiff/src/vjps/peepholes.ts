// Gradients of an LSTM's peepholes: sums of what enters the gates' gradients, times the cells that the gates see.

import {
  arange,
  concat,
  equal,
  less,
  mul,
  reshape,
  select,
  slice,
  sub,
  sum,
  zeros,
  type RecurrentTrace,
  type Tensor,
} from '@rnn/core'
import type { Contribution } from './rule.ts'

/** `Σ gradient(gate)·c` over rows and steps, a row `[1, H]` for each gate that sees the cell, of `input`. */
export function peepholeGradients(trace: RecurrentTrace, gradProjected: Tensor, input: number): Contribution[] {
  const { sequence, recurrent } = trace
  const units = sequence.shape[2] ?? 0
  const gates = (recurrent.shape[1] ?? 0) / Math.max(units, 1)
  const rowsOfGate = (gate: number, cells: Tensor): Tensor => mul(slice(gradProjected, 2, gate * units, units), cells)
  const after = cellsAfter(trace, gates)
  const before = after && cellsBefore(trace, after)
  if (after === null || before === null) return []
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

/** The cell after each step `[B, T, H]`, zero past a row's end, where the reserve is not defined. Null without steps. */
function cellsAfter({ attributes, sequence, reserve, lengths }: RecurrentTrace, gates: number): Tensor | null {
  const [first = 0, second = 0, units = 0] = sequence.shape
  if (reserve === null || first * second * units === 0) return null
  const cells = slice(reserve, 2, gates * units, units)
  return lengths === null ? cells : select(less(...positions(attributes.timeMajor, sequence, lengths)), cells, 0)
}

/** The cell before each step: of the step before, or the initial one at a row's first step. What it is past a row's end has no weight. */
function cellsBefore({ attributes, sequence, initialCell, lengths }: RecurrentTrace, after: Tensor): Tensor {
  const { reverse, timeMajor } = attributes
  const timeAxis = timeMajor ? 0 : 1
  const time = after.shape[timeAxis] ?? 0
  const edge = after.shape.with(timeAxis, 1)
  const start = initialCell === null ? zeros(edge, { backend: after.backend }) : reshape(initialCell, edge)
  const others = time > 1 ? [slice(after, timeAxis, reverse ? 1 : 0, time - 1)] : []
  const before = concat(reverse ? [...others, start] : [start, ...others], timeAxis)
  if (!reverse || lengths === null || initialCell === null) return before
  const [at, ends] = positions(timeMajor, sequence, lengths)
  return select(equal(at, sub(ends, 1)), start, before)
}

/** Steps and lengths, in shapes that broadcast to those of sequences. */
function positions(timeMajor: boolean, sequence: Tensor, lengths: Tensor): [at: Tensor, ends: Tensor] {
  const time = sequence.shape[timeMajor ? 0 : 1] ?? 0
  const at = arange(time, { backend: sequence.backend })
  return timeMajor
    ? [reshape(at, [time, 1, 1]), reshape(lengths, [1, -1, 1])]
    : [reshape(at, [1, time, 1]), reshape(lengths, [-1, 1, 1])]
}
