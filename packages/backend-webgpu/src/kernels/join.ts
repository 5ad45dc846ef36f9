// Concat and pad: elements moved along axes.

import type { Kernel } from '../kernel.ts'
import { sizeOf, startOf, wgslType } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import { constantOf } from './constants.ts'

export const concat: Kernel<'concat'> = ({ inputs, outputs: [out], attributes: { axis } }, gpu) => {
  const outRow = sizeOf(out.shape.slice(axis))
  const program = gpu.program('concat', () => ({
    key: 'concat',
    // Words move unchanged, whatever they stand for.
    reads: { xs: 'u32' },
    writes: { out: 'u32' },
    parameters: { count: 'u32', row: 'u32', outRow: 'u32', start: 'u32', outStart: 'u32' },
    body: `${GRID_MAIN}
  out[p.outStart + (i / p.row) * p.outRow + i % p.row] = xs[p.start + i];
}`,
  }))
  let outStart = startOf(out)
  for (const x of inputs) {
    const row = sizeOf(x.shape.slice(axis))
    const count = sizeOf(x.shape)
    gpu.dispatch(
      program,
      [x, out],
      { count, row, outRow, start: startOf(x), outStart },
      gridOf(count, gpu.offer.workgroupsPerDimension),
    )
    outStart += row
  }
}

export const pad: Kernel<'pad'> = ({ inputs: [x], outputs: [out], attributes: { before, value } }, gpu) => {
  const type = wgslType(out)
  const rank = out.shape.length
  const count = sizeOf(out.shape)
  const [valueType, constant] = constantOf(value, out.dtype)
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const named = <Value>(name: string, valueOf: (axis: number) => Value): [string, Value][] =>
    axes.map((axis) => [`${name}${axis}`, valueOf(axis)])
  const key = `pad ${type} ${rank}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: type },
    writes: { out: type },
    parameters: {
      count: 'u32',
      start: 'u32',
      outStart: 'u32',
      value: valueType,
      ...Object.fromEntries([
        ...named('size', () => 'u32' as const),
        ...named('before', () => 'u32' as const),
        ...named('outSize', () => 'u32' as const),
      ]),
    } as Record<string, 'u32' | 'i32' | 'f32'>,
    // A place before the first element wraps round to a large number, and so is outside, too.
    body: `${GRID_MAIN}
  var left = i;
  var at = 0u;
  var stride = 1u;
  var inside = true;
${axes
  .toReversed()
  .map(
    (axis) => `  let place${axis} = left % p.outSize${axis} - p.before${axis};
  left /= p.outSize${axis};
  inside = inside && place${axis} < p.size${axis};
  at += place${axis} * stride;
  stride *= p.size${axis};`,
  )
  .join('\n')}
  var value = p.value;
  if (inside) { value = xs[p.start + at]; }
  out[p.outStart + i] = value;
}`,
  }))
  gpu.dispatch(
    program,
    [x, out],
    {
      count,
      start: startOf(x),
      outStart: startOf(out),
      value: constant,
      ...Object.fromEntries([
        ...named('size', (axis) => x.shape[axis]!),
        ...named('before', (axis) => before[axis]!),
        ...named('outSize', (axis) => out.shape[axis]!),
      ]),
    },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
