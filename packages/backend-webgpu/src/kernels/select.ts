// Select: a where the mask is set, b elsewhere, broadcast; either may be a constant.

import type { Kernel } from '../kernel.ts'
import { constantOf } from './constants.ts'
import { runElementwise } from './elementwise.ts'

export const select: Kernel<'select'> = ({ inputs: [mask, a, b], outputs: [out], attributes: { scalar = 0 } }, gpu) => {
  const absent = a === null ? 'a' : b === null ? 'b' : undefined
  const [x, y] = [a === null ? 'p.scalar' : 'a', b === null ? 'p.scalar' : 'b']
  runElementwise(gpu, {
    key: `select${absent === undefined ? '' : ` ${absent} constant`}`,
    inputs: { mask, a, b },
    out,
    expression: `select(${y}, ${x}, mask != 0)`,
    ...(absent !== undefined && { parameters: { scalar: constantOf(scalar, out.dtype) } }),
  })
}
