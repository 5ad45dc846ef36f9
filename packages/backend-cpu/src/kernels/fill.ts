// Fill: one value everywhere.

import { sizeOf } from '@rnn/core'
import type { DType } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const fill: Kernel<'fill'> = (call, context) => {
  const [out] = call.outputs
  const start = startOf(out)
  const array = out.dtype === 'float32' ? context.floats(out) : context.ints(out)
  array.fill(asDType(call.attributes.value, out.dtype), start, start + sizeOf(out.shape))
}

/** A constant as an element, by the rules of casts: int32 truncates and saturates, bool is `≠ 0`. */
export function asDType(value: number, dtype: DType): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(value)
    case 'int32':
      return Math.max(-2147483648, Math.min(2147483647, Math.trunc(value))) | 0
    case 'bool':
      return value !== 0 ? 1 : 0
  }
}
