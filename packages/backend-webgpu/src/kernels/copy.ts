// Copy, cast and in-place accumulation, with rows on both sides.

import { isContiguous } from '@rnn/core'
import type { DType, Operand } from '@rnn/core'
import type { Gpu, Kernel } from '../kernel.ts'
import { sizeOf, startOf, wgslType } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import { callOf } from '../wgsl/lanes.ts'
import { mathOf } from '../wgsl/math.ts'
import { runElementwise } from './elementwise.ts'

export const copy: Kernel<'copy'> = ({ inputs: [x], outputs: [out], attributes: { accumulate } }, gpu) => {
  const key = accumulate ? 'accumulate' : `copy ${x.dtype} ${out.dtype}`
  const expression = accumulate ? 'old + x' : cast(x.dtype, out.dtype)
  const functions = expression.includes('isNan') ? mathOf('isNan') : ''
  if (isContiguous(x) && isContiguous(out)) {
    // Shapes may differ; the order of the elements is the same.
    const shape = [sizeOf(out.shape)]
    const flat = ({ buffer, byteOffset, dtype }: Operand): Operand => ({ buffer, byteOffset, dtype, shape })
    runElementwise(gpu, { key, inputs: { x: flat(x) }, out: flat(out), functions, expression, readsOutput: accumulate })
  } else {
    copyRows(gpu, { key, x, out, functions, expression })
  }
}

interface RowCopy {
  readonly key: string
  readonly x: Operand
  readonly out: Operand
  readonly functions: string
  readonly expression: string
}

/** Rows of any lengths, the same or not, on either side; four elements at a time where all rows consist of such. */
function copyRows(gpu: Gpu, { key, x, out, functions, expression }: RowCopy): void {
  const count = sizeOf(out.shape)
  const values = {
    count,
    xStart: startOf(x),
    xLength: x.rowLength ?? count,
    xStride: x.rowStride ?? count,
    outStart: startOf(out),
    outLength: out.rowLength ?? count,
    outStride: out.rowStride ?? count,
  }
  const lanes = Object.values(values).every((value) => value % 4 === 0) ? 4 : 1
  const [from, to] = [wgslType(x), wgslType(out)]
  const name = `${key} rows ${x.dtype} ${out.dtype} ${lanes}`
  const program = gpu.program(name, () => {
    const stored = (type: string): string => (lanes === 4 ? `vec4<${type}>` : type)
    const args = ['xs[xAt]', 'outs[outAt]'].map((value) => ({ value, wide: lanes === 4 }))
    return {
      key: name,
      reads: { xs: stored(from) },
      writes: { outs: stored(to) },
      parameters: {
        count: 'u32',
        xStart: 'u32',
        xLength: 'u32',
        xStride: 'u32',
        outStart: 'u32',
        outLength: 'u32',
        outStride: 'u32',
      },
      body: `${functions}
fn one(x: ${from}, old: ${to}) -> ${to} { return ${expression}; }
${GRID_MAIN}
  let xAt = p.xStart + (i / p.xLength) * p.xStride + i % p.xLength;
  let outAt = p.outStart + (i / p.outLength) * p.outStride + i % p.outLength;
  outs[outAt] = ${callOf('one', args, { type: to, lanes })};
}`,
    }
  })
  const units = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value / lanes]))
  gpu.dispatch(program, [x, out], units as typeof values, gridOf(count / lanes, gpu.offer.workgroupsPerDimension))
}

/** Floats that are moved keep their bits, NaN's too; a cast to int32 truncates, saturates, and makes 0 of NaN. */
function cast(from: DType, to: DType): string {
  if (from === to) return 'x'
  if (to === 'float32') return 'f32(x)'
  if (to === 'bool') return from === 'float32' ? 'select(1, 0, x == 0.0)' : 'select(1, 0, x == 0)'
  if (from === 'bool') return 'x'
  return 'select(select(i32(clamp(x, -2147483648.0, 2147483520.0)), 2147483647, x >= 2147483648.0), 0, isNan(x))'
}
