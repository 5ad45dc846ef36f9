// Layer normalisation over the last axis (Ba, Kiros, Hinton 2016) and its gradient.

import type { Operand } from '@rnn/core'
import type { Bound, Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { gridOf } from '../wgsl/grid.ts'
import { lanesFor, rowMain, rowTrees } from '../wgsl/rows.ts'
import { runReduce } from './reduce.ts'

export const layerNormForward: Kernel<'layerNormForward'> = (call, gpu) => {
  const [x, gain, bias] = call.inputs
  const [y, mean, rstd] = call.outputs
  const length = x.shape.at(-1) ?? 1
  const rows = sizeOf(mean.shape)
  const lanes = lanesFor(length)
  const key = `layerNormForward ${lanes} ${gain ? 'gain' : ''} ${bias ? 'bias' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: 'f32', ...(gain && { gains: 'f32' }), ...(bias && { biases: 'f32' }) },
    writes: { ys: 'f32', means: 'f32', rstds: 'f32' },
    parameters: {
      rows: 'u32',
      length: 'u32',
      start: 'u32',
      gainStart: 'u32',
      biasStart: 'u32',
      yStart: 'u32',
      meanStart: 'u32',
      rstdStart: 'u32',
      epsilon: 'f32',
    },
    body: `${rowTrees(lanes)}${rowMain(lanes)}
  let at = p.start + row * p.length;
  var sum = 0.0;
  for (var i = lane; i < p.length; i += ${lanes}u) { sum += xs[at + i]; }
  let mean = rowSum(lane, local, sum) / f32(p.length);
  var squares = 0.0;
  for (var i = lane; i < p.length; i += ${lanes}u) { let d = xs[at + i] - mean; squares += d * d; }
  let rstd = inverseSqrt(rowSum(lane, local, squares) / f32(p.length) + p.epsilon);
  if (!inside) { return; }
  if (lane == 0u) {
    means[p.meanStart + row] = mean;
    rstds[p.rstdStart + row] = rstd;
  }
  let yAt = p.yStart + row * p.length;
  for (var i = lane; i < p.length; i += ${lanes}u) {
    ys[yAt + i] = (xs[at + i] - mean) * rstd${gain ? ' * gains[p.gainStart + i]' : ''}${bias ? ' + biases[p.biasStart + i]' : ''};
  }
}`,
  }))
  gpu.dispatch(
    program,
    [x, ...present(gain), ...present(bias), y, mean, rstd],
    {
      rows,
      length,
      start: startOf(x),
      gainStart: gain ? startOf(gain) : 0,
      biasStart: bias ? startOf(bias) : 0,
      yStart: startOf(y),
      meanStart: startOf(mean),
      rstdStart: startOf(rstd),
      epsilon: call.attributes.epsilon,
    },
    gridOf(rows * lanes, gpu.offer.workgroupsPerDimension),
  )
}

export const layerNormBackward: Kernel<'layerNormBackward'> = (call, gpu) => {
  const [gradY, x, gain, mean, rstd] = call.inputs
  const [gradX, gradGain, gradBias] = call.outputs
  const length = x.shape.at(-1) ?? 1
  const rows = sizeOf(mean.shape)
  const lanes = lanesFor(length)
  // What the gain's gradient is the sum of, row by row.
  const terms = gradGain && gpu.scratch(Math.max(rows * length, 1) * 4)
  const key = `layerNormBackward ${lanes} ${gain ? 'gain' : ''} ${terms ? 'terms' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { grads: 'f32', xs: 'f32', ...(gain && { gains: 'f32' }), means: 'f32', rstds: 'f32' },
    writes: { outs: 'f32', ...(terms && { terms: 'f32' }) },
    parameters: {
      rows: 'u32',
      length: 'u32',
      gradStart: 'u32',
      start: 'u32',
      gainStart: 'u32',
      meanStart: 'u32',
      rstdStart: 'u32',
      outStart: 'u32',
    },
    body: `${rowTrees(lanes)}
fn gainOf(i: u32) -> f32 { return ${gain ? 'gains[p.gainStart + i]' : '1.0'}; }
${rowMain(lanes)}
  let at = p.start + row * p.length;
  let gradAt = p.gradStart + row * p.length;
  let mean = means[p.meanStart + row];
  let rstd = rstds[p.rstdStart + row];
  var plain = 0.0;
  var along = 0.0;
  for (var i = lane; i < p.length; i += ${lanes}u) {
    let g = grads[gradAt + i] * gainOf(i);
    plain += g;
    along += g * ((xs[at + i] - mean) * rstd);
  }
  plain = rowSum(lane, local, plain) / f32(p.length);
  along = rowSum(lane, local, along) / f32(p.length);
  if (!inside) { return; }
  for (var i = lane; i < p.length; i += ${lanes}u) {
    let normal = (xs[at + i] - mean) * rstd;
    let g = grads[gradAt + i];
    outs[p.outStart + row * p.length + i] = rstd * (g * gainOf(i) - plain - normal * along);
${terms ? '    terms[row * p.length + i] = g * normal;' : ''}
  }
}`,
  }))
  gpu.dispatch(
    program,
    [gradY, x, ...present(gain), mean, rstd, gradX, ...(terms ? [terms] : [])],
    {
      rows,
      length,
      gradStart: startOf(gradY),
      start: startOf(x),
      gainStart: gain ? startOf(gain) : 0,
      meanStart: startOf(mean),
      rstdStart: startOf(rstd),
      outStart: startOf(gradX),
    },
    gridOf(rows * lanes, gpu.offer.workgroupsPerDimension),
  )
  const sumOverRows = (source: Bound, sourceStart: number, out: Operand): void =>
    runReduce(gpu, {
      kind: 'sum',
      dtype: 'float32',
      source,
      sourceStart,
      kept: [{ size: length, stride: 1 }],
      reduced: [{ size: rows, stride: length }],
      out,
      outStart: startOf(out),
      count: length,
      divisor: 1,
    })
  if (gradGain && terms) sumOverRows(terms, 0, gradGain)
  if (gradBias) sumOverRows(gradY, startOf(gradY), gradBias)
}

function present(operand: Operand | null): readonly Operand[] {
  return operand === null ? [] : [operand]
}
