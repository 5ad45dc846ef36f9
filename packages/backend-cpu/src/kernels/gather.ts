// Gather and scatterAdd: rows of a table by index, and their gradient.

import { RnnError, sizeOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { copyWords } from './copy.ts'

export const gather: Kernel<'gather'> = (call, context) => {
  const [table, indices] = call.inputs
  const [out] = call.outputs
  const rows = table.shape[0]!
  const row = sizeOf(table.shape.slice(1))
  const count = sizeOf(indices.shape)
  const places = context.ints(indices)
  const from = startOf(indices)
  checkIndices('gather', places, indices, rows, TABLE)
  const source = context.ints(table)
  const target = context.ints(out)
  const tableStart = startOf(table)
  const outStart = startOf(out)
  for (let i = 0; i < count; i++) {
    const place = places[from + i]!
    const to = outStart + i * row
    if (place < 0) target.fill(0, to, to + row)
    else copyWords(source, tableStart + place * row, target, to, row)
  }
}

export const scatterAdd: Kernel<'scatterAdd'> = (call, context) => {
  const [indices, updates] = call.inputs
  const [table] = call.outputs
  const rows = table.shape[0]!
  const row = sizeOf(table.shape.slice(1))
  const places = context.ints(indices)
  checkIndices('scatterAdd', places, indices, rows, TABLE)
  const add =
    table.dtype === 'float32'
      ? addRows(context.floats(updates), context.floats(table))
      : addRows(context.ints(updates), context.ints(table))
  add(places, startOf(indices), sizeOf(indices.shape), startOf(updates), startOf(table), row)
}

type AddRows = (places: Int32Array, from: number, count: number, p: number, tableStart: number, row: number) => void

function addRows<Words extends Float32Array | Int32Array>(updates: Words, table: Words): AddRows {
  return (places, from, count, p, tableStart, row) => {
    for (let i = 0; i < count; i++, p += row) {
      const place = places[from + i]!
      if (place < 0) continue
      const o = tableStart + place * row
      for (let j = 0; j < row; j++) table[o + j] = table[o + j]! + updates[p + j]!
    }
  }
}

/** How a message speaks of indices and of what they choose from. */
export interface IndexWords {
  readonly index: string
  readonly from: (rows: number) => string
  readonly none: string
}

const TABLE: IndexWords = { index: 'index', from: (rows) => `a table of ${rows} rows`, none: 'for no row' }

/**
 * Checks indices before anything is written.
 *
 * @throws E_INDEX_RANGE for an index other than −1 outside `0 … rows − 1`
 */
export function checkIndices(
  operation: string,
  places: Int32Array,
  indices: Operand,
  rows: number,
  words: IndexWords,
): void {
  const from = startOf(indices)
  const count = sizeOf(indices.shape)
  for (let i = 0; i < count; i++) {
    const place = places[from + i]!
    if (place >= -1 && place < rows) continue
    throw new RnnError({
      code: 'E_INDEX_RANGE',
      operation,
      problem: `${words.index} ${place} at position ${i}, of ${words.from(rows)}`,
      fix: `use ${rows > 0 ? `0 … ${rows - 1}, or ` : ''}−1 ${words.none}`,
    })
  }
}
