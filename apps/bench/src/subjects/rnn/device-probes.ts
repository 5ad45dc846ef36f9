/** What a device gives at most, by our own backend: how fast it copies and how fast it multiplies matrices. */

import type { Backend, OpCall, Operand, Shape } from '@rnn/core'
import type { Probe } from '../subject.ts'

interface Sizes {
  readonly copyBytes: number
  /** Rows and columns of the matrices. */
  readonly matmul: number
  /** Calls for each wait: so many that the wait itself counts for little. */
  readonly copies: number
  readonly products: number
}

const HARDWARE: Sizes = { copyBytes: 2 ** 28, matmul: 4096, copies: 32, products: 4 }
const SOFTWARE: Sizes = { copyBytes: 2 ** 24, matmul: 256, copies: 1, products: 1 }
const FLOAT_BYTES = 4

/** A large copy and a large product. Their buffers are the backend's, made at the first run. */
export function deviceProbes(backend: Backend): Probe[] {
  const { copyBytes, matmul: size, copies, products } = backend.info.software ? SOFTWARE : HARDWARE
  const elements = Math.min(copyBytes, backend.info.limits.maxBufferBytes) / FLOAT_BYTES
  return [
    {
      name: `product of ${size} × ${size}`,
      work: products * 2 * size ** 3,
      unit: 'flop',
      run: repeated(backend, products, () => {
        const [a, b, out] = [matrix(backend, size), matrix(backend, size), matrix(backend, size)]
        return {
          op: 'matmul',
          inputs: [a, b, null],
          outputs: [out],
          attributes: { transposeA: false, transposeB: false, accumulate: false },
        }
      }),
    },
    {
      name: `copy of ${(elements * FLOAT_BYTES) / 2 ** 20} MiB`,
      work: copies * 2 * elements * FLOAT_BYTES,
      unit: 'byte',
      run: repeated(backend, copies, () => ({
        op: 'copy',
        inputs: [filled(backend, [elements])],
        outputs: [filled(backend, [elements])],
        attributes: { accumulate: false },
      })),
    },
  ]
}

/** Runs a call so many times and waits once. */
function repeated(backend: Backend, times: number, make: () => OpCall): () => Promise<void> {
  let call: OpCall | undefined
  return async () => {
    call ??= make()
    for (let i = 0; i < times; i++) backend.run(call)
    await backend.sync()
  }
}

function matrix(backend: Backend, size: number): Operand {
  return filled(backend, [size, size])
}

/** Written, so that no memory is shared and no number is a denormal. */
function filled(backend: Backend, shape: Shape): Operand {
  const count = shape.reduce((product, each) => product * each, 1)
  const operand: Operand = {
    buffer: backend.allocate(count * FLOAT_BYTES, 'parameter'),
    byteOffset: 0,
    shape,
    dtype: 'float32',
  }
  backend.run({ op: 'fill', inputs: [], outputs: [operand], attributes: { value: 0.5 } })
  return operand
}
