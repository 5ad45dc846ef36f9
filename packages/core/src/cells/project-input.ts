// What most cells do with their input before they need a state.

import { linear } from '../ops/matmul.ts'
import type { Tensor } from '../tensor.ts'
import type { Parameters } from './cell.ts'

/**
 * `x·kernel + bias`, as the `project` of a cell. It is linear: who meets a cell with this very function may project parts of the input apart and add
 * the results, as decoders do.
 */
export function projectInput(x: Tensor, { kernel, bias }: Parameters<'kernel' | 'bias'>): Tensor {
  return linear(x, kernel, bias)
}
