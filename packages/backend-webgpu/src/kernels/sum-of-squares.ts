// Sum of squares over many tensors: the global norm of gradients, squared.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu, Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { GRID_WIDTH } from '../wgsl/grid.ts'
import { rowTrees } from '../wgsl/rows.ts'
import { runReduce } from './reduce.ts'

/** Elements of one workgroup: each invocation adds 16 squares. */
const ELEMENTS_PER_GROUP = 4096

/** Tensors of one dispatch: with its result as many buffers as any device binds. */
const TENSORS_PER_DISPATCH = 6

export const sumOfSquares: Kernel<'sumOfSquares'> = ({ inputs, outputs: [out] }, gpu) => {
  const tensors = inputs.filter(({ shape }) => sizeOf(shape) > 0)
  const most = Math.floor(gpu.offer.workgroupsPerDimension / TENSORS_PER_DISPATCH)
  const groups = tensors.map(({ shape }) => Math.min(Math.ceil(sizeOf(shape) / ELEMENTS_PER_GROUP), most))
  const total = groups.reduce((sum, count) => sum + count, 0)
  const parts = gpu.scratch(Math.max(total, 1) * 4)
  let partStart = 0
  for (let at = 0; at < tensors.length; at += TENSORS_PER_DISPATCH) {
    const end = at + TENSORS_PER_DISPATCH
    partStart = dispatchSquares(gpu, tensors.slice(at, end), groups.slice(at, end), parts, partStart)
  }
  runReduce(gpu, {
    kind: 'sum',
    dtype: 'float32',
    source: parts,
    sourceStart: 0,
    kept: [],
    reduced: [{ size: total, stride: 1 }],
    out,
    outStart: startOf(out),
    count: 1,
    divisor: 1,
  })
}

/** Records the sums of some tensors' workgroups, one after another from `partStart` on; returns where they end. */
function dispatchSquares(
  gpu: Gpu,
  tensors: readonly Operand[],
  groups: readonly number[],
  parts: Bound,
  partStart: number,
): number {
  const indices = tensors.map((_, i) => i)
  const values: Record<string, number> = { partStart }
  let end = 0
  tensors.forEach((x, i) => {
    values[`first${i}`] = end
    end += groups[i]!
    values[`end${i}`] = end
    values[`count${i}`] = sizeOf(x.shape)
    values[`start${i}`] = startOf(x)
  })
  const key = `sumOfSquares ${tensors.length}`
  const program = gpu.program(key, () => ({
    key,
    reads: Object.fromEntries(indices.map((i) => [`xs${i}`, 'f32'])),
    writes: { parts: 'f32' },
    parameters: Object.fromEntries(Object.keys(values).map((name) => [name, 'u32' as const])),
    body: `${rowTrees(GRID_WIDTH)}
${indices.map(squaresOf).join('')}
@compute @workgroup_size(${GRID_WIDTH})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  ${indices.map((i) => `if (workgroup.x < p.end${i}) { sum = squaresOf${i}(workgroup.x - p.first${i}, local); }`).join('\n  else ')}
  sum = rowSum(local, local, sum);
  if (local == 0u) { parts[p.partStart + workgroup.x] = sum; }
}`,
  }))
  gpu.dispatch(program, [...tensors, parts], values, [end])
  return partStart + end
}

/** WGSL of one invocation's share in the squares of tensor `i`. */
function squaresOf(i: number): string {
  return `
fn squaresOf${i}(group: u32, local: u32) -> f32 {
  let step = (p.end${i} - p.first${i}) * ${GRID_WIDTH}u;
  var sum = 0.0;
  for (var at = group * ${GRID_WIDTH}u + local; at < p.count${i}; at += step) {
    let x = xs${i}[p.start${i} + at];
    sum += x * x;
  }
  return sum;
}
`
}
