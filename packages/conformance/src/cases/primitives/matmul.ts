// Matrix products: transposes, batches, bias, accumulation, rows, sizes that no tile divides.

import type { Shape } from '@rnn/core'
import { callCase, callCases } from '../../calls/call-case.ts'
import { given, result, type CallSpec, type OperandSpec } from '../../calls/operands.ts'
import type { ConformanceCase } from '../../case.ts'

interface MatmulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly bias?: boolean
  readonly accumulate?: boolean
  readonly aBatch?: number
  readonly bBatch?: number
  /** Default: the larger of the two. */
  readonly outBatch?: number
}

function product(m: number, k: number, n: number, options: MatmulOptions = {}): () => CallSpec {
  const { transposeA = false, transposeB = false, bias = false, accumulate = false, aBatch, bBatch, outBatch } = options
  const batched = (batch: number | undefined, rows: number, columns: number): Shape =>
    batch === undefined ? [rows, columns] : [batch, rows, columns]
  const batch =
    outBatch ?? (aBatch === undefined && bBatch === undefined ? undefined : Math.max(aBatch ?? 1, bBatch ?? 1))
  return () => ({
    op: 'matmul',
    inputs: [
      given(batched(aBatch, ...(transposeA ? ([k, m] as const) : ([m, k] as const))), { seed: 11 }),
      given(batched(bBatch, ...(transposeB ? ([n, k] as const) : ([k, n] as const))), { seed: 12 }),
      bias ? given([n], { seed: 13 }) : null,
    ],
    outputs: [accumulate ? given(batched(batch, m, n), { seed: 14 }) : result(batched(batch, m, n))],
    attributes: { transposeA, transposeB, accumulate },
  })
}

const SIZES: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 1, 1],
  [1, 129, 1],
  [3, 129, 5],
  [5, 3, 129],
  [129, 5, 3],
  [64, 64, 64],
  [17, 33, 65],
  [1, 256, 516],
  [130, 1, 7],
]

const withOperands =
  (
    a: OperandSpec,
    b: OperandSpec,
    out: OperandSpec,
    attributes: { transposeA?: boolean; transposeB?: boolean; accumulate?: boolean } = {},
  ): (() => CallSpec) =>
  () => ({
    op: 'matmul',
    inputs: [a, b, null],
    outputs: [out],
    attributes: { transposeA: false, transposeB: false, accumulate: false, ...attributes },
  })

