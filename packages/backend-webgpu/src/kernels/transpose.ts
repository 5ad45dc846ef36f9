// Transpose: any permutation of the axes; matrices (and stacks of them) by tiles, so that both sides are read and written in order.

import { stridesOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import type { Gpu, Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { planAddresses, planOf, planParameters, planValues, type StridedPlan } from '../strided.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

export const transpose: Kernel<'transpose'> = ({ inputs: [x], outputs: [out], attributes: { permutation } }, gpu) => {
  const xStrides = stridesOf(x.shape)
  const plan = planOf(out.shape, [permutation.map((axis) => xStrides[axis]!), stridesOf(out.shape)])
  if (plan.count === 0) return
  const matrices = asMatrices(plan, gpu.offer.workgroupsPerDimension)
  if (matrices === undefined) byElement(gpu, plan, x, out)
  else byTiles(gpu, matrices, x, out)
}

interface Matrices {
  readonly count: number
  /** Of the input; the output has them the other way round. */
  readonly rows: number
  readonly columns: number
}

const TILE = 16

/** A plan that turns contiguous matrices over. */
function asMatrices({ sizes, strides }: StridedPlan, mostGroups: number): Matrices | undefined {
  const [count, columns, rows] = sizes.length === 2 ? [1, ...sizes] : sizes.length === 3 ? sizes : []
  if (count === undefined || columns === undefined || rows === undefined) return undefined
  const [stack, down, across] = sizes.length === 2 ? [rows * columns, ...strides[0]!] : strides[0]!
  const fits = down === 1 && across === columns && stack === rows * columns
  const groups = [Math.ceil(columns / TILE), Math.ceil(rows / TILE), count]
  return fits && Math.min(rows, columns) >= TILE / 2 && groups.every((each) => each <= mostGroups)
    ? { count, rows, columns }
    : undefined
}

function byTiles(gpu: Gpu, { count, rows, columns }: Matrices, x: Operand, out: Operand): void {
  const program = gpu.program('transpose tiles', () => ({
    key: 'transpose tiles',
    reads: { xs: 'u32' },
    writes: { out: 'u32' },
    parameters: { rows: 'u32', columns: 'u32', start: 'u32', outStart: 'u32' },
    body: `
// One word more a row, so that a column lies in as many banks as a row.
var<workgroup> tile: array<u32, ${TILE * (TILE + 1)}>;
@compute @workgroup_size(${TILE}, ${TILE})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = workgroup.y * ${TILE}u + local.y;
  let column = workgroup.x * ${TILE}u + local.x;
  let matrix = workgroup.z * p.rows * p.columns;
  if (row < p.rows && column < p.columns) {
    tile[local.y * ${TILE + 1}u + local.x] = xs[p.start + matrix + row * p.columns + column];
  }
  workgroupBarrier();
  let outRow = workgroup.x * ${TILE}u + local.y;
  let outColumn = workgroup.y * ${TILE}u + local.x;
  if (outRow < p.columns && outColumn < p.rows) {
    out[p.outStart + matrix + outRow * p.rows + outColumn] = tile[local.x * ${TILE + 1}u + local.y];
  }
}`,
  }))
  gpu.dispatch(program, [x, out], { rows, columns, start: startOf(x), outStart: startOf(out) }, [
    Math.ceil(columns / TILE),
    Math.ceil(rows / TILE),
    count,
  ])
}

function byElement(gpu: Gpu, plan: StridedPlan, x: Operand, out: Operand): void {
  const names = ['x', 'out']
  const key = `transpose ${plan.sizes.length}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: 'u32' },
    writes: { outs: 'u32' },
    parameters: planParameters(plan, names),
    body: `${GRID_MAIN}
${planAddresses(plan, names)}
  outs[outAt] = xs[xAt];
}`,
  }))
  gpu.dispatch(
    program,
    [x, out],
    planValues(plan, names, [x, out]),
    gridOf(plan.count, gpu.offer.workgroupsPerDimension),
  )
}
