// Gated recurrent unit.

import { glorotUniform, orthogonal, zeroInitializer } from '../initializers.ts'
import { add, lerp, mul } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { sigmoid, tanh } from '../ops/unary.ts'
import { split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell } from './cell.ts'
import { projectInput } from './project-input.ts'

/**
 * Gated recurrent unit, reset after the recurrent product (Cho et al. 2014; the variant of cuDNN, PyTorch and Keras). Gate order r, z, n. State: hidden.
 * Parameters: kernel `[I, 3H]`, recurrent `[H, 3H]`, bias and recurrentBias `[3H]`.
 */
export const gruCell: Cell<'kernel' | 'recurrent' | 'bias' | 'recurrentBias', readonly [h: Tensor]> =
  /* @__PURE__ */ defineBuiltInCell<'kernel' | 'recurrent' | 'bias' | 'recurrentBias', readonly [h: Tensor]>({
    kind: 'gru',
    gates: 3,
    stateSizes: (units) => [units],
    parameters: (inputSize, units) => ({
      kernel: { shape: [inputSize, 3 * units], initializer: glorotUniform },
      recurrent: { shape: [units, 3 * units], initializer: orthogonal },
      bias: { shape: [3 * units], initializer: zeroInitializer },
      recurrentBias: { shape: [3 * units], initializer: zeroInitializer },
    }),
    project: projectInput,
    step(projected, [h], { recurrent, recurrentBias }, fed) {
      const [xr, xz, xn] = split(projected, 3)
      const [hr, hz, hn] = split(linear(fed, recurrent, recurrentBias), 3)
      const r = sigmoid(add(xr, hr))
      const z = sigmoid(add(xz, hz))
      const n = tanh(add(xn, mul(r, hn)))
      return [lerp(n, h, z)] // h' = (1 − z)·n + z·h
    },
  })
