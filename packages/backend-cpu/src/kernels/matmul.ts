// Matmul: batches of matrix products, either operand transposed, with bias or accumulation, blocked for the caches.

import type { Operand, Shape } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Doubles } from '../scratch.ts'
import { stridesOver } from '../strided.ts'
import { multiplyInPlace } from './in-place.ts'
import { multiplyPanels, packColumns, packRows, wholeColumns, wholeRows } from './panels.ts'

/** With this many rows or fewer, the right matrix is read where it lies. */
const FEW_ROWS = 12

/** Unless the left matrix is longer than this: it is packed whole. */
const MOST_INNER = 2 ** 16

// A block's packed rows (128 × 256 doubles) stay in the second-level cache while the packed columns stream by, and each panel in the first level.
const BLOCK_ROWS = 128
const BLOCK_COLUMNS = 384
const BLOCK_INNER = 256

export const matmul: Kernel<'matmul'> = (call, context) => {
  const [a, b, bias] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB, accumulate } = call.attributes
  const M = out.shape.at(-2)!
  const N = out.shape.at(-1)!
  const K = a.shape.at(transposeA ? -2 : -1)!
  const batch = batchOf(out.shape)
  // Products that an output with a batch of 1 adds up.
  const summed = batch === 1 ? Math.max(batchOf(a.shape), batchOf(b.shape)) : 1
  const left = matrixOf(a, transposeA)
  const right = matrixOf(b, transposeB)
  const target = matrixOf(out, false)
  const [av, bv, ov] = [context.floats(a), context.floats(b), context.floats(out)]
  const biases = bias ? context.floats(bias) : context.scratch.zeros(N)
  const biasStart = bias ? startOf(bias) : 0

  const few = M <= FEW_ROWS && K <= MOST_INNER && summed === 1
  const blockRows = Math.min(wholeRows(M), BLOCK_ROWS)
  const blockColumns = few ? wholeColumns(N) : Math.min(wholeColumns(N), BLOCK_COLUMNS)
  const blockInner = few ? K : Math.min(summed * K, BLOCK_INNER)
  const rows = context.scratch.doubles('panelsA', blockRows * blockInner)
  const columns = few ? rows : context.scratch.doubles('panelsB', blockColumns * blockInner)
  const product = context.scratch.doubles('product', blockRows * blockColumns)

  for (let i = 0; i < batch; i++) {
    const p = left.start + i * left.batch
    const q = right.start + i * right.batch
    const o = target.start + i * target.batch
    if (few) {
      packRows(av, p, left.row, left.column, M, K, rows)
      multiplyInPlace(rows, M, bv, q, right.column, right.row, N, K, product, blockColumns)
      store(product, blockColumns, M, N, biases, biasStart, ov, o, target.row, target.column, accumulate)
      continue
    }
    for (let m = 0; m < M; m += blockRows) {
      const height = Math.min(blockRows, M - m)
      for (let n = 0; n < N; n += blockColumns) {
        const width = Math.min(blockColumns, N - n)
        // The inner dimension runs through all products that are added up, in as many pieces as fill the panels.
        const above = p + m * left.row
        const beside = q + n * right.column
        let filled = 0
        let add = false
        for (let done = 0; done < summed * K;) {
          const s = Math.floor(done / K)
          const k = done - s * K
          const depth = Math.min(blockInner - filled, K - k)
          const fromA = above + s * left.batch + k * left.column
          const fromB = beside + s * right.batch + k * right.row
          packRows(av, fromA, left.row, left.column, height, depth, rows, blockInner, filled)
          packColumns(bv, fromB, right.column, right.row, width, depth, columns, blockInner, filled)
          filled += depth
          done += depth
          if (filled < blockInner && done < summed * K) continue
          multiplyPanels(rows, height, columns, width, filled, product, blockColumns, add, blockInner)
          filled = 0
          add = true
        }
        if (!add) product.fill(0, 0, height * blockColumns)
        const to = o + m * target.row + n * target.column
        store(
          product,
          blockColumns,
          height,
          width,
          biases,
          biasStart + n,
          ov,
          to,
          target.row,
          target.column,
          accumulate,
        )
      }
    }
  }
}

/** out = product + bias, or out += product. */
function store(
  product: Doubles,
  productStride: number,
  rows: number,
  columns: number,
  bias: Float32Array,
  biasStart: number,
  out: Float32Array,
  start: number,
  rowStride: number,
  columnStride: number,
  accumulate: boolean,
): void {
  for (let m = 0; m < rows; m++) {
    const p = m * productStride
    let o = start + m * rowStride
    if (accumulate) for (let n = 0; n < columns; n++, o += columnStride) out[o] = out[o]! + product[p + n]!
    else for (let n = 0; n < columns; n++, o += columnStride) out[o] = product[p + n]! + bias[biasStart + n]!
  }
}

/** Where the elements of a batch of matrices lie: `start + i·batch + m·row + n·column`. */
interface Matrix {
  readonly start: number
  readonly batch: number
  readonly row: number
  readonly column: number
}

/** An operand as a batch of matrices, after transposition; a batch of 1 does not move. */
function matrixOf(operand: Operand, transposed: boolean): Matrix {
  const { shape } = operand
  const strides = stridesOver(operand, shape)
  const batch = batchOf(shape) === 1 ? 0 : strides[0]!
  const outer = strides.at(-2)!
  const inner = strides.at(-1)!
  return transposed
    ? { start: startOf(operand), batch, row: inner, column: outer }
    : { start: startOf(operand), batch, row: outer, column: inner }
}

function batchOf(shape: Shape): number {
  return shape.length === 3 ? shape[0]! : 1
}
