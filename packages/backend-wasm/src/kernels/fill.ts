// Fill: one value everywhere.

import { sizeOf } from '@rnn/core'
import type { DType } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'

export const fill: Kernel<'fill'> = (call, machine) => {
  const [out] = call.outputs
  const count = sizeOf(out.shape)
  if (count === 0) return
  const parts = machine.partsFor(count)
  machine.begin(parts).int(addressOf(out, machine)).int(count)
  const { value } = call.attributes
  if (out.dtype === 'float32') machine.float(value)
  else machine.int(asDType(value, out.dtype))
  machine.run('fill')
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
