// Long short-term memory.

import { blocks, constant, glorotUniform, orthogonal, zeroInitializer } from '../initializers.ts'
import { add, mul } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { sigmoid, tanh } from '../ops/unary.ts'
import { split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell } from './cell.ts'
import { projectInput } from './project-input.ts'

/**
 * Long short-term memory with forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000). Gate order i, f, g, o, as in PyTorch and cuDNN; the
 * forget gate's bias starts at 1 (Jozefowicz et al. 2015). State: hidden, cell. Parameters: kernel `[I, 4H]`, recurrent `[H, 4H]`, bias `[4H]`.
 */
export const lstmCell: Cell<'kernel' | 'recurrent' | 'bias', readonly [h: Tensor, c: Tensor]> =
  /* @__PURE__ */ defineBuiltInCell<'kernel' | 'recurrent' | 'bias', readonly [h: Tensor, c: Tensor]>({
    kind: 'lstm',
    gates: 4,
    stateSizes: (units) => [units, units],
    parameters: (inputSize, units) => ({
      kernel: { shape: [inputSize, 4 * units], initializer: glorotUniform },
      recurrent: { shape: [units, 4 * units], initializer: orthogonal },
      bias: { shape: [4 * units], initializer: blocks(zeroInitializer, constant(1), zeroInitializer, zeroInitializer) },
    }),
    project: projectInput,
    step(projected, [, c], { recurrent }, fed) {
      const [i, f, g, o] = split(add(projected, linear(fed, recurrent)), 4)
      const next = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g))) // c' = σ(f)·c + σ(i)·tanh(g)
      return [mul(sigmoid(o), tanh(next)), next] // h' = σ(o)·tanh(c')
    },
  })
