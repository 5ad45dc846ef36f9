// Softmax and its logarithm over the last axis.

import type { Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { gridOf } from '../wgsl/grid.ts'
import { mathOf } from '../wgsl/math.ts'
import { IS_LOWEST, lanesFor, rowMain, rowTrees, sumOfExponentials } from '../wgsl/rows.ts'

/** A row of −∞ alone (all masked) gives zeros, and −∞ as logarithm: no NaN from masks. */
export const softmax: Kernel<'softmax'> = ({ inputs: [x], outputs: [out], attributes: { log } }, gpu) => {
  const length = x.shape.at(-1) ?? 1
  const rows = length === 0 ? 0 : sizeOf(x.shape) / length
  const lanes = lanesFor(length)
  const key = `softmax ${log ? 'log ' : ''}${lanes}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: 'f32' },
    writes: { outs: 'f32' },
    parameters: { rows: 'u32', length: 'u32', start: 'u32', outStart: 'u32', lowest: 'f32' },
    body: `${mathOf('exp', 'log')}${IS_LOWEST}${rowTrees(lanes, true)}${rowMain(lanes)}
  let at = p.start + row * p.length;${sumOfExponentials(lanes, (index) => `xs[at + ${index}]`, 'p.length')}
  if (!inside) { return; }
  let outAt = p.outStart + row * p.length;
${
  log
    ? `  let shiftBy = rnnLog(sum);
  for (var i = lane; i < p.length; i += ${lanes}u) { outs[outAt + i] = select((xs[at + i] - shift) - shiftBy, p.lowest, masked); }`
    : `  for (var i = lane; i < p.length; i += ${lanes}u) { outs[outAt + i] = select(rnnExp(xs[at + i] - shift) / sum, 0.0, masked); }`
}
}`,
  }))
  gpu.dispatch(
    program,
    [x, out],
    { rows, length, start: startOf(x), outStart: startOf(out), lowest: -Infinity },
    gridOf(rows * lanes, gpu.offer.workgroupsPerDimension),
  )
}
