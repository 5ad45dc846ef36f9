// Sums, means, extremes and products over any axes. Sums are added in lanes and joined as a tree: no chain of thousands of terms.

import type { DType, ReduceKind } from '@rnn/core'
import { stridesOf } from '@rnn/core'
import type { Bound, Gpu, Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { planOf } from '../strided.ts'
import { gridOf, GRID_WIDTH } from '../wgsl/grid.ts'
import { mathOf } from '../wgsl/math.ts'

export const reduce: Kernel<'reduce'> = ({ inputs: [x], outputs: [out], attributes: { kind, axes } }, gpu) => {
  const strides = stridesOf(x.shape)
  const over = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const plan = planOf(x.shape, [strides, stridesOf(over).map((stride, axis) => (axes.includes(axis) ? 0 : stride))])
  const axesOf = (reduced: boolean): Axis[] =>
    plan.sizes.flatMap((size, axis) =>
      (plan.strides[1]![axis] === 0) === reduced ? [{ size, stride: plan.strides[0]![axis]! }] : [],
    )
  runReduce(gpu, {
    kind,
    dtype: x.dtype,
    source: x,
    sourceStart: startOf(x),
    kept: axesOf(false),
    reduced: sizeOf(x.shape) === 0 ? [{ size: 0, stride: 1 }] : axesOf(true),
    out,
    outStart: startOf(out),
    count: sizeOf(out.shape),
    divisor: kind === 'mean' ? sizeOf(x.shape) / sizeOf(out.shape) : 1,
  })
}

interface Axis {
  readonly size: number
  readonly stride: number
}

/** A reduction of elements that lie at regular distances. */
export interface Reduction {
  readonly kind: ReduceKind
  readonly dtype: DType
  readonly source: Bound
  readonly sourceStart: number
  /** Axes that remain, outermost first: the elements of `out` in their order. */
  readonly kept: readonly Axis[]
  /** Axes over which is reduced. */
  readonly reduced: readonly Axis[]
  readonly out: Bound
  readonly outStart: number
  /** Elements of `out`. */
  readonly count: number
  /** What the results are divided by. */
  readonly divisor: number
}

/** How a reduction is laid over invocations: all of a workgroup on one element; 8 on each of 32 neighbouring ones; or one each. */
type Layout = 'group' | 'columns' | 'single'

const LANES: Readonly<Record<Layout, number>> = { group: 256, columns: 8, single: 1 }

/** Terms that one invocation may add up, one after the other. */
const LONGEST_CHAIN = 512

/** Fewer are not worth a second dispatch. */
const SHORTEST_CHAIN = 16

/** Below this many workgroups a device is not busy: long reductions are split then. */
const BUSY_GROUPS = 128

/** Records a reduction: one dispatch, or two where the terms of an element are split over workgroups. */
export function runReduce(gpu: Gpu, reduction: Reduction): void {
  const { count, reduced } = reduction
  if (count === 0) return
  const terms = reduced.reduce((product, { size }) => product * size, 1)
  const layout = layoutOf(reduction, terms)
  const lanes = LANES[layout]
  const groups = Math.ceil((count * lanes) / GRID_WIDTH)
  const forBusyness = Math.min(Math.ceil(BUSY_GROUPS / groups), Math.ceil(terms / (lanes * SHORTEST_CHAIN)))
  const forAccuracy = Math.ceil(terms / (lanes * LONGEST_CHAIN))
  const most = gpu.offer.workgroupsPerDimension
  const splits = layout === 'single' ? 1 : Math.min(Math.max(1, forBusyness, forAccuracy), most)
  if (splits === 1) return dispatchReduce(gpu, reduction, layout, terms, 1)
  const partial = gpu.scratch(count * splits * 4)
  dispatchReduce(gpu, { ...reduction, out: partial, outStart: 0, divisor: 1 }, layout, terms, splits)
  runReduce(gpu, {
    ...reduction,
    source: partial,
    sourceStart: 0,
    kept: count === 1 ? [] : [{ size: count, stride: 1 }],
    reduced: [{ size: splits, stride: count }],
  })
}

function layoutOf({ kept, reduced }: Reduction, terms: number): Layout {
  const innermost = reduced.at(-1)
  if (innermost !== undefined && (kept.length === 0 || innermost.stride < kept.at(-1)!.stride)) {
    return terms > 32 ? 'group' : 'single'
  }
  return terms > 16 ? 'columns' : 'single'
}

function dispatchReduce(gpu: Gpu, reduction: Reduction, layout: Layout, terms: number, splits: number): void {
  const { kind, dtype, source, sourceStart, kept, reduced, out, outStart, count, divisor } = reduction
  const type = dtype === 'float32' ? 'f32' : 'i32'
  const lanes = LANES[layout]
  const perGroup = GRID_WIDTH / lanes
  const operation = kind === 'mean' ? 'sum' : kind
  const key = `reduce ${operation} ${type} ${layout} ${kept.length} ${reduced.length}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: type },
    writes: { outs: type },
    parameters: {
      count: 'u32',
      start: 'u32',
      outStart: 'u32',
      terms: 'u32',
      termsPerSplit: 'u32',
      identity: type,
      divisor: type,
      ...axisParameters('kept', kept),
      ...axisParameters('reduced', reduced),
    } as Record<string, 'u32' | 'i32' | 'f32'>,
    body: `${type === 'f32' ? mathOf('extremes') : ''}
${offsetOf('kept', kept)}
${offsetOf('reduced', reduced)}
fn join(a: ${type}, b: ${type}) -> ${type} { return ${joined(operation, type)}; }
var<workgroup> parts: array<${type}, ${GRID_WIDTH}>;

@compute @workgroup_size(${GRID_WIDTH})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  ${layout === 'columns' ? `let lane = local / ${perGroup}u; let column = local % ${perGroup}u;` : `let lane = local % ${lanes}u; let column = local / ${lanes}u;`}
  let element = (workgroup.y * workgroups.x + workgroup.x) * ${perGroup}u + column;
  let inside = element < p.count;
  let base = p.start + keptOffset(select(0u, element, inside));
  let first = workgroup.z * p.termsPerSplit;
  let last = select(0u, min(first + p.termsPerSplit, p.terms), inside);
  var value = p.identity;
  for (var term = first + lane; term < last; term += ${lanes}u) {
    value = join(value, xs[base + reducedOffset(term)]);
  }
${
  lanes === 1
    ? ''
    : `  parts[local] = value;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { parts[local] = join(parts[local], parts[local + half * ${layout === 'columns' ? perGroup : 1}u]); }
    workgroupBarrier();
  }
  value = parts[local];`
}
  if (inside && lane == 0u) { outs[p.outStart + workgroup.z * p.count + element] = value / p.divisor; }
}`,
  }))
  const [x, y] = gridOf(count * lanes, gpu.offer.workgroupsPerDimension)
  gpu.dispatch(
    program,
    [source, out],
    {
      count,
      start: sourceStart,
      outStart,
      terms,
      termsPerSplit: Math.ceil(terms / splits),
      identity: identityOf(kind, dtype),
      divisor,
      ...axisValues('kept', kept),
      ...axisValues('reduced', reduced),
    },
    [x, y, splits],
  )
}

/** Of nothing: bool max (any) is false and min (all) is true. */
function identityOf(kind: ReduceKind, dtype: DType): number {
  switch (kind) {
    case 'sum':
    case 'mean':
      return 0
    case 'product':
      return 1
    case 'max':
      return dtype === 'float32' ? -Infinity : dtype === 'bool' ? 0 : -2147483648
    case 'min':
      return dtype === 'float32' ? Infinity : dtype === 'bool' ? 1 : 2147483647
  }
}

function joined(kind: Exclude<ReduceKind, 'mean'>, type: 'f32' | 'i32'): string {
  if (kind === 'sum') return 'a + b'
  if (kind === 'product') return 'a * b'
  if (type === 'i32') return `${kind}(a, b)`
  return kind === 'max' ? 'rnnMax(a, b)' : 'rnnMin(a, b)'
}

function axisParameters(name: string, axes: readonly Axis[]): Record<string, 'u32'> {
  return Object.fromEntries(Object.keys(axisValues(name, axes)).map((each) => [each, 'u32' as const]))
}

function axisValues(name: string, axes: readonly Axis[]): Record<string, number> {
  return Object.fromEntries(
    axes.flatMap(({ size, stride }, i) => [
      [`${name}Size${i}`, size],
      [`${name}Stride${i}`, stride],
    ]),
  )
}

/** WGSL of `keptOffset` or `reducedOffset`: from a number of an element, or of a term, to its place. */
function offsetOf(name: string, axes: readonly Axis[]): string {
  const lines = axes.map((_, i) => {
    const axis = axes.length - 1 - i
    const index = axis === 0 ? 'left' : `left % p.${name}Size${axis}`
    return `  offset += (${index}) * p.${name}Stride${axis};${axis === 0 ? '' : ` left /= p.${name}Size${axis};`}`
  })
  return `fn ${name}Offset(index: u32) -> u32 {
  var left = index;
  var offset = 0u;
${lines.join('\n')}
  return offset;
}`
}