export const matmulCases: readonly ConformanceCase[] = [
  ...SIZES.map(([m, k, n]) =>
    callCase(`primitives/matmul/${m}x${k}x${n}`, `[${m}, ${k}] · [${k}, ${n}]`, product(m, k, n)),
  ),
  ...callCases('primitives/matmul/plain-7x13x9', '[7, 13] · [13, 9]', product(7, 13, 9)),
  ...callCases('primitives/matmul/transposeA-3x129x5', 'aᵀ · b', product(3, 129, 5, { transposeA: true })),
  ...callCases('primitives/matmul/transposeB-3x129x5', 'a · bᵀ', product(3, 129, 5, { transposeB: true })),
  ...callCases(
    'primitives/matmul/transposeAB-6x7x5',
    'aᵀ · bᵀ',
    product(6, 7, 5, { transposeA: true, transposeB: true }),
  ),
  ...callCases('primitives/matmul/bias-5x7x9', 'a · b + bias', product(5, 7, 9, { bias: true })),
  callCase(
    'primitives/matmul/bias-transposeB-5x130x9',
    'a · bᵀ + bias',
    product(5, 130, 9, { bias: true, transposeB: true }),
  ),
  ...callCases('primitives/matmul/accumulate-5x7x9', 'out += a · b', product(5, 7, 9, { accumulate: true })),
  callCase(
    'primitives/matmul/accumulate-transposeA-33x129x65',
    'out += aᵀ · b, as weight gradients are made',
    product(33, 129, 65, { accumulate: true, transposeA: true }),
  ),
  callCase(
    'primitives/matmul/accumulate-transposeB-5x7x9',
    'out += a · bᵀ',
    product(5, 7, 9, { accumulate: true, transposeB: true }),
  ),
  ...callCases('primitives/matmul/batch-3-4x5x6', 'a batch of 3 products', product(4, 5, 6, { aBatch: 3, bBatch: 3 })),
  callCase(
    'primitives/matmul/batch-1-and-3',
    'a batch of 1 in a serves all of b',
    product(4, 5, 6, { aBatch: 1, bBatch: 3 }),
  ),
  callCase(
    'primitives/matmul/batch-3-and-1',
    'a batch of 1 in b serves all of a',
    product(4, 5, 6, { aBatch: 3, bBatch: 1 }),
  ),
  ...callCases(
    'primitives/matmul/batch-summed',
    'an output with a batch of 1 gets the sum of all products',
    product(4, 5, 6, { aBatch: 3, bBatch: 3, outBatch: 1, transposeA: true }),
  ),
  callCase(
    'primitives/matmul/batch-summed-bias',
    'a sum of products takes its bias once',
    product(4, 5, 6, { aBatch: 3, bBatch: 3, outBatch: 1, bias: true }),
  ),
  callCase(
    'primitives/matmul/batch-summed-one-served',
    'a sum of products of which one operand has a batch of 1',
    product(3, 7, 5, { aBatch: 1, bBatch: 4, outBatch: 1, transposeB: true }),
  ),
  callCase(
    'primitives/matmul/batch-summed-steps',
    'h[:, :-1]ᵀ · gradients[:, 1:], added up over the batch: the gradient of recurrent weights, without copies',
    withOperands(
      given([3, 4, 5], { rows: [20, 25] }),
      given([3, 4, 6], { rows: [24, 30], offset: 6, seed: 2 }),
      given([1, 5, 6], { seed: 3 }),
      { transposeA: true, accumulate: true },
    ),
  ),
  callCase('primitives/matmul/no-batch', 'a batch of 0', product(4, 5, 6, { aBatch: 0, bBatch: 0, outBatch: 0 })),
  callCase(
    'primitives/matmul/no-batch-summed',
    'a sum of no products adds nothing',
    product(4, 5, 6, { aBatch: 0, bBatch: 0, outBatch: 1, accumulate: true }),
  ),
  callCase(
    'primitives/matmul/batch-transposeA',
    'a batch with transposeA',
    product(4, 5, 6, { aBatch: 3, bBatch: 3, transposeA: true }),
  ),
  callCase(
    'primitives/matmul/batch-transposeB-bias',
    'a batch with transposeB and bias',
    product(4, 5, 6, { aBatch: 3, bBatch: 3, transposeB: true, bias: true }),
  ),
  callCase(
    'primitives/matmul/batch-accumulate',
    'a batch that accumulates',
    product(4, 5, 6, { aBatch: 3, bBatch: 3, accumulate: true }),
  ),
  callCase(
    'primitives/matmul/long-batch',
    'a batch of 40 small products',
    product(1, 3, 2, { aBatch: 40, bBatch: 40 }),
  ),
  callCase('primitives/matmul/no-rows', 'a matrix without rows', product(0, 5, 6)),
  callCase(
    'primitives/matmul/no-inner',
    'an inner dimension of 0 gives zeros, or the bias',
    product(3, 0, 4, { bias: true }),
  ),
  callCase(
    'primitives/matmul/no-inner-accumulate',
    'an inner dimension of 0 adds nothing',
    product(3, 0, 4, { accumulate: true }),
  ),
  callCase(
    'primitives/matmul/heads',
    'batch rows that span whole matrices: attention heads of [B, T, H·D]',
    withOperands(
      given([3, 4, 5], { rows: [5, 15], offset: 5 }),
      given([3, 6, 5], { rows: [5, 15], offset: 10, seed: 2 }),
      result([3, 4, 6]),
      { transposeB: true },
    ),
  ),
  callCase(
    'primitives/matmul/batch-rows',
    'rows as long as a whole matrix',
    withOperands(
      given([3, 4, 5], { rows: [20, 27], offset: 1 }),
      given([3, 5, 6], { rows: [30, 31], seed: 2 }),
      result([3, 4, 6], 'float32', { rows: [24, 30], offset: 2 }),
    ),
  ),
  callCase(
    'primitives/matmul/into-half',
    'a product into one half of [M, 2N]',
    withOperands(
      given([5, 7], { rows: [7, 14] }),
      given([7, 3], { rows: [3, 6], offset: 3, seed: 2 }),
      result([5, 3], 'float32', { rows: [3, 6], offset: 3 }),
    ),
  ),
  callCase(
    'primitives/matmul/into-half-accumulate',
    'a product added to one gate of [M, 4N]',
    withOperands(
      given([7, 5], { rows: [5, 9] }),
      given([7, 3], { rows: [3, 6], offset: 3, seed: 2 }),
      given([5, 3], { rows: [3, 12], offset: 6, seed: 3 }),
      { transposeA: true, accumulate: true },
    ),
  ),
  callCase(
    'primitives/matmul/special',
    'NaN and infinities reach exactly their row and column',
    withOperands(
      given([2, 2], { values: [1, NaN, 2, 3] }),
      given([2, 2], { values: [1, Infinity, 2, 1] }),
      result([2, 2]),
    ),
  ),
]
