// Matrix products: chooses a variant by the plan and records its dispatches.

import type { Bound, Gpu, Kernel } from '../kernel.ts'
import { planMatmul, type Parts } from '../matmul-plan.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import {
  endingKey,
  matricesIn,
  matrixOf,
  matrixOfRow,
  PARAMETERS,
  parametersOf,
  storeWgsl,
  summedBy,
  turned,
  type Product,
} from './matmul-matrix.ts'
import { dispatchPlain } from './matmul-plain.ts'
import { dispatchTiles } from './matmul-tiles.ts'
import { dispatchVectors } from './matmul-vector.ts'

export const matmul: Kernel<'matmul'> = ({ inputs: [a, b, bias], outputs: [out], attributes }, gpu) => {
  const { transposeA, transposeB, accumulate } = attributes
  recordMatmul(gpu, {
    a: matrixOf(a, transposeA),
    b: matrixOf(b, transposeB),
    bias: bias && matrixOfRow(bias, out.shape.at(-2)!),
    out: matrixOf(out),
    accumulate,
  })
}

/** Records `out = a · b + bias`, or `out += a · b`. */
export function recordMatmul(gpu: Gpu, product: Product): void {
  const { a, b, out, accumulate } = product
  const { count: products, rows, columns } = out
  const summed = summedBy(a, b, out)
  const terms = a.columns
  if (rows * columns * products === 0 || (accumulate && terms * summed === 0)) return
  const plan = planMatmul({ products, summed, rows, columns, terms }, gpu.offer.software)
  switch (plan.kind) {
    case 'plain':
      return dispatchPlain(gpu, product)
    case 'vector': {
      const vectors = plan.turned ? turnedOver(product) : product
      return inParts(gpu, vectors, plan, (part) => dispatchVectors(gpu, part, plan))
    }
    case 'tiles':
      return inParts(gpu, product, plan, (part) => dispatchTiles(gpu, part, plan))
  }
}

/** The transpose of a product: bᵀ · aᵀ. */
function turnedOver({ a, b, bias, out, accumulate }: Product): Product {
  return { a: turned(b), b: turned(a), bias: bias && turned(bias), out: turned(out), accumulate }
}

/** Records a product at once, or its parts into memory of their own and then their sum: always in the same order. */
function inParts(gpu: Gpu, product: Product, { splits }: Parts, dispatch: (product: Product) => void): void {
  if (splits === 1) return dispatch(product)
  const { count, rows, columns } = product.out
  const partial = gpu.scratch(splits * count * rows * columns * 4)
  dispatch({ ...product, bias: null, accumulate: false, out: matricesIn(partial, count, rows, columns) })
  joinParts(gpu, product, partial, splits)
}

/** Adds up the parts of a product, with what comes at its end. */
function joinParts(gpu: Gpu, product: Product, partial: Bound, splits: number): void {
  const { bias, out, accumulate } = product
  const ending = { bias: bias !== null, accumulate }
  const key = `matmul parts ${endingKey(ending)}`
  const program = gpu.program(key, () => ({
    key,
    reads: { parts: 'f32', ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: { count: 'u32', ...PARAMETERS },
    body: `${GRID_MAIN}
  var sum = 0.0;
  for (var part = 0u; part < p.splits; part++) { sum += parts[part * p.count + i]; }
  let size = p.rows * p.columns;
  let outBase = p.outStart + (i / size) * p.outMatrix;
  ${storeWgsl(ending, 'sum', '(i % size) / p.columns', 'i % p.columns')}
}`,
  }))
  const count = out.rows * out.columns * out.count
  gpu.dispatch(
    program,
    [partial, ...(bias ? [bias.source] : []), out.source],
    { count, ...parametersOf(product, { splits, termsPerSplit: 0 }) },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
