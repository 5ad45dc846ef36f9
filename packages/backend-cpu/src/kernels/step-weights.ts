// The recurrent weights as the right side of the product that each step takes.

import type { Operand } from '@rnn/core'
import type { KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Doubles } from '../scratch.ts'
import { multiplyInPlace } from './in-place.ts'
import { multiplyPanels, packColumns, wholeColumns } from './panels.ts'

/** A matrix `[K, columns]`, packed or where it lies. */
export interface StepWeights {
  readonly columns: number
  readonly K: number
  readonly values: Float32Array
  readonly start: number
  readonly columnStride: number
  readonly innerStride: number
  /** Null where the matrix is read where it lies. */
  readonly panels: Doubles | null
}

/**
 * With fewer products of rows than this, packing costs more than it saves; nor does it pay for one row, of which a panel is half empty. So a
 * streaming step at batch 1 reads each weight once.
 */
const FEW_PRODUCTS = 20

/** Larger matrices than this (64 MiB packed) are read where they lie. */
const MOST_PACKED = 2 ** 23

/** The recurrent weights `[H, G·H]`, or their transpose, for `rows` rows over `steps` steps. */
export function prepareWeights(
  recurrent: Operand,
  transposed: boolean,
  rows: number,
  steps: number,
  context: KernelContext,
): StepWeights {
  const [units, width] = recurrent.shape as readonly [number, number]
  const [columns, K] = transposed ? [units, width] : [width, units]
  const [columnStride, innerStride] = transposed ? [width, 1] : [1, width]
  const values = context.floats(recurrent)
  const start = startOf(recurrent)
  const length = wholeColumns(columns) * K
  const unpacked = rows <= 1 || rows * steps <= FEW_PRODUCTS || length > MOST_PACKED
  const panels = unpacked ? null : context.scratch.doubles('panelsB', length)
  if (panels) packColumns(values, start, columnStride, innerStride, columns, K, panels)
  return { columns, K, values, start, columnStride, innerStride, panels }
}

/** out = packed rows · weights. */
export function multiplyStep(rows: Doubles, count: number, weights: StepWeights, out: Doubles, stride: number): void {
  const { columns, K, values, start, columnStride, innerStride, panels } = weights
  if (panels) multiplyPanels(rows, count, panels, columns, K, out, stride)
  else multiplyInPlace(rows, count, values, start, columnStride, innerStride, columns, K, out, stride)
}
