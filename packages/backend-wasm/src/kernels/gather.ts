// Gather and scatterAdd: rows of a table by index, and their gradient.

import { RnnError, sizeOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import type { Machine } from '../machine.ts'
import { sizeBetween } from '../strides.ts'

export const gather: Kernel<'gather'> = (call, machine) => {
  const [table, indices] = call.inputs
  const [out] = call.outputs
  const row = sizeBetween(table.shape, 1, table.shape.length)
  const count = sizeOf(indices.shape)
  checkIndices('gather', indices, table.shape[0]!, machine)
  if (row * count === 0) return
  const parts = machine.partsFor(row * count)
  machine.begin(parts).int(addressOf(table, machine)).int(row)
  machine.int(addressOf(indices, machine)).int(count).int(addressOf(out, machine))
  machine.run('gather')
}

export const scatterAdd: Kernel<'scatterAdd'> = (call, machine) => {
  const [indices, updates] = call.inputs
  const [table] = call.outputs
  const row = sizeBetween(table.shape, 1, table.shape.length)
  const count = sizeOf(indices.shape)
  checkIndices('scatterAdd', indices, table.shape[0]!, machine)
  if (row * count === 0) return
  const parts = machine.partsFor(row * count)
  machine.begin(parts).int(addressOf(table, machine)).int(row)
  machine.int(addressOf(indices, machine)).int(count).int(addressOf(updates, machine))
  machine.int(table.dtype === 'float32' ? 0 : 1)
  machine.run('scatterAdd')
}

/**
 * Checks indices before anything is written.
 *
 * @throws E_INDEX_RANGE for an index other than −1 outside `0 … rows − 1`
 */
export function checkIndices(operation: string, indices: Operand, rows: number, machine: Machine): void {
  const from = addressOf(indices, machine)
  const bad = machine.exports.badIndex(from, sizeOf(indices.shape), rows)
  if (bad < 0) return
  throw new RnnError({
    code: 'E_INDEX_RANGE',
    operation,
    problem: `index ${machine.memory.ints[from / 4 + bad]} at position ${bad} of a table of ${rows} rows`,
    fix: `use 0 … ${rows - 1}, or −1 for no row`,
  })
}
