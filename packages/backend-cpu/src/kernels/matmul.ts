// Matmul: batches of matrix products, either operand transposed, with bias or accumulation.

import type { Operand } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { stridesOver } from '../strided.ts'
import { multiplyPanels, pack, packedLength, wholeTiles } from './gemm.ts'

export const matmul: Kernel<'matmul'> = (call, context) => {
  const [a, b, bias] = call.inputs
  const [out] = call.outputs
  const { transposeA, transposeB, accumulate } = call.attributes
  const [M, N] = out.shape.slice(-2) as [number, number]
  const K = a.shape.at(transposeA ? -2 : -1)!
  const batch = out.shape.length === 3 ? out.shape[0]! : 1
  const left = matrixOf(a)
  const right = matrixOf(b)
  const target = matrixOf(out)
  const [av, bv, ov] = [context.floats(a), context.floats(b), context.floats(out)]
  const biases = bias && context.floats(bias)
  const biasStart = bias ? startOf(bias) : 0
  const columns = wholeTiles(N)
  const panelsA = context.scratch.doubles('panelsA', packedLength(M, K))
  const panelsB = context.scratch.doubles('panelsB', packedLength(N, K))
  const product = context.scratch.doubles('product', wholeTiles(M) * columns)
  for (let i = 0; i < batch; i++) {
    const [rowA, innerA] = transposeA ? [left.column, left.row] : [left.row, left.column]
    pack(av, left.start + i * left.batch, rowA, innerA, M, K, panelsA)
    const [columnB, innerB] = transposeB ? [right.row, right.column] : [right.column, right.row]
    pack(bv, right.start + i * right.batch, columnB, innerB, N, K, panelsB)
    multiplyPanels(panelsA, M, panelsB, N, K, product, columns)
    for (let m = 0; m < M; m++) {
      let o = target.start + i * target.batch + m * target.row
      for (let n = 0; n < N; n++, o += target.column) {
        const value = product[m * columns + n]!
        ov[o] = accumulate ? ov[o]! + value : biases ? value + biases[biasStart + n]! : value
      }
    }
  }
}

interface Matrix {
  readonly start: number
  readonly batch: number
  readonly row: number
  readonly column: number
}

/** Strides of an operand as a batch of matrices; a batch of 1 does not move. */
function matrixOf(operand: Operand): Matrix {
  const { shape } = operand
  const strides = stridesOver(operand, shape)
  const batch = shape.length === 3 && shape[0] !== 1 ? strides[0]! : 0
  const column = shape.at(-1) === 1 ? 1 : strides.at(-1)!
  return { start: startOf(operand), batch, row: strides.at(-2)!, column }
}
