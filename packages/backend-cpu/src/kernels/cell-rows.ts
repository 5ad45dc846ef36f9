// What the recurrent drivers ask of a cell: its gates over one row of one time step, forward and backward.

import type { Doubles } from '../scratch.ts'

/** Weights `[rows, units]` of the cell where gates see it, from `start` on. */
export interface Peephole {
  readonly weights: Float32Array
  readonly start: number
}

/** Arrays of a forward pass. Indices into them come with each call. */
export interface ForwardArrays {
  /** x·W + b. */
  readonly projected: Float32Array
  /** h·R of the present step, by slot. */
  readonly product: Doubles
  /** GRU: bias of the product. */
  readonly bias: Float32Array
  /** State by slot, read and replaced: float32 values, so that a sequence in pieces gives the same bits. */
  readonly hidden: Doubles
  readonly cell: Doubles
  readonly sequence: Float32Array
  readonly reserve: Float32Array | null
  readonly peephole: Peephole | null
}

/** One step of one row: `p`, `q`, `b` index projected, product and bias; `s` the states; `o` sequence; `r` reserve. */
export type ForwardRow = (
  arrays: ForwardArrays,
  units: number,
  p: number,
  q: number,
  b: number,
  s: number,
  o: number,
  r: number,
) => void

/** Arrays of a backward pass. */
export interface BackwardArrays {
  readonly gradSequence: Float32Array
  readonly sequence: Float32Array
  readonly reserve: Float32Array
  readonly gradProjected: Float32Array
  /** GRU: gradient of the recurrent product. Others: the same array as gradProjected. */
  readonly gradProduct: Float32Array
  /** The same by rows of panels, for the product with the recurrent weights. */
  readonly panels: Doubles
  /** Gradients that flow from step to step, by slot; on return `hidden` holds what bypasses the recurrent product. */
  readonly hidden: Doubles
  readonly cell: Doubles
  readonly peephole: Peephole | null
}

/**
 * One step of one row, backward: `g`, `h`, `r` index gradSequence, sequence and reserve; `before` at `x` is the state before this step that the
 * cell needs (LSTM: cell, GRU: hidden); `s` the carried gradients; `o` and `u` the two outputs, `d` the panels.
 */
export type BackwardRow = (
  arrays: BackwardArrays,
  units: number,
  g: number,
  h: number,
  r: number,
  before: Float32Array,
  x: number,
  s: number,
  o: number,
  u: number,
  d: number,
) => void

/** A cell as the drivers see it. */
export interface CellRows {
  readonly gates: number
  /** Values kept per unit and step for backward. */
  readonly reserved: number
  /** Where in the reserve the state before a step is found (LSTM: the cell of the step before), or in the sequence (GRU). */
  readonly before: 'cell' | 'hidden' | 'none'
  readonly forward: ForwardRow
  readonly backward: BackwardRow
}
