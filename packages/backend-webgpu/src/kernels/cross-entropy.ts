// Cross-entropy of logits with labels, row by row, and its gradient.

import type { Operand } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { gridOf } from '../wgsl/grid.ts'
import { mathOf } from '../wgsl/math.ts'
import { IS_LOWEST, lanesFor, rowMain, rowTrees, sumOfExponentials } from '../wgsl/rows.ts'

/** A label that is neither −1 nor a class is reported, and taken for −1. */
const LABEL = `
fn labelOf(row: u32, lane: u32, inside: bool) -> i32 {
  let label = labels[p.labelStart + row];
  if (label >= -1 && label < i32(p.classes)) { return label; }
  if (inside && lane == 0u) { reportIndex(label, p.classes); }
  return -1;
}
`

/** The weight of class `c`. */
function weightOf(weights: Operand | null): string {
  return weights === null
    ? 'fn weightOf(c: u32) -> f32 { return 1.0; }'
    : 'fn weightOf(c: u32) -> f32 { return weights[p.weightStart + c]; }'
}

export const crossEntropyForward: Kernel<'crossEntropyForward'> = (call, gpu) => {
  const [logits, labels, weights] = call.inputs
  const [loss, logSumExp] = call.outputs
  const { labelSmoothing } = call.attributes
  const [rows, classes] = logits.shape as readonly [number, number]
  const lanes = lanesFor(classes)
  const smooth = labelSmoothing !== 0
  const key = `crossEntropyForward ${lanes} ${weights ? 'weighted' : ''} ${smooth ? 'smooth' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { logits: 'f32', labels: 'i32', ...(weights && { weights: 'f32' }) },
    writes: { losses: 'f32', sums: 'f32' },
    parameters: {
      rows: 'u32',
      classes: 'u32',
      start: 'u32',
      labelStart: 'u32',
      weightStart: 'u32',
      lossStart: 'u32',
      sumStart: 'u32',
      lowest: 'f32',
      kept: 'f32',
      smoothing: 'f32',
    },
    reportsIndices: true,
    body: `${mathOf('exp', 'log')}${IS_LOWEST}${rowTrees(lanes, true)}${LABEL}${weightOf(weights)}${rowMain(lanes)}
  let at = p.start + row * p.classes;${sumOfExponentials(lanes, (index) => `logits[at + ${index}]`, 'p.classes')}
  let logSum = rnnLog(sum);
  let total = shift + logSum;
${
  smooth
    ? `  var distance = 0.0;
  for (var c = lane; c < p.classes; c += ${lanes}u) { distance += weightOf(c) * ((shift - logits[at + c]) + logSum); }
  distance = rowSum(lane, local, distance);`
    : '  let distance = 0.0;'
}
  let label = labelOf(row, lane, inside);
  if (!inside || lane != 0u) { return; }
  sums[p.sumStart + row] = total;
  var value = 0.0;
  if (label >= 0) {
    let c = u32(label);
    value = p.kept * weightOf(c) * ((shift - logits[at + c]) + logSum)${smooth ? ' + p.smoothing * distance' : ''};
  }
  losses[p.lossStart + row] = value;
}`,
  }))
  gpu.dispatch(
    program,
    [logits, labels, ...(weights ? [weights] : []), loss, logSumExp],
    {
      rows,
      classes,
      start: startOf(logits),
      labelStart: startOf(labels),
      weightStart: weights ? startOf(weights) : 0,
      lossStart: startOf(loss),
      sumStart: startOf(logSumExp),
      lowest: -Infinity,
      kept: 1 - labelSmoothing,
      smoothing: labelSmoothing / classes,
    },
    gridOf(rows * lanes, gpu.offer.workgroupsPerDimension),
  )
}

/** With q[c] = (1−ε)·w[y]·[c = y] + ε/V·w[c]: d loss / d x[c] = softmax(x)[c]·Σq − q[c]. */
export const crossEntropyBackward: Kernel<'crossEntropyBackward'> = (call, gpu) => {
  const [gradLoss, logits, labels, weights, logSumExp] = call.inputs
  const [gradLogits] = call.outputs
  const { labelSmoothing } = call.attributes
  const [rows, classes] = logits.shape as readonly [number, number]
  const lanes = lanesFor(classes)
  const sumsWeights = labelSmoothing !== 0 && weights !== null
  const key = `crossEntropyBackward ${lanes} ${weights ? 'weighted' : ''} ${sumsWeights ? 'smooth' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { upstream: 'f32', logits: 'f32', labels: 'i32', ...(weights && { weights: 'f32' }), sums: 'f32' },
    writes: { outs: 'f32' },
    parameters: {
      rows: 'u32',
      classes: 'u32',
      upstreamStart: 'u32',
      start: 'u32',
      labelStart: 'u32',
      weightStart: 'u32',
      sumStart: 'u32',
      outStart: 'u32',
      kept: 'f32',
      smoothing: 'f32',
    },
    reportsIndices: true,
    body: `${mathOf('exp')}${rowTrees(lanes)}${LABEL}${weightOf(weights)}${rowMain(lanes)}
  let at = p.start + row * p.classes;
  let outAt = p.outStart + row * p.classes;
${
  sumsWeights
    ? `  var weightSum = 0.0;
  for (var c = lane; c < p.classes; c += ${lanes}u) { weightSum += weightOf(c); }
  weightSum = rowSum(lane, local, weightSum);`
    : '  let weightSum = f32(p.classes);'
}
  let label = labelOf(row, lane, inside);
  if (!inside) { return; }
  if (label < 0) {
    for (var c = lane; c < p.classes; c += ${lanes}u) { outs[outAt + c] = 0.0; }
    return;
  }
  let grad = upstream[p.upstreamStart + row];
  let hit = p.kept * weightOf(u32(label));
  let factor = grad * (hit + p.smoothing * weightSum);
  let total = sums[p.sumStart + row];
  for (var c = lane; c < p.classes; c += ${lanes}u) {
    let wanted = p.smoothing * weightOf(c) + select(0.0, hit, c == u32(label));
    outs[outAt + c] = rnnExp(logits[at + c] - total) * factor - grad * wanted;
  }
}`,
  }))
  gpu.dispatch(
    program,
    [gradLoss, logits, labels, ...(weights ? [weights] : []), logSumExp, gradLogits],
    {
      rows,
      classes,
      upstreamStart: startOf(gradLoss),
      start: startOf(logits),
      labelStart: startOf(labels),
      weightStart: weights ? startOf(weights) : 0,
      sumStart: startOf(logSumExp),
      outStart: startOf(gradLogits),
      kept: 1 - labelSmoothing,
      smoothing: labelSmoothing / classes,
    },
    gridOf(rows * lanes, gpu.offer.workgroupsPerDimension),
  )
}
