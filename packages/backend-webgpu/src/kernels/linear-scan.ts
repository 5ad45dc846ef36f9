// Linear recurrences h[t] = a[t]·h[t−1] + b[t], parallel over time: chunks by themselves, then what enters each chunk, then the chunks again from there.
//
// Blelloch's scheme (1990) with one level: three dispatches, none of which waits for another workgroup of its own. A chunk is summed up by the product of its
// factors and by where it leads from zero. Either may pass the range of float32 where no h does: such a chunk is walked step by step between the others.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu, Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

export const linearScanForward: Kernel<'linearScanForward'> = ({ inputs, outputs: [h], attributes }, gpu) => {
  const [a, b, initial] = inputs
  scan(gpu, { a, b, initial, out: h, towardPast: attributes.reverse, late: false })
}

/** The gradient of b is the scan the other way round, where a comes a step later. */
export const linearScanBackward: Kernel<'linearScanBackward'> = ({ inputs, outputs, attributes }, gpu) => {
  const [gradH, a, h, initial] = inputs
  const [gradA, gradB, gradInitial] = outputs
  const { reverse } = attributes
  scan(gpu, { a, b: gradH, initial: null, out: gradB, towardPast: !reverse, late: true })
  const [batch, steps, units] = h.shape as readonly [number, number, number]
  const count = batch * steps * units
  const key = `linearScan gradA ${initial ? 'initial' : ''}`
  const gradient = gpu.program(key, () => ({
    key,
    reads: { grads: 'f32', hs: 'f32', ...(initial && { initials: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: {
      count: 'u32',
      steps: 'u32',
      units: 'u32',
      gradStart: 'u32',
      hStart: 'u32',
      initialStart: 'u32',
      outStart: 'u32',
      reverse: 'u32',
    },
    body: `${GRID_MAIN}
  let t = (i / p.units) % p.steps;
  var before = 0.0;
  if (t == select(0u, p.steps - 1u, p.reverse == 1u)) {
${initial ? '    before = initials[p.initialStart + (i / (p.units * p.steps)) * p.units + i % p.units];' : ''}
  } else {
    before = hs[select(p.hStart + i - p.units, p.hStart + i + p.units, p.reverse == 1u)];
  }
  outs[p.outStart + i] = grads[p.gradStart + i] * before;
}`,
  }))
  gpu.dispatch(
    gradient,
    [gradB, h, ...(initial ? [initial] : []), gradA],
    {
      count,
      steps,
      units,
      gradStart: startOf(gradB),
      hStart: startOf(h),
      initialStart: initial ? startOf(initial) : 0,
      outStart: startOf(gradA),
      reverse: Number(reverse),
    },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
  if (gradInitial) firstGradient(gpu, { a, gradB, gradInitial, steps, units, first: reverse ? steps - 1 : 0 })
}

interface FirstGradient {
  readonly a: Operand
  readonly gradB: Operand
  readonly gradInitial: Operand
  readonly steps: number
  readonly units: number
  /** The step that the initial state enters. */
  readonly first: number
}

/** gradInitial = a·gradB at the first step. */
function firstGradient(gpu: Gpu, { a, gradB, gradInitial, steps, units, first }: FirstGradient): void {
  const count = gradInitial.shape[0]! * units
  const program = gpu.program('linearScan gradInitial', () => ({
    key: 'linearScan gradInitial',
    reads: { factors: 'f32', grads: 'f32' },
    writes: { outs: 'f32' },
    parameters: {
      count: 'u32',
      units: 'u32',
      row: 'u32',
      factorStart: 'u32',
      gradStart: 'u32',
      outStart: 'u32',
      first: 'u32',
      steps: 'u32',
    },
    body: `${GRID_MAIN}
  // Without steps the gradient of the only state, which nobody used, is 0.
  var grad = 0.0;
  if (p.steps > 0u) {
    let at = (i / p.units) * p.row + p.first * p.units + i % p.units;
    grad = factors[p.factorStart + at] * grads[p.gradStart + at];
  }
  outs[p.outStart + i] = grad;
}`,
  }))
  gpu.dispatch(
    program,
    [a, gradB, gradInitial],
    {
      count,
      units,
      row: steps * units,
      factorStart: startOf(a),
      gradStart: startOf(gradB),
      outStart: startOf(gradInitial),
      first: Math.max(first, 0),
      steps,
    },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}

interface Scan {
  readonly a: Operand
  readonly b: Operand
  readonly initial: Operand | null
  readonly out: Operand
  /** From the last step to the first. */
  readonly towardPast: boolean
  /** The factor of a step is that of the step before (in the order of the scan), and none at the first. */
  readonly late: boolean
}

function scan(gpu: Gpu, { a, b, initial, out, towardPast, late }: Scan): void {
  const [batch, steps, units] = out.shape as readonly [number, number, number]
  if (batch * steps * units === 0) return
  // As many chunks as steps in each: the longest walk is then the shortest.
  const chunk = Math.max(16, Math.ceil(Math.sqrt(steps)))
  const chunks = Math.ceil(steps / chunk)
  const grid = (count: number): readonly [number, number] => gridOf(count, gpu.offer.workgroupsPerDimension)
  const sizes = { steps, units, chunk, chunks, towardPast: Number(towardPast) }
  const starts = { aStart: startOf(a), bStart: startOf(b), initialStart: initial ? startOf(initial) : 0 }
  const parameters = {
    count: 'u32',
    steps: 'u32',
    units: 'u32',
    chunk: 'u32',
    chunks: 'u32',
    towardPast: 'u32',
    aStart: 'u32',
    bStart: 'u32',
    initialStart: 'u32',
    outStart: 'u32',
  } as const
  const initials: readonly Bound[] = initial ? [initial] : []
  // Whether the first step has no state before it.
  const fresh = late || initial === null
  const kind = late ? 'late' : fresh ? 'fresh' : ''

  let entering: readonly Bound[] = []
  if (chunks > 1) {
    const walks = gpu.scratch(batch * chunks * units * 8)
    const summary = gpu.program(`linearScan chunks ${kind}`, () => ({
      key: `linearScan chunks ${kind}`,
      reads: { factors: 'f32', terms: 'f32' },
      writes: { walks: 'vec2<f32>' },
      parameters,
      body: `${stepsOf(late, fresh)}${GRID_MAIN}
${CHUNK}
  var product = 1.0;
  var sum = 0.0;
  for (var s = first; s < last; s++) {
    let factor = factorAt(row, s, unit);
    product *= factor;
    sum = factor * sum + terms[p.bStart + placeOf(row, s, unit)];
  }
  walks[i] = vec2f(product, sum);
}`,
    }))
    const count = batch * chunks * units
    gpu.dispatch(summary, [a, b, walks], { count, ...sizes, ...starts, outStart: 0 }, grid(count))
    const states = gpu.scratch(batch * chunks * units * 4)
    const key = `linearScan entering ${kind}`
    const between = gpu.program(key, () => ({
      key,
      reads: { factors: 'f32', terms: 'f32', walks: 'vec2<f32>', ...(!fresh && { initials: 'f32' }) },
      writes: { states: 'f32' },
      parameters,
      body: `${stepsOf(late, fresh)}
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
${GRID_MAIN}
  let unit = i % p.units;
  let row = i / p.units;
  var state = ${fresh ? '0.0' : 'initials[p.initialStart + i]'};
  var at = row * p.chunks * p.units + unit;
  for (var c = 0u; c < p.chunks; c++) {
    states[at] = state;
    let walk = walks[at];
    if (isFinite(walk.x) && isFinite(walk.y)) {
      state = walk.x * state + walk.y;
    } else {
      for (var s = c * p.chunk; s < min((c + 1u) * p.chunk, p.steps); s++) {
        state = factorAt(row, s, unit) * state + terms[p.bStart + placeOf(row, s, unit)];
      }
    }
    at += p.units;
  }
}`,
    }))
    gpu.dispatch(
      between,
      [a, b, walks, ...(fresh ? [] : initials), states],
      { count: batch * units, ...sizes, ...starts, outStart: 0 },
      grid(batch * units),
    )
    entering = [states]
  }
  const enters = chunks > 1 ? 'states' : fresh ? 'zeros' : 'initial'
  const key = `linearScan ${kind} ${enters}`
  const final = gpu.program(key, () => ({
    key,
    reads: { factors: 'f32', terms: 'f32', ...(enters !== 'zeros' && { states: 'f32' }) },
    writes: { outs: 'f32' },
    parameters,
    body: `${stepsOf(late, fresh)}${GRID_MAIN}
${CHUNK}
  var state = ${enters === 'states' ? 'states[i]' : enters === 'initial' ? 'states[p.initialStart + i]' : '0.0'};
  for (var s = first; s < last; s++) {
    let at = placeOf(row, s, unit);
    state = factorAt(row, s, unit) * state + terms[p.bStart + at];
    outs[p.outStart + at] = state;
  }
}`,
  }))
  const count = batch * chunks * units
  gpu.dispatch(
    final,
    [a, b, ...(chunks > 1 ? entering : fresh ? [] : initials), out],
    { count, ...sizes, ...starts, outStart: startOf(out) },
    grid(count),
  )
}

/** Defines `row`, `unit`, and the steps `first … last` of the chunk of element `i`. */
const CHUNK = `
  let unit = i % p.units;
  let chunk = (i / p.units) % p.chunks;
  let row = i / (p.units * p.chunks);
  let first = chunk * p.chunk;
  let last = min(first + p.chunk, p.steps);`

/** `placeOf` and `factorAt` of step `s` in the order of the scan. Where no state comes before the first step its factor is 0, whatever `a` holds there. */
function stepsOf(late: boolean, fresh: boolean): string {
  return `
fn placeOf(row: u32, s: u32, unit: u32) -> u32 {
  let t = select(s, p.steps - 1u - s, p.towardPast == 1u);
  return (row * p.steps + t) * p.units + unit;
}
fn factorAt(row: u32, s: u32, unit: u32) -> f32 {
${fresh ? '  if (s == 0u) { return 0.0; }\n' : ''}  return factors[p.aStart + placeOf(row, ${late ? 's - 1u' : 's'}, unit)];
}
`
}
