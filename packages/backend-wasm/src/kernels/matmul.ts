// Matmul: batches of matrix products as one command, with blocks chosen for the caches.

import { sizeOf } from '@rnn/core'
import type { Operand, Shape } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { CallOf, Kernel } from '../kernel.ts'
import type { Machine } from '../machine.ts'
import { strideAt } from '../strides.ts'

/** The inner dimension goes by blocks of about this many: a panel of 8 columns is 8 KiB then, and stays in the first-level cache. */
const BLOCK_INNER = 256

/** Packed panels of a block take this many bytes at most: half of a second-level cache of 1 MiB. */
const PANEL_BYTES: number = 512 * 1024

/** Rows that are packed at a time, where the left matrix must be packed; a multiple of 4, 5 and 6. */
const BLOCK_ROWS = 120

/** Tables and a tile at the edge, in assembly/matmul.ts. */
const FIXED_BYTES = 384

/** Up to this many rows the right matrix is not packed. */
const FEW_ROWS = 8

/** Results of a wide panel at the edge, in assembly/gemv.ts. */
const EDGE_COLUMNS = 32

const SPLIT_ROWS = 0
const SPLIT_COLUMNS = 1
const SPLIT_BATCH = 2

export const matmul: Kernel<'matmul'> = (call, machine) => {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB } = call.attributes
  const M = out.shape.at(-2)!
  const N = out.shape.at(-1)!
  const K = a.shape.at(transposeA ? -2 : -1)!
  const batch = batchOf(out.shape)
  // Products that an output with a batch of 1 adds up.
  const summed = batch === 1 ? Math.max(batchOf(a.shape), batchOf(b.shape)) : 1
  if (M * N * batch === 0) return

  if (M <= FEW_ROWS && summed === 1 && columnStride(out, false) === 1) {
    if (columnStride(b, transposeB) === 1 || rowStride(b, transposeB) === 1) return multiplyFew(call, machine)
  }
  const total = K * summed
  const blockInner = Math.max(1, Math.ceil(total / Math.max(1, Math.round(total / BLOCK_INNER))))
  const mostColumns = Math.max(8, Math.floor(PANEL_BYTES / (blockInner * 32)) * 8)
  const packsRows = summed > 1 || columnStride(a, transposeA) !== 1
  const parts = machine.partsFor((M * N * total * batch) / 8)
  const split = batch >= parts ? SPLIT_BATCH : M >= N ? SPLIT_ROWS : SPLIT_COLUMNS
  const columns = split === SPLIT_COLUMNS ? Math.ceil(N / parts / 8) * 8 : Math.ceil(N / 8) * 8
  const blocks = Math.ceil(columns / mostColumns)
  const blockColumns = Math.ceil(columns / blocks / 8) * 8
  const blockRows = packsRows ? Math.min(BLOCK_ROWS, M) : 0

  machine.begin(parts, FIXED_BYTES + 4 * blockInner * (blockColumns + blockRows + 4))
  writeOperands(call, machine, summed)
  machine.int(blockInner).int(blockColumns).int(blockRows).int(split)
  machine.run('matmul')
}

/** Few rows: the right matrix is read where it lies. */
function multiplyFew(call: CallOf<'matmul'>, machine: Machine): void {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB } = call.attributes
  const K = a.shape.at(transposeA ? -2 : -1)!
  const batch = batchOf(out.shape)
  const parts = machine.partsFor((sizeOf(out.shape) * K) / 4)
  const shared = batchOf(b.shape) === 1
  const panels = shared
    ? machine.panels.find(b, K, out.shape.at(-1)!, rowStride(b, transposeB), columnStride(b, transposeB))
    : 0
  machine.begin(parts, 4 * (K + EDGE_COLUMNS))
  writeOperands(call, machine, 1)
  machine.int(batch >= parts ? SPLIT_BATCH : SPLIT_COLUMNS).int(panels)
  machine.run('matmulFew')
}

/** Arguments 2 … 20 of both commands. */
function writeOperands(call: CallOf<'matmul'>, machine: Machine, summed: number): void {
  const [a, b, bias] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB, accumulate } = call.attributes
  machine
    .int(out.shape.at(-2)!)
    .int(out.shape.at(-1)!)
    .int(a.shape.at(transposeA ? -2 : -1)!)
  machine.int(batchOf(out.shape)).int(summed)
  machine.int(addressOf(a, machine)).int(batchStride(a)).int(rowStride(a, transposeA)).int(columnStride(a, transposeA))
  machine.int(addressOf(b, machine)).int(batchStride(b)).int(rowStride(b, transposeB)).int(columnStride(b, transposeB))
  machine.int(addressOf(out, machine)).int(batchStride(out)).int(rowStride(out, false)).int(columnStride(out, false))
  machine.int(addressOrZero(bias, machine)).int(accumulate ? 1 : 0)
}

function batchOf(shape: Shape): number {
  return shape.length === 3 ? shape[0]! : 1
}

/** A batch of 1 does not move. */
function batchStride(operand: Operand): number {
  return batchOf(operand.shape) === 1 ? 0 : strideAt(operand, 0)
}

/** Distance between rows after transposition. */
function rowStride(operand: Operand, transposed: boolean): number {
  const rank = operand.shape.length
  return strideAt(operand, transposed ? rank - 1 : rank - 2)
}

function columnStride(operand: Operand, transposed: boolean): number {
  const rank = operand.shape.length
  return strideAt(operand, transposed ? rank - 2 : rank - 1)
}
