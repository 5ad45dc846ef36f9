// fill: one value everywhere.

import { sizeOf, startOf, wgslType } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

export const fill: Kernel<'fill'> = ({ outputs: [out], attributes }, gpu) => {
  const type = wgslType(out)
  const count = sizeOf(out.shape)
  const program = gpu.program(`fill ${type}`, () => ({
    key: `fill ${type}`,
    reads: {},
    writes: { out: type },
    parameters: { count: 'u32', start: 'u32', value: type },
    body: `${GRID_MAIN}
  out[p.start + i] = p.value;
}`,
  }))
  const value =
    out.dtype === 'float32'
      ? attributes.value
      : out.dtype === 'bool'
        ? Number(attributes.value !== 0)
        : attributes.value
  gpu.dispatch(program, [out], { count, start: startOf(out), value }, gridOf(count, gpu.offer.workgroupsPerDimension))
}
