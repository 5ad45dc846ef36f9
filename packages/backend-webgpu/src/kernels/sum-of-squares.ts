// Sum of squares over many tensors: the global norm of gradients, squared.

import type { Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { GRID_WIDTH } from '../wgsl/grid.ts'
import { rowTrees } from '../wgsl/rows.ts'
import { runReduce } from './reduce.ts'

/** Elements of one workgroup: each invocation adds 16 squares. */
const ELEMENTS_PER_GROUP = 4096

export const sumOfSquares: Kernel<'sumOfSquares'> = ({ inputs, outputs: [out] }, gpu) => {
  const groups = inputs.map(({ shape }) =>
    Math.min(Math.ceil(sizeOf(shape) / ELEMENTS_PER_GROUP), gpu.offer.workgroupsPerDimension),
  )
  const total = groups.reduce((sum, count) => sum + count, 0)
  const partial = gpu.scratch(Math.max(total, 1) * 4)
  const program = gpu.program('sumOfSquares', () => ({
    key: 'sumOfSquares',
    reads: { xs: 'f32' },
    writes: { parts: 'f32' },
    parameters: { count: 'u32', start: 'u32', partStart: 'u32' },
    body: `${rowTrees(GRID_WIDTH)}
@compute @workgroup_size(${GRID_WIDTH})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = workgroup.x * ${GRID_WIDTH}u + local; i < p.count; i += workgroups.x * ${GRID_WIDTH}u) {
    let x = xs[p.start + i];
    sum += x * x;
  }
  sum = rowSum(local, local, sum);
  if (local == 0u) { parts[p.partStart + workgroup.x] = sum; }
}`,
  }))
  let partStart = 0
  inputs.forEach((x, i) => {
    gpu.dispatch(program, [x, partial], { count: sizeOf(x.shape), start: startOf(x), partStart }, [groups[i]!])
    partStart += groups[i]!
  })
  runReduce(gpu, {
    kind: 'sum',
    dtype: 'float32',
    source: partial,
    sourceStart: 0,
    kept: [],
    reduced: [{ size: total, stride: 1 }],
    out,
    outStart: startOf(out),
    count: 1,
    divisor: 1,
  })
}
