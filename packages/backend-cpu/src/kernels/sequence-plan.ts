// How a recurrent op walks its rows: sorted by length, so that the rows still running at any step are the first ones.

import type { Operand } from '@rnn/core'
import type { KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Doubles } from '../scratch.ts'
import { stridesOver } from '../strided.ts'

/** Rows of a batch in slots, longest first; equals keep their order. */
export interface SequencePlan {
  readonly rows: number
  readonly steps: number
  /** Row in each slot. */
  readonly order: Int32Array
  /** Length of the row in each slot. */
  readonly lengths: Int32Array
  /** How many slots are still running at step s, that is, have a length above s; `steps + 1` entries. */
  readonly active: Int32Array
}

export function planSequence(rows: number, steps: number, given: Operand | null, context: KernelContext): SequencePlan {
  const { scratch } = context
  const order = scratch.ints('order', rows)
  const lengths = scratch.ints('lengths', rows)
  const active = scratch.ints('active', steps + 1)
  const next = scratch.ints('counts', steps + 1)
  const values = given && context.ints(given)
  const start = given ? startOf(given) : 0
  active.fill(0, 0, steps + 1)
  for (let row = 0; row < rows; row++) {
    const length = values ? clamp(values[start + row]!, steps) : steps
    if (length > 0) active[length - 1] = active[length - 1]! + 1
  }
  for (let s = steps - 1; s >= 0; s--) active[s] = active[s]! + active[s + 1]!
  // The rows of length L come after the active[L] longer ones.
  for (let length = 0; length <= steps; length++) next[length] = active[length]!
  for (let row = 0; row < rows; row++) {
    const length = values ? clamp(values[start + row]!, steps) : steps
    const slot = next[length]!
    next[length] = slot + 1
    order[slot] = row
    lengths[slot] = length
  }
  return { rows, steps, order, lengths, active }
}

function clamp(length: number, steps: number): number {
  return Math.max(0, Math.min(steps, length))
}

/** Where a sequence operand keeps the vector of a row and a time step: `start + row·rowStride + time·timeStride`. */
export interface SequenceLayout {
  readonly values: Float32Array
  readonly start: number
  readonly rowStride: number
  readonly timeStride: number
}

/** The layout of a `[B, T, ·]` operand, or `[T, B, ·]` if time-major, which may have rows; zeros everywhere for null. */
export function layoutOf(
  operand: Operand | null,
  size: number,
  timeMajor: boolean,
  context: KernelContext,
): SequenceLayout {
  if (operand === null) return { values: context.scratch.zeros(size), start: 0, rowStride: 0, timeStride: 0 }
  const strides = stridesOver(operand, operand.shape)
  const [outer, inner] = [strides[0]!, strides[1]!]
  return {
    values: context.floats(operand),
    start: startOf(operand),
    rowStride: timeMajor ? inner : outer,
    timeStride: timeMajor ? outer : inner,
  }
}

/** The layout of the reserve, which is contiguous, with `size` values for each row and step. */
export function reserveLayout(
  operand: Operand,
  size: number,
  plan: SequencePlan,
  timeMajor: boolean,
  context: KernelContext,
): SequenceLayout {
  return {
    values: context.floats(operand),
    start: startOf(operand),
    rowStride: timeMajor ? size : plan.steps * size,
    timeStride: timeMajor ? plan.rows * size : size,
  }
}

/** Sets all vectors past the rows' ends to zero. */
export function clearPastEnds(layout: SequenceLayout, size: number, plan: SequencePlan): void {
  const { values, start, rowStride, timeStride } = layout
  for (let slot = 0; slot < plan.rows; slot++) {
    const base = start + plan.order[slot]! * rowStride
    for (let t = plan.lengths[slot]!; t < plan.steps; t++) {
      const o = base + t * timeStride
      values.fill(0, o, o + size)
    }
  }
}

/** Reads a `[B, ·]` operand (null: zeros) into slots. */
export function loadState(
  operand: Operand | null,
  size: number,
  plan: SequencePlan,
  state: Doubles,
  context: KernelContext,
): void {
  if (operand === null) {
    state.fill(0, 0, plan.rows * size)
    return
  }
  const values = context.floats(operand)
  for (let slot = 0; slot < plan.rows; slot++) {
    const p = startOf(operand) + plan.order[slot]! * size
    for (let j = 0; j < size; j++) state[slot * size + j] = values[p + j]!
  }
}

/** Writes slots back into a `[B, ·]` operand. */
export function storeState(
  state: Doubles,
  size: number,
  plan: SequencePlan,
  operand: Operand,
  context: KernelContext,
): void {
  const values = context.floats(operand)
  for (let slot = 0; slot < plan.rows; slot++) {
    const o = startOf(operand) + plan.order[slot]! * size
    for (let j = 0; j < size; j++) values[o + j] = state[slot * size + j]!
  }
}
