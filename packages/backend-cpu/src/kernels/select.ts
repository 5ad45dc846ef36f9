// Select: a where the mask is set, b elsewhere, broadcast.

import type { Operand } from '@rnn/core'
import type { Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { asDType } from './fill.ts'
import { advance, planWalk, stridesOver } from '../strided.ts'

export const select: Kernel<'select'> = (call, context) => {
  const [mask, a, b] = call.inputs
  const [out] = call.outputs
  const { shape, dtype } = out
  const { scalar = 0 } = call.attributes
  const zeros = new Array<number>(shape.length).fill(0)
  const walk = planWalk(
    shape,
    [
      stridesOver(mask, shape),
      a === null ? zeros : stridesOver(a, shape),
      b === null ? zeros : stridesOver(b, shape),
      stridesOver(out, shape),
    ],
    [startOf(mask), a === null ? 0 : startOf(a), b === null ? 0 : startOf(b), startOf(out)],
  )
  const { count, runs, offsets, steps } = walk
  // Words move unchanged, whatever they stand for.
  const constant =
    dtype === 'float32' ? new Int32Array(new Float32Array([scalar]).buffer) : new Int32Array([asDType(scalar, dtype)])
  const words = (operand: Operand | null, from: KernelContext): Int32Array =>
    operand === null ? constant : from.ints(operand)
  const [m, x, y, target] = [context.ints(mask), words(a, context), words(b, context), context.ints(out)]
  for (let i = 0; i < runs; i++) {
    selectRun(
      m,
      offsets[0]!,
      steps[0]!,
      x,
      offsets[1]!,
      steps[1]!,
      y,
      offsets[2]!,
      steps[2]!,
      target,
      offsets[3]!,
      steps[3]!,
      count,
    )
    advance(walk)
  }
}

function selectRun(
  mask: Int32Array,
  m: number,
  maskStep: number,
  a: Int32Array,
  p: number,
  aStep: number,
  b: Int32Array,
  q: number,
  bStep: number,
  out: Int32Array,
  o: number,
  outStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++, m += maskStep, p += aStep, q += bStep, o += outStep) {
    out[o] = mask[m] !== 0 ? a[p]! : b[q]!
  }
}
