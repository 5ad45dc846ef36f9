// Matrix products. Any batch shape is brought to one batch axis, or to none, before a kernel sees it.

import { RnnError } from '../errors.ts'
import { execute } from '../execute.ts'
import { broadcastShapes, formatShape, sizeOf, type Shape } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { checkDType, checkShape, checkTensors } from './checks.ts'
import { broadcastTo } from './layout.ts'
import { reshape } from './views.ts'

/** Options of `matmul`. */
export interface MatmulOptions {
  /** Use aᵀ: a is `[…, K, M]`. */
  readonly transposeA?: boolean
  /** Use bᵀ: b is `[…, N, K]`. */
  readonly transposeB?: boolean
  /** `[N]`, added to every row. */
  readonly bias?: Tensor
}

/**
 * Matrix product `a · b (+ bias)` over the last two axes, float32; leading axes are a batch and broadcast.
 *
 * @param a `[…, M, K]`
 * @param b `[…, K, N]`
 * @returns `[…, M, N]`
 * @throws E_SHAPE when the inner dimensions or batch shapes don't fit
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, bias } = options
  checkTensors('matmul', [a, b, bias])
  checkDType('matmul', 'a', a, 'float32')
  checkDType('matmul', 'b', b, 'float32')
  if (a.rank < 2 || b.rank < 2) throw mismatch('matrices have two dimensions or more', a, b)
  const [m, k] = matrixSize(a, transposeA)
  const [inner, n] = matrixSize(b, transposeB)
  if (k !== inner) {
    const other = transposeB ? 'drop transposeB?' : 'did you mean transposeB?'
    throw mismatch('inner dimensions differ', a, b, k === n ? other : undefined)
  }
  if (bias !== undefined) {
    checkDType('matmul', 'bias', bias, 'float32')
    checkShape('matmul', 'bias', bias, [n])
  }

  // A matrix b serves every row of a, whatever a's batch: one large product.
  if (b.rank === 2 && !transposeA) {
    const product = kernel(reshape(a, [sizeOf(a.shape.slice(0, -1)), k]), b, [sizeOf(a.shape.slice(0, -1)), n])
    return a.rank === 2 ? product : reshape(product, [...a.shape.slice(0, -1), n])
  }
  if (a.rank === 2 && b.rank === 2) return kernel(a, b, [m, n])

  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2))
  const product = kernel(oneBatch(a, batch), oneBatch(b, batch), [sizeOf(batch), m, n])
  return batch.length === 1 ? product : reshape(product, [...batch, m, n])

  function kernel(left: Tensor, right: Tensor, shape: Shape): Tensor {
    const out = allocateTensor(a.backend, shape, 'float32')
    const attributes = { transposeA, transposeB, accumulate: false }
    execute({ op: 'matmul', inputs: [left, right, bias ?? null], outputs: [out], attributes })
    return out
  }
}

/** `x · kernel + bias` over the last axis of x: `[…, I]` · `[I, O]` → `[…, O]`. */
export function linear(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor {
  if (x.rank === 1) return reshape(linear(reshape(x, [1, x.size]), kernel, bias), [kernel.shape[1] ?? 0])
  return matmul(x, kernel, bias === undefined ? {} : { bias })
}

function matrixSize(x: Tensor, transposed: boolean): [rows: number, columns: number] {
  const rows = x.shape.at(-2) ?? 0
  const columns = x.shape.at(-1) ?? 0
  return transposed ? [columns, rows] : [rows, columns]
}

/** The matrices with one batch axis: of 1, which kernels repeat, or of the whole batch. */
function oneBatch(x: Tensor, batch: Shape): Tensor {
  const own = x.shape.slice(0, -2)
  const matrix = x.shape.slice(-2)
  const size = sizeOf(own)
  if (size === 1 || size === sizeOf(batch)) return reshape(x, [size, ...matrix])
  return reshape(broadcastTo(x, [...batch, ...matrix]), [sizeOf(batch), ...matrix])
}

function mismatch(problem: string, a: Tensor, b: Tensor, fix?: string): RnnError {
  const details = {
    code: 'E_SHAPE' as const,
    operation: 'matmul',
    problem: `${problem}, ${formatShape(a.shape)} × ${formatShape(b.shape)}`,
  }
  return new RnnError(fix === undefined ? details : { ...details, fix })
}
