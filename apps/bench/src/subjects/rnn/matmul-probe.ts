/** How fast a device multiplies large matrices by our own backend: what a layer's products could reach at most. */

import type { Backend, OpCall, Operand } from '@rnn/core'
import type { Probe } from '../subject.ts'

interface Effort {
  /** Rows and columns. */
  readonly size: number
  /** Products for each wait. */
  readonly products: number
}

const HARDWARE: Effort = { size: 4096, products: 4 }
const SOFTWARE: Effort = { size: 256, products: 1 }
const FLOAT_BYTES = 4

/** The product of two square matrices, which are made at the first run and are the backend's. */
export function matmulProbe(backend: Backend): Probe {
  const { size, products } = backend.info.software ? SOFTWARE : HARDWARE
  let call: OpCall | undefined
  return {
    name: `product of ${size} × ${size}`,
    measures: 'matmul',
    work: products * 2 * size ** 3,
    unit: 'flop',
    async run() {
      call ??= {
        op: 'matmul',
        inputs: [matrix(backend, size), matrix(backend, size), null],
        outputs: [matrix(backend, size)],
        attributes: { transposeA: false, transposeB: false, accumulate: false },
      }
      for (let i = 0; i < products; i++) backend.run(call)
      await backend.sync()
    },
  }
}

/** Written, so that no memory is shared and no number is a denormal. */
function matrix(backend: Backend, size: number): Operand {
  const operand: Operand = {
    buffer: backend.allocate(size ** 2 * FLOAT_BYTES, 'parameter'),
    byteOffset: 0,
    shape: [size, size],
    dtype: 'float32',
  }
  backend.run({ op: 'fill', inputs: [], outputs: [operand], attributes: { value: 0.5 } })
  return operand
}
