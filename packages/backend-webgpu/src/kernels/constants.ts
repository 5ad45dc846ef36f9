// Constants of a call as an operand's dtype stores them.

import type { DType } from '@rnn/core'
import type { ParameterType } from '../program.ts'

/** A constant as a parameter, by the rules of casts: int32 truncates and saturates (NaN gives 0), bool is `≠ 0`. */
export function constantOf(value: number, dtype: DType): readonly [type: ParameterType, value: number] {
  switch (dtype) {
    case 'float32':
      return ['f32', value]
    case 'int32':
      return ['i32', Number.isNaN(value) ? 0 : Math.max(-2147483648, Math.min(2147483647, Math.trunc(value)))]
    case 'bool':
      return ['i32', value !== 0 ? 1 : 0]
  }
}
